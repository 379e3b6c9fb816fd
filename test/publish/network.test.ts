import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request as requestHttp, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Api } from '../../src/publish/api.ts';
import { readRegistered } from '../../src/publish/registered.ts';
import { PASSWORD, type PublishRun } from './support/project.ts';
import { closed, listening, makeStage, type Stage } from './support/tsuru.ts';

let stage: Stage;
const servers: Server[] = [];

beforeEach(async () => {
  stage = await makeStage();
});

afterEach(async () => {
  for (const server of servers.splice(0)) await closed(server);
  await stage.close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  return listening(server);
}

/** Passes a request on to the sandbox, and its reply back. */
function forward(incoming: IncomingMessage, onReply: (reply: IncomingMessage) => void): void {
  const { method, url, headers } = incoming;
  incoming.pipe(requestHttp(stage.sandbox.address + String(url), { method, headers }, onReply));
}

const passOn: RequestListener = (incoming, response) => {
  forward(incoming, (reply) => {
    response.writeHead(reply.statusCode ?? 0, reply.headers);
    reply.pipe(response);
  });
};

const publishAt = (address: string, ...argv: string[]): Promise<PublishRun> => stage.project.publish({ TSURU_TARGET: address, TSURU_TOKEN: 'the-token-of-the-user' }, ...argv);
const publishWithRights = (address: string, ...argv: string[]): Promise<PublishRun> => stage.project.publish({ TSURU_TARGET: address, TSURU_TOKEN: stage.sandbox.token }, ...argv);
const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ');

/** What Tsuru has of the service, but for its events. */
async function stateInTsuru(): Promise<string[]> {
  const replies = await Promise.all(['/1.0/services/my-db/doc', '/1.31/services/my-db/manifest', '/1.0/services/my-db/plans'].map((path) => stage.api('GET', path)));
  return replies.map(({ body }) => body);
}

describe('a connection that breaks', () => {
  /** A Tsuru whose connection breaks once, at the request of that number, before or after Tsuru does what it asks. */
  async function breakingAt(number: number, when: 'before' | 'after') {
    let count = 0;
    const address = await serve((incoming, response) => {
      count += 1;
      if (count !== number) passOn(incoming, response);
      else if (when === 'before') incoming.socket.destroy();
      else forward(incoming, (reply) => { reply.resume().on('end', () => incoming.socket.destroy()); });
    });
    return { address, hasBroken: () => count >= number };
  }

  it.each(['before', 'after'] as const)('%s any request of a creation leaves what the same command completes', async (when) => {
    await publishWithRights(stage.sandbox.address);
    const wanted = await stateInTsuru();
    let number = 0;
    for (let hasBroken = true; hasBroken; ) {
      number += 1;
      await stage.api('DELETE', '/1.0/services/my-db');
      const breaking = await breakingAt(number, when);
      const { code, output } = await publishWithRights(breaking.address);
      hasBroken = breaking.hasBroken();
      if (code !== 0) expect(oneLine(output)).toContain('It is unknown whether the request was carried out. Run the same command again.');
      expect(output).not.toMatch(/^ +at /m);
      expect((await publishWithRights(stage.sandbox.address)).code).toBe(0);
      expect(await stateInTsuru()).toEqual(wanted);
      expect((await publishWithRights(stage.sandbox.address, '--check')).code).toBe(0);
    }
    expect(number).toBeGreaterThan(6);
  });

  it.each(['before', 'after'] as const)('%s any request of an update does, too', async (when) => {
    let number = 0;
    for (let hasBroken = true; hasBroken; ) {
      number += 1;
      await stage.api('DELETE', '/1.0/services/my-db');
      await publishWithRights(stage.sandbox.address);
      await stage.api('PUT', '/1.0/services/my-db', { password: 'x', endpoint: 'http://other.example', encoding: 'json' });
      await stage.api('PUT', '/1.0/services/my-db/doc', { doc: 'other' });
      await stage.api('PUT', '/1.31/services/my-db/manifest', '{}');
      const breaking = await breakingAt(number, when);
      await publishWithRights(breaking.address);
      hasBroken = breaking.hasBroken();
      expect((await publishWithRights(stage.sandbox.address)).code).toBe(0);
      expect((await publishWithRights(stage.sandbox.address, '--check')).code).toBe(0);
    }
    expect(number).toBeGreaterThan(7);
  });
});

describe('events that fail', () => {
  beforeEach(() => publishWithRights(stage.sandbox.address));

  const failing = (path: RegExp, fail: RequestListener) =>
    serve((incoming, response) => {
      (path.test(incoming.url ?? '') ? fail : passOn)(incoming, response);
    });

  it.each([
    ['by a gateway', 4, (response: ServerResponse) => response.writeHead(502).end(), /replies with 502, but it is not Tsuru/],
    ['by a connection that breaks', 4, (response: ServerResponse) => response.socket?.destroy(), /breaks the connection/],
    ['in Tsuru, without a word', 4, (response: ServerResponse) => response.writeHead(500, { 'Supported-Tsuru': '1.0.1' }).end(), /Tsuru replies with 500 for the service\. ?$/],
    ['in Tsuru', 4, (response: ServerResponse) => response.writeHead(500, { 'Supported-Tsuru': '1.0.1' }).end('no database'), /Tsuru replies with 500 for the service: no database/],
  ])('%s are never taken for a service that is up to date', async (_, expected, fail, words) => {
    for (const path of [/^\/1\.1\/events\?/, /^\/1\.1\/events\/./]) {
      const { code, output } = await publishWithRights(await failing(path, (_request, response) => fail(response)), '--check');
      expect([code, oneLine(output)]).toEqual([expected, expect.stringMatching(words) as string]);
    }
  });

  it('as they are cancelled cancel the command', async () => {
    const cancel = new AbortController();
    const address = await failing(/^\/1\.1\/events/, () => { cancel.abort(); });
    const wanted = { id: 'my-db', username: '', password: PASSWORD, endpoints: {}, team: '', isMultiCluster: false, encoding: 'form' } as const;
    await expect(readRegistered({ address, token: stage.sandbox.token, signal: cancel.signal }, wanted)).rejects.toThrow('Cancelled');
  });
});

it('Documentation that is the word "aborted" cancels nothing', async () => {
  stage.project.write('docs/service.md', 'aborted');
  expect((await publishWithRights(stage.sandbox.address)).code).toBe(0);
  expect((await publishWithRights(stage.sandbox.address, '--check')).code).toBe(0);
});

it('A token that may not read the plans of a restricted service leaves it unknown whether Tsuru reaches it', async () => {
  const address = await serve((incoming, response) => {
    if (incoming.url?.includes('/plans') === true) response.writeHead(403, { 'Supported-Tsuru': '1.0.1' }).end("You don't have permission to do this action");
    else passOn(incoming, response);
  });
  const { code, output } = await publishWithRights(address);
  expect([code, oneLine(output)]).toEqual([0, expect.stringContaining('unknown whether Tsuru reaches the service: the user of the token lacks the permission service.read.plans.') as string]);
});

it('Control characters in the files of a project are not shown', async () => {
  const publishShown = async () => {
    const { output } = await publishWithRights(stage.sandbox.address);
    expect(output).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    return output;
  };
  stage.project.manifest({ endpoint: { production: stage.endpoint, 'a\u001b[31mb\n': 'http://one.example' } });
  expect(await publishShown()).toContain('endpoint of "a\\u001b[31mb\\n" + http://one.example');
  stage.project.permissions(['G\u001b[31mET /a\u202e one']);
  expect(await publishShown()).toContain('Correct operations[0], "G\\u001b[31mET" "/a\\u{202e}" (one), in permissions.json');
  stage.project.write('permissions.json', '{"enabled": \u001b[31m');
  expect(await publishShown()).toContain('permissions.json is not valid JSON');
});

describe('what is not Tsuru', () => {
  it.each([
    ['a web page', 200, '<html>Log in</html>', /What replies at \S+ with 200 is not Tsuru's API\. Are TSURU_TARGET/],
    ['a page that is missing', 404, 'Not here', /What replies at \S+ with 404 is not Tsuru's API/],
    ['another server in Go', 404, '404 page not found\n', /What replies at \S+ with 404 is not Tsuru's API/],
    ['a gateway', 502, 'Bad gateway', /replies with 502, but it is not Tsuru that does: a gateway/],
  ])('is told: %s', async (_, status, body, words) => {
    const address = await serve((_request, response) => {
      response.writeHead(status).end(body);
    });
    const { code, output } = await publishAt(address);
    expect([code, oneLine(output)]).toEqual([4, expect.stringMatching(words) as string]);
  });

  it('does not get the token by a redirect', async () => {
    const seen: string[] = [];
    const other = await serve(({ headers }, response) => {
      seen.push(String(headers.authorization));
      response.end();
    });
    const address = await serve((_, response) => {
      response.writeHead(302, { Location: `${other}/login` }).end();
    });
    const { code, output } = await publishAt(address);
    expect([code, output]).toEqual([4, `${address} redirects to ${other}/login, which is not followed: the token stays here.\nIf that is Tsuru, give it with --target or TSURU_TARGET.\n`]);
    expect(seen).toEqual([]);
  });

  it('is told when nothing listens, with the targets that the client knows', async () => {
    stage.project.writeHome('.tsuru/targets', 'prod\thttp://127.0.0.1:1\n');
    const { code, output } = await publishAt('http://127.0.0.1:1');
    expect([code, output]).toEqual([4, 'http://127.0.0.1:1 cannot be reached: ECONNREFUSED.\nAre TSURU_TARGET and --target right, and is Tsuru running? The tsuru client knows the targets prod.\n']);
  });

  it.each([
    ['a reply without end', (response: { write: (text: string) => unknown }) => { response.write('x'.repeat(3_000_000)); }, /a reply of more than 1 MiB/],
    ['no reply', () => undefined, /does not reply in time/],
  ])('does not keep it: %s', async (_, reply, words) => {
    const address = await serve((_request, response) => {
      reply(response);
    });
    const api: Api = { address, token: 'x', timeout: 300 };
    const wanted = { id: 'my-db', username: '', password: PASSWORD, endpoints: {}, team: '', isMultiCluster: false, encoding: 'form' } as const;
    await expect(readRegistered(api, wanted)).rejects.toThrow(words);
  });
});

it('A Tsuru whose certificate is not trusted needs --ca', async () => {
  const { directory } = stage.project;
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tsuru', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, passOn);
  servers.push(server);
  const address = (await listening(server)).replace('http:', 'https:');
  const { code, output } = await publishWithRights(address);
  expect([code, oneLine(output)]).toEqual([4, expect.stringMatching(/The certificate of \S+ is not trusted: \w+\. Give the certificate of its authority with --ca FILE\./) as string]);
  expect((await publishWithRights(address, '--ca', certificate)).code).toBe(0);
});

it.each([
  [200, '["of another shape"]', '  permissions     not compared, but sent: this token or this program cannot read them\n'],
  [204, '', '  documentation   3 lines added, 0 lines removed\n'],
])('What Tsuru replies with %i and %j, no token is blamed for alone', async (status, body, words) => {
  await publishWithRights(stage.sandbox.address);
  const address = await serve((incoming, response) => {
    if (incoming.method === 'GET' && /(doc|manifest)$/.test(incoming.url ?? '')) response.writeHead(status, { 'Supported-Tsuru': '1.0.1' }).end(body);
    else passOn(incoming, response);
  });
  expect((await publishWithRights(address, '--check')).output).toContain(words);
});

it('A Tsuru without the permissions of services takes all else', async () => {
  const address = await serve((incoming, response) => {
    if (incoming.url?.startsWith('/1.31/') === true) response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    else passOn(incoming, response);
  });
  const { code, output } = await publishWithRights(address);
  expect(code).toBe(0);
  expect(output).toContain('permissions     not sent: this Tsuru has no permissions of services');
  expect(output).not.toContain('Permissions sent');
  expect((await stateInTsuru())[0]).toContain('It holds data');
  expect((await publishWithRights(address, '--check')).code).toBe(0);
});

describe('hostile words of Tsuru', () => {
  const hostile = (words: (incoming: IncomingMessage, body: string) => string, status = 400) =>
    serve((incoming, response) => {
      if (incoming.method === 'GET' && incoming.url?.includes('/doc') === true) {
        response.writeHead(404, { 'Supported-Tsuru': '1.0.1' }).end('Service not found');
        return;
      }
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => {
        response.writeHead(incoming.method === 'GET' ? 200 : status, { 'Supported-Tsuru': '1.0.1' }).end(words(incoming, body));
      });
    });

  it('are shown in one line, cut, and without control characters', async () => {
    const { code, output } = await publishAt(await hostile(() => `\u001b]0;title\u0007\u001b[2Jbad\r\n${'long '.repeat(20_000)}`));
    expect(code).toBe(1);
    expect(output).not.toMatch(/[^\P{Cc}\n]/u);
    expect(output.length).toBeLessThan(3000);
    expect(output).toContain('Tsuru refuses the service: bad long long');
  });

  it('never bring the password or the token out, in whatever form they quote them', async () => {
    const token = 'the-token-of-the-user';
    const credentials = Buffer.from(`my-db:${PASSWORD}`).toString('base64');
    const forms = [PASSWORD, token, JSON.stringify(PASSWORD).slice(1, -1), encodeURIComponent(PASSWORD), new URLSearchParams({ '': PASSWORD }).toString().slice(1), PASSWORD.replaceAll('&', '&amp;').replaceAll('"', '&#34;'), Buffer.from(PASSWORD).toString('base64'), Buffer.from(token).toString('base64'), credentials, encodeURIComponent(credentials)];
    for (const form of [...forms, 'the form itself', 'the header']) {
      const address = await hostile(({ headers }, body) => (form === 'the header' ? String(headers.authorization) : form === 'the form itself' ? body : `no: ${form}`));
      const { code, output } = await publishAt(address);
      expect(code).toBe(1);
      expect(output).toContain('***');
      for (const secret of forms) expect(output).not.toContain(secret);
    }
  });

  it.each([PASSWORD, 'the-token-of-the-user'])('never bring %j out, with control characters in it', async (secret) => {
    const places = { words: [500, 'words'], plans: [200, [{ Name: 'words' }]], roles: [409, { conflicts: [{ action: 'words', roles: ['words'] }] }] } as const;
    for (const split of ['\u001b[0m', '\u009b0m', '\u0001', '\n\t']) {
      // They take the place of a blank in the password.
      const words = secret.includes(' ') && !split.includes('0m') ? secret.replace(' ', split) : `${secret.slice(0, 5)}${split}${secret.slice(5)}`;
      for (const [place, [status, shape]] of Object.entries(places)) {
        const body = place === 'words' ? words : JSON.stringify(shape).replaceAll('"words"', JSON.stringify(words));
        const address = await serve(({ method, url }, response) => {
          const isHostile = place === 'plans' ? url?.includes('/plans') === true : method === 'PUT' && url?.includes('/manifest') === true;
          response.writeHead(isHostile ? status : 200, { 'Supported-Tsuru': '1.0.1' }).end(isHostile ? body : '{}');
        });
        expect((await publishAt(address)).output).not.toContain(secret);
      }
    }
  });

  it.each([PASSWORD, 'the-token-of-the-user'])('bring no part of %j out where they are wrapped or cut', async (secret) => {
    let [words, isTaken] = ['', true];
    const address = await serve(({ method, url }, response) => {
      const isRefused = isTaken ? url?.includes('/plans') === true : method !== 'GET';
      response.writeHead(isRefused ? 500 : 200, { 'Supported-Tsuru': '1.0.1' }).end(isRefused ? words : '{}');
    });
    for (let length = 0; length <= 400; length += length === 100 ? 270 : 5) {
      words = `${'-'.repeat(length)}${secret} end`;
      for (isTaken of [true, false]) {
        const { output } = await publishAt(address);
        expect(output).toContain(`${'-'.repeat(length)}${'***'.slice(0, 400 - length)}`);
        expect(output).not.toContain(secret.slice(0, 5));
      }
    }
  });

  it('about another change of the service are told, whatever its status is', async () => {
    for (const status of [409, 500]) {
      const address = await hostile(() => 'event locked: service(my-db) running "service.update" start by user ann@example.com at 2026-01-01T00:00:00Z', status);
      const { code, output } = await publishAt(address);
      expect([code, oneLine(output)]).toEqual([1, expect.stringMatching(/Another change of my-db is running: .* Run the same command again\./) as string]);
    }
  });

  it('may make no sense at all', async () => {
    for (const body of ['', 'null', '{}', '[1]', '[{"Kind":1}]', '{"operations":3}', '"\\u0000"', '<']) {
      const address = await serve((_, response) => {
        response.writeHead(200, { 'Supported-Tsuru': '1.0.1' }).end(body);
      });
      const { code, output } = await publishAt(address);
      expect([code, output]).toEqual([0, expect.stringContaining('my-db') as string]);
    }
  });
});
