import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

const PASSWORD = 'secret-word';

let sandbox: Sandbox;
let service: Server;
/** What the service does with a request, as bytes. */
let answer: (head: string, socket: Socket) => void;
let sockets: Set<Socket>;
let api: TsuruApi;

beforeEach(async () => {
  sockets = new Set();
  answer = taken;
  service = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', (head) => {
      answer(head.toString(), socket);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  sandbox = await startSandbox({ team: 'team1' });
  api = tsuruApi(sandbox.address, sandbox.token);
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  await api('POST', '/1.0/services', { id: 'db', password: PASSWORD, endpoint, team: 'team1' });
  await add('db1');
});

afterEach(async () => {
  await sandbox.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => service.close(resolve));
});

function taken(_: string, socket: Socket): void {
  socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]');
}

function add(name: string) {
  return api('POST', '/1.0/services/db/instances', { name, owner: 'team1' });
}

/** The first line of the feed of the page. */
async function firstLine(): Promise<string> {
  const { port, hash } = new URL(sandbox.page);
  const call = request({ host: '127.0.0.1', port, path: '/sandbox/feed', headers: { 'X-Sandbox-Key': hash.slice(1) } }).end();
  const [response] = (await once(call, 'response')) as [AsyncIterable<Buffer>];
  let line = '';
  for await (const chunk of response) {
    line += chunk.toString();
    if (line.includes('\n')) break;
  }
  call.destroy();
  return line;
}

describe('a service that does not end its reply to a proxied request', () => {
  it.each([
    ['before its head', ''],
    ['after its head', 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n'],
    ['in its body', `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(20 * 1_048_576)}`],
  ])('is left when the user goes, and the instance is free again: %s', async (_, bytes) => {
    const isAsked = new Promise<Socket>((resolve) => {
      answer = (__, socket) => {
        socket.write(bytes);
        resolve(socket);
      };
    });
    const call = request(`${sandbox.address}/1.20/services/db/resources/db1/x`, { method: 'POST', headers: { Authorization: `bearer ${sandbox.token}` } });
    call.on('error', () => {}).end('{}');
    const socket = await isAsked;
    if (bytes !== '') await once(call, 'response');
    call.destroy();
    if (!socket.destroyed) await new Promise((resolve) => socket.on('close', resolve));
    answer = taken;

    expect(await api('DELETE', '/1.0/services/db/instances/db1')).toMatchObject({ status: 200, body: expect.not.stringContaining('locked') as string });
  });

  it('is left when the page goes', async () => {
    const isAsked = new Promise<Socket>((resolve) => {
      answer = (_, socket) => {
        resolve(socket);
      };
    });
    const { port, hash } = new URL(sandbox.page);
    const call = request({ host: '127.0.0.1', port, path: '/sandbox/tsuru/1.20/services/db/resources/db1/x', headers: { 'X-Sandbox-Key': hash.slice(1) } });
    call.on('error', () => {}).end();
    const socket = await isAsked;
    call.destroy();
    await once(socket, 'close');
    expect(sockets.size).toBe(0);
  });
});

describe('a service that switches protocols', () => {
  beforeEach(() => {
    answer = (_, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });

  it('has replied', async () => {
    expect(await add('db2')).toEqual({ status: 500, body: 'Failed to create the instance db2: invalid response:  (code: 101)\n' });
  });

  it('has not replied to a proxied request', async () => {
    expect(await api('GET', '/1.20/services/db/resources/db1/x')).toEqual({ status: 502, body: '' });
  });
});

describe('JSON that is nested too deep', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);

  it('is an error of the service that replies it', async () => {
    answer = (_, socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${deep.length}\r\n\r\n${deep}`);
    expect(await api('GET', '/1.0/services/db/plans')).toEqual({ status: 500, body: 'exceeded max depth\n' });
  });

  it('is an error of the user that sends it, but for the proxy, which passes on what is not for Tsuru', async () => {
    const asked = await api('POST', '/1.0/services/db/instances', `{"name":"db2","owner":"team1","parameters":{"a":${deep}}}`);
    expect(asked).toMatchObject({ status: 400, body: expect.stringMatching(/ - exceeded max depth\n$/) as string });
    expect(await api('POST', '/1.20/services/db/resources/db1/x', deep)).toEqual({ status: 200, body: '[]' });
  });
});

describe('the page', () => {
  it('opens after errors of any length', async () => {
    answer = (_, socket) => socket.end(`HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`);
    for (let count = 0; count < 10; count++) await add(`big${count}`);

    const line = await firstLine();
    expect(line).toContain('invalid response: xxx');
    expect(line.length).toBeLessThan(100_000);
  });

  it('does not get the password from a redirect that Tsuru does not follow', async () => {
    answer = (_, socket) => socket.end(`HTTP/1.1 302 Found\r\nLocation: ${PASSWORD}://x\r\nContent-Length: 0\r\n\r\n`);
    await add('db2');

    const line = await firstLine();
    expect(line).toContain('unsupported protocol scheme');
    expect(line).not.toContain(PASSWORD);
  });

  it.each(['root:of-user-info@127.0.0.1:1', 'http://root:with@of-user-info@127.0.0.1:1/base'])('does not get the password in the address %s', async (endpoint) => {
    expect(await api('POST', '/1.0/services', { id: 'other', password: PASSWORD, endpoint, team: 'team1' })).toMatchObject({ status: 201 });
    const line = await firstLine();
    expect(line).toContain('127.0.0.1:1');
    expect(line).not.toContain('of-user-info');
  });

  it('does not get the password from the name of a variable', async () => {
    answer = (_, socket) => socket.end(`HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: ${PASSWORD.length + 7}\r\n\r\n{"${PASSWORD}":""}`);
    await api('PUT', '/1.13/services/db/instances/db1/apps/app1', {});
    const line = await firstLine();
    expect(line).toContain('"from":"db/db1"');
    expect(line).not.toContain(PASSWORD);
  });
});
