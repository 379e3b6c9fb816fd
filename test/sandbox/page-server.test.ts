import { request, type IncomingMessage } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startSmallService, type SmallService } from '../browser/support/service.ts';
import { send, type WireRequest } from '../support/service.ts';

const PASSWORD = 'a-password-of-the-service';
const SECRET = 'a-value-that-only-apps-have';
let service: SmallService;
let sandbox: Sandbox;
let port: number;
let key: string;

beforeAll(async () => {
  service = await startSmallService({ secret: SECRET });
  sandbox = await startSandbox({ team: 'team-a' });
  port = Number(new URL(sandbox.page).port);
  key = new URL(sandbox.page).hash.slice(1);
  const own = { id: 'mydb', username: 'mydb', password: PASSWORD, endpoint: `http://127.0.0.1:${service.port}`, team: 'team-a' };
  await page('POST', '/sandbox/tsuru/1.0/services', { form: own });
  await page('POST', '/sandbox/tsuru/1.0/services/mydb/instances', { form: { name: 'i1', plan: 'small', owner: 'team-a' } });
  await page('PUT', '/sandbox/tsuru/1.13/services/mydb/instances/i1/apps/app1', { form: {} });
});
afterAll(async () => {
  await sandbox.close();
  await service.close();
});

/** A request as the page sends it. */
async function page(method: string, path: string, options: { form?: Record<string, string>; headers?: Record<string, string> } = {}) {
  const form = options.form && { 'Content-Type': 'application/x-www-form-urlencoded' };
  const call: WireRequest = { method, path, headers: { 'X-Sandbox-Key': key, ...form, ...options.headers }, ...(options.form && { body: String(new URLSearchParams(options.form)) }) };
  return send(port, call);
}

/** The first lines of the feed, and a way to read on. */
function openFeed(): Promise<{ next: () => Promise<Record<string, unknown>>; response: IncomingMessage; text: () => string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/sandbox/feed', headers: { 'X-Sandbox-Key': key } })
      .on('error', reject)
      .on('response', (response) => {
        response.on('error', () => {});
        let [all, rest] = ['', ''];
        const next = async (): Promise<Record<string, unknown>> => {
          while (!rest.includes('\n')) {
            const chunk = (response.read() as Buffer | null)?.toString();
            if (chunk === undefined) await new Promise((readable) => response.once('readable', readable));
            [all, rest] = [all + (chunk ?? ''), rest + (chunk ?? '')];
          }
          const [line = '', ...others] = rest.split('\n');
          rest = others.join('\n');
          return JSON.parse(line) as Record<string, unknown>;
        };
        resolve({ next, response, text: () => all });
      })
      .end();
  });
}

async function callNumber(path: string): Promise<number> {
  const feed = await openFeed();
  const { calls } = (await feed.next()) as { calls: { number: number; path: string }[] };
  feed.response.destroy();
  return calls.find((call) => call.path === path)?.number ?? 0;
}

describe('the page', () => {
  it('is one document that may load nothing from elsewhere and stand in no frame', async () => {
    const { status, headers, body } = await send(port, { method: 'GET', path: '/', headers: { Accept: 'text/html,*/*;q=0.8' } });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(body).not.toMatch(/\b(src|href)="(?!data:)/);
  });

  it("leaves its address to Tsuru's API where no document is asked for", async () => {
    const { body } = await send(port, { method: 'GET', path: '/', headers: { Accept: '*/*' } });
    expect(body).not.toContain('<script');
  });
});

describe('a request of the page', () => {
  it.each(['/sandbox/feed', '/sandbox/calls/1', '/sandbox/tsuru/1.0/services', '/sandbox/faults/lost/create', '/sandbox/nothing'])(
    'is refused without the key of this start: %s',
    async (path) => {
      for (const headers of [{}, { 'X-Sandbox-Key': '' }, { 'X-Sandbox-Key': `${key}x` }, { Authorization: `bearer ${sandbox.token}` }]) {
        const { status, body } = await send(port, { method: 'GET', path, headers });
        expect([status, body]).toEqual([401, 'The sandbox was started anew: open the address that it printed.']);
      }
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost', '10.0.0.1:PORT', 'evil.example:PORT', '127.0.0.1:1'])(
    'is refused for a host that is not its own: %s',
    async (host) => {
      const Host = host.replace('PORT', String(port));
      expect(await page('GET', '/sandbox/tsuru/1.0/services', { headers: { Host } })).toMatchObject({ status: 403 });
      expect(await send(port, { method: 'GET', path: '/', headers: { Host, Accept: 'text/html' } })).toMatchObject({ status: 403 });
    },
  );

  it.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', '[::1]:PORT'])('is taken for a name of this machine: %s', async (host) => {
    const headers = { Host: host.replace('PORT', String(port)) };
    expect(await page('GET', '/sandbox/tsuru/1.0/services/mydb/plans', { headers })).toMatchObject({ status: 200 });
  });

  it('is refused when another site sends it', async () => {
    const own = `http://127.0.0.1:${port}`;
    const sites: [Record<string, string>, number][] = [
      [{ Origin: own, 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{ Origin: 'http://evil.example' }, 403],
      [{ Origin: 'null' }, 403],
      [{ Origin: `http://127.0.0.1:${port + 1}` }, 403],
      [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
      [{ 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ 'Sec-Fetch-Site': 'none' }, 403],
    ];
    for (const [headers, status] of sites) {
      expect(await page('GET', '/sandbox/tsuru/1.0/services/mydb/plans', { headers: { Host: `127.0.0.1:${port}`, ...headers } })).toMatchObject({ status });
    }
  });

  it('reaches the parts of Tsuru that services need, as the user that may do everything', async () => {
    const plans = await page('GET', '/sandbox/tsuru/1.0/services/mydb/plans');
    expect(JSON.parse(plans.body)).toHaveLength(2);
    expect(plans.headers).toMatchObject({ 'x-type': 'application/json', 'content-type': 'text/plain; charset=utf-8' });
    expect(await page('GET', '/sandbox/tsuru/1.0/services/nope/instances/i1')).toMatchObject({ status: 404 });
    for (const path of ['/1.0/users', '/1.0/users/api-key', '/1.0/auth/login', '/1.0/roles', '//1.0/services', '/1.0/../1.0/users']) {
      expect(await page('GET', `/sandbox/tsuru${path}`)).toMatchObject({ status: 404 });
    }
  });

  it('arms and disarms a fault, and refuses one that cannot be', async () => {
    expect(await page('PUT', '/sandbox/faults/lost/create')).toMatchObject({ status: 204 });
    const feed = await openFeed();
    expect(JSON.stringify(await feed.next())).toContain('"step":"create","isArmed":true');
    expect(await page('DELETE', '/sandbox/faults/lost/create')).toMatchObject({ status: 204 });
    expect(JSON.stringify(await feed.next())).not.toContain('"isArmed":true');
    feed.response.destroy();
    expect(await page('PUT', '/sandbox/faults/restart/create')).not.toMatchObject({ status: 204 });
    expect(await page('PUT', '/sandbox/faults/constructor/create')).toMatchObject({ status: 404 });
    expect(await page('POST', '/sandbox/faults/lost/create')).toMatchObject({ status: 405 });
  });

  it('says in words that Tsuru ended in the middle', async () => {
    await page('PUT', '/sandbox/faults/crash/create');
    const { status, body } = await page('POST', '/sandbox/tsuru/1.0/services/mydb/instances', { form: { name: 'i2', plan: 'small', owner: 'team-a' } });
    expect([status, body]).toEqual([502, expect.stringContaining('Tsuru ended before it answered')]);
  });
});

describe('secrets', () => {
  it('are in no answer: not the password, not the token, not in any form of them', async () => {
    sandbox.log(`connected as mydb with ${PASSWORD} for ${sandbox.token}`);
    sandbox.tellService('up', `started with ${encodeURIComponent(PASSWORD)}`);
    const bind = await callNumber('/resources/i1/bind-app');
    // The service answers with the credentials that it got.
    const backup = await page('POST', '/sandbox/tsuru/1.20/services/mydb/resources/i1/backups/b1', { form: { password: PASSWORD } });
    const feed = await openFeed();
    await feed.next();
    feed.response.destroy();
    const paths = ['calls/1', `calls/${bind}`, `calls/${bind}/clear`, 'tsuru/1.0/services', 'tsuru/1.0/services/mydb', 'tsuru/1.0/services/instances', 'tsuru/1.1/events'];
    const answers = await Promise.all(paths.map((path) => page('GET', `/sandbox/${path}`)));
    const seen = [feed.text(), ...[backup, ...answers].map((answer) => answer.body + JSON.stringify(answer.headers))].join('\n');
    const credentials = Buffer.from(`mydb:${PASSWORD}`).toString('base64');
    for (const secret of [PASSWORD, credentials, sandbox.token]) expect(seen).not.toContain(secret);
    expect(seen).toContain('connected as mydb with *** for ***');
    expect(seen).toContain('Basic ***');
    sandbox.tellService('up', '');
  });

  it('of a bind come only by a request of their own', async () => {
    const number = await callNumber('/resources/i1/bind-app');
    const feed = await openFeed();
    await feed.next();
    feed.response.destroy();
    const hidden = (await page('GET', `/sandbox/calls/${number}`)).body;
    expect(feed.text() + hidden).not.toContain(SECRET);
    expect(JSON.parse(hidden)).toMatchObject({ isHidden: true, reply: { body: '{"MYDB_HOST":"***","MYDB_PASSWORD":"***"}' } });
    expect((await page('GET', `/sandbox/calls/${number}/clear`)).body).toContain(SECRET);
    expect((await page('GET', '/sandbox/tsuru/1.0/apps/app1/env')).body).toContain(SECRET);
  });

  it('stay out of the command that repeats a call, which reads them from a variable', async () => {
    const number = await callNumber('/resources');
    const { curl } = JSON.parse((await page('GET', `/sandbox/calls/${number}`)).body) as { curl: string };
    expect(curl).toMatch(/^curl --path-as-is --request POST --user mydb:"\$SERVICE_PASSWORD" /);
    expect(curl).toContain(`http://127.0.0.1:${service.port}/resources`);
  });
});

describe('the feed', () => {
  it('brings everything first, and then each change, call and line', async () => {
    const feed = await openFeed();
    expect(await feed.next()).toMatchObject({ type: 'all', view: { services: [{ name: 'mydb', operations: [] }], instances: [{ name: 'i1', apps: ['app1'] }] } });
    sandbox.log('a line');
    expect(await feed.next()).toMatchObject({ type: 'line', line: { text: 'a line' } });
    sandbox.tellService('down', 'It ended.');
    expect(await feed.next()).toMatchObject({ type: 'view', view: { process: { state: 'down', text: 'It ended.' } } });
    await page('GET', '/sandbox/tsuru/1.0/services/mydb/instances/i1/status');
    expect(await feed.next()).toMatchObject({ type: 'call', call: { method: 'GET', path: '/resources/i1/status', status: 204 } });
    feed.response.destroy();
  });

  it('says when nothing listens at the address of a service, and when something does again', async () => {
    const other = await startSmallService({ secret: SECRET });
    const own = { id: 'other', username: 'other', password: PASSWORD, endpoint: `http://127.0.0.1:${other.port}`, team: 'team-a' };
    await page('POST', '/sandbox/tsuru/1.0/services', { form: own });
    const feed = await openFeed();
    const isAway = async (wanted: boolean): Promise<void> => {
      for (;;) {
        const line = (await feed.next()) as { view?: { services: { name: string; away?: string }[] } };
        if (line.view?.services.some(({ name, away }) => name === 'other' && (away === 'ECONNREFUSED') === wanted) === true) return;
      }
    };
    await other.close();
    await isAway(true);
    const again = await startSmallService({ secret: SECRET, port: other.port });
    await isAway(false);
    feed.response.destroy();
    await again.close();
    await page('DELETE', '/sandbox/tsuru/1.0/services/other');
  });

  it('cuts off a reader that does not read', async () => {
    const feed = await openFeed();
    await feed.next();
    const closed = new Promise((resolve) => feed.response.once('close', resolve));
    feed.response.pause();
    for (let line = 0; line < 20_000; line++) sandbox.log('x'.repeat(4000));
    feed.response.resume();
    await closed;
    expect(feed.response.complete).toBe(false);
  });
});
