import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pathAtService } from '../../src/sandbox/proxy/proxy-path.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import type { Exchanged } from '../../src/sandbox/traffic.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

const BELOW = '/1.20/services/db/resources/db1';

let sandbox: Sandbox;
let service: Server;
/** What the service does with a request below the instance. */
let answer: RequestListener;
let calls: Exchanged[];
let api: TsuruApi;

beforeEach(async () => {
  calls = [];
  service = createServer((incoming, response) => {
    if (/^\/resources(\/plans)?$/.test(incoming.url ?? '')) response.end('[]');
    else answer(incoming, response);
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  sandbox = await startSandbox({ team: 'team1', onCall: (call) => calls.push(call) });
  api = tsuruApi(sandbox.address, sandbox.token);
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  await api('POST', '/1.0/services', { id: 'db', password: 'secret-word', endpoint, team: 'team1' });
  await api('POST', '/1.0/services/db/instances', { name: 'db1', owner: 'team1' });
  calls = [];
});

afterEach(async () => {
  await sandbox.close();
  await close();
});

function close(): Promise<unknown> {
  service.closeAllConnections();
  return new Promise((resolve) => service.close(resolve));
}

/** Sends a request to the proxy exactly as it is written. */
function send(method: string, path: string, headers: Record<string, string | string[]> = {}, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(sandbox.address, { method, path, headers: { Authorization: `bearer ${sandbox.token}`, ...headers } });
    call.on('response', resolve).on('error', reject);
    call.end(body);
  });
}

describe('a request', () => {
  it('reaches the service with its path, its query in order, its body and its headers, but for those of the connection', async () => {
    let seen: { url: string | undefined; raw: string[]; body: string } | undefined;
    answer = (incoming, response) => {
      void buffer(incoming).then((body) => {
        seen = { url: incoming.url, raw: incoming.rawHeaders, body: body.toString() };
        response.end();
      });
    };
    const headers = {
      'x-custom': ['1', '2'],
      'X-Forwarded-For': '203.0.113.7',
      'X-Tsuru-User': 'eve@example.com',
      'Content-Type': 'text/plain',
      Connection: 'x-of-connection',
      'X-Of-Connection': '1',
      TE: 'trailers',
      'X-RID': 'r1',
    };
    await send('POST', `${BELOW}/a%2Fb/%C3%BC?b=%20x&a=2&callback=c&bad=%zz&a=1`, headers, 'body');

    const { host, 'x-tsuru-eventid': event, ...others } = headersOf(seen?.raw ?? []);
    expect([seen?.url, seen?.body]).toEqual(['/resources/db1/a/b/%C3%BC?a=2&a=1&b=+x', 'body']);
    expect([host, event]).toEqual([[expect.stringMatching(/^127\.0\.0\.1:/)], [expect.stringMatching(/^[0-9a-f]{24}$/)]]);
    expect(others).toEqual({
      'accept-encoding': ['gzip'],
      authorization: [`Basic ${Buffer.from('db:secret-word').toString('base64')}`],
      'content-length': ['4'],
      'content-type': ['text/plain'],
      te: ['trailers'],
      'x-custom': ['1', '2'],
      'x-forwarded-for': ['203.0.113.7, 127.0.0.1'],
      'x-rid': ['r1'],
      'x-tsuru-user': ['root@example.com'],
    });
  });

  it('has an event unless it only reads', async () => {
    answer = (_, response) => response.end();
    await send('GET', `${BELOW}/x`);
    await send('DELETE', `${BELOW}/x`);

    const { body } = await api('GET', '/1.1/events?kindname=service-instance.update.proxy');
    expect((JSON.parse(body) as { Target: unknown; CustomData: unknown }[]).map(({ Target }) => Target)).toEqual([
      { Type: 'service-instance', Value: 'db/db1' },
    ]);
  });

  it('is kept with its reply, without the password of the service', async () => {
    answer = (incoming, response) => {
      response.end(`you are ${String(incoming.headers.authorization)} secret-word`);
    };
    await buffer(await send('GET', `${BELOW}/x?y=1`));

    expect(calls).toHaveLength(1);
    expect(calls[0]?.request.url).toMatch(/\/resources\/db1\/x\?y=1$/);
    expect(calls[0]?.reply).toMatchObject({ status: 200, body: 'you are Basic *** ***' });
    expect(JSON.stringify(calls)).not.toMatch(/secret-word|Authorization/);
  });
});

describe('a reply', () => {
  it('reaches the user as it is, but for headers of the connection: no redirect is followed', async () => {
    answer = (_, response) => {
      response.writeHead(302, ['Location', '/else', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Connection', 'x-gone', 'X-Gone', '1', 'Content-Length', '2']);
      response.end('no');
    };
    const reply = await send('GET', `${BELOW}/x`);

    expect([reply.statusCode, (await buffer(reply)).toString()]).toEqual([302, 'no']);
    expect(reply.headers).toMatchObject({ location: '/else', 'set-cookie': ['a=1', 'b=2'], 'content-length': '2', 'supported-tsuru': '1.0.1' });
    expect(reply.headers).toHaveProperty('content-type', 'text/plain; charset=utf-8');
    expect(reply.headers).not.toHaveProperty('x-gone');
  });

  it('can be of any size', async () => {
    const big = Buffer.alloc(8 * 1_048_576, 'ü');
    answer = (_, response) => response.end(big);
    expect((await buffer(await send('GET', `${BELOW}/x`))).equals(big)).toBe(true);
  });

  it('comes while the service is still writing it', async () => {
    let goOn = () => {};
    answer = (_, response) => {
      response.write('one');
      goOn = () => response.end('two');
    };
    const reply = await send('GET', `${BELOW}/x`);
    const chunks: string[] = [];
    reply.on('data', (chunk: Buffer) => {
      chunks.push(chunk.toString());
      goOn();
    });
    await new Promise((resolve) => reply.on('end', resolve));
    expect(chunks).toEqual(['one', 'two']);
  });

  it('is unpacked if the user did not ask for a packed one', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' });
      response.end(gzipSync('text'));
    };
    const [plain, packed] = [await send('GET', `${BELOW}/x`), await send('GET', `${BELOW}/x`, { 'Accept-Encoding': 'gzip' })];
    expect([plain.headers['content-encoding'], (await buffer(plain)).toString()]).toEqual([undefined, 'text']);
    expect([packed.headers['content-encoding'], (await buffer(packed)).equals(gzipSync('text'))]).toEqual(['gzip', true]);
  });

  it('that breaks off breaks off for the user too', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('half', () => response.destroy());
    };
    const reply = await send('GET', `${BELOW}/x`);
    await expect(buffer(reply)).rejects.toThrow('aborted');
  });
});

describe('without a reply', () => {
  it('the user gets an empty 502', async () => {
    await close();
    const reply = await send('POST', `${BELOW}/x`, {}, 'body');
    expect([reply.statusCode, (await buffer(reply)).toString()]).toEqual([502, '']);
    expect(reply.headers).not.toHaveProperty('content-type');
    expect(calls.map(({ failure }) => failure)).toEqual(['ECONNREFUSED']);
  });

  it.each([['GET', 2], ['POST', 1]])('%s is made again on another connection only if it reads, and the first one had been kept', async (method, times) => {
    let asked = 0;
    answer = (incoming, response) => {
      if (incoming.url?.endsWith('/fine') === true) {
        response.end();
        return;
      }
      asked++;
      incoming.socket.destroy();
    };
    await buffer(await send('GET', `${BELOW}/fine`));
    const reply = await send(method, `${BELOW}/x`);
    expect([reply.statusCode, asked]).toEqual([502, times]);
  });
});

describe('the path of a request to an instance', () => {
  it.each([
    ['GET', '', '/resources/i1/'],
    ['GET', '/', '/resources/i1/'],
    ['GET', 'echo', '/resources/i1/echo'],
    ['GET', '/resources/i1/echo/', '/resources/i1/echo'],
    ['GET', '/resources/i1/bind-app', '/resources/i1/bind-app'],
    ['POST', '/resources/i1/binds/jobs/j', '/resources/i1/binds/jobs/j'],
    ['POST', '/resources/i1x/bind', '/resources/i1/resources/i1x/bind'],
    ['POST', '/resources/i1/x/../bind-application', '/resources/i1/bind-application'],
  ])('stays below it: %s %s', (method, asked, path) => {
    expect(pathAtService('i1', method, asked)).toBe(path);
  });

  it.each([
    ['PUT', '/resources/i1', ''],
    ['POST', '/resources/i1//bind-app', 'bind-app'],
    ['POST', '/resources/i1/x/../bind', 'bind'],
    ['DELETE', 'bind-job/', 'bind-job'],
  ])('is refused where only Tsuru may change something: %s %s', (method, asked, path) => {
    expect(() => pathAtService('i1', method, asked)).toThrow(`proxy request ${method} "${path}" is forbidden`);
  });

  it.each(['/resources/i1/../i2/x', '/resources/i1/../plans'])('is refused where it leads out: %s', (asked) => {
    expect(() => pathAtService('i1', 'GET', asked)).toThrow('invalid proxy path');
  });
});

function headersOf(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < raw.length; index += 2) (headers[(raw[index] ?? '').toLowerCase()] ??= []).push(raw[index + 1] ?? '');
  return headers;
}
