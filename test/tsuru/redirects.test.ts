import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { Calls } from '../../src/tsuru/calls.ts';
import { send, type HttpRequest, type SendOptions } from '../../src/tsuru/http.ts';
import { readReply } from '../../src/tsuru/read-reply.ts';
import { isBelow, sendFollowing } from '../../src/tsuru/redirects.ts';
import { rawServer, writeForEver } from './support/raw-server.ts';

interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

interface Service {
  address: URL;
  received: Received[];
}

/**
 * A service that redirects the paths of a table, and replies 200 to others. It listens on 127.0.0.1; in a location, HERE is its
 * address, and ELSEWHERE the same one by another name, `localhost`.
 */
async function serviceWith(redirects: Record<string, [status: number, location?: string]>): Promise<Service> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const { method, url: path = '', headers } = request;
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ method, path, headers, body });
      const [status, location] = redirects[path] ?? [200];
      const port = String((server.address() as AddressInfo).port);
      const to = location?.replace('ELSEWHERE', `localhost:${port}`).replace('HERE', `127.0.0.1:${port}`);
      response.writeHead(status, to === undefined ? {} : { Location: to }).end(`reply of ${path}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { address: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), received };
}

/** Redirects to itself, each time after 200 ms: each reply alone is in time. */
function slowLoop(): Promise<URL> {
  return rawServer((socket) => {
    setTimeout(() => socket.end('HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n'), 200);
  });
}

const options = (more: Partial<SendOptions> = {}): SendOptions => ({ timeout: 30_000, signal: new AbortController().signal, ...more });
const TYPE = 'application/x-www-form-urlencoded';

function requestOf(method: string, path = '/a'): HttpRequest {
  const headers = { Connection: 'close', Accept: 'application/json', Authorization: 'Basic dTpw', 'X-Tsuru-User': 'me' };
  if (method === 'GET' || method === 'HEAD') return { method, path, headers };
  return { method, path, headers: { ...headers, 'Content-Type': TYPE }, body: 'name=db1' };
}

describe('the method and the body', () => {
  it.each([
    ...[301, 302, 303].flatMap((status) => ['POST', 'PUT', 'DELETE', 'GET'].map((method) => [status, method, 'GET', ''] as const)),
    ...[301, 302, 303, 307, 308].map((status) => [status, 'HEAD', 'HEAD', ''] as const),
    ...[307, 308].flatMap((status) => [
      ...['POST', 'PUT', 'DELETE'].map((method) => [status, method, method, 'name=db1'] as const),
      [status, 'GET', 'GET', ''] as const,
    ]),
  ])('after a %i of %s are %s and %j', async (status, method, followed, body) => {
    const { address, received } = await serviceWith({ '/a': [status, '/b?c=d'] });
    const exchange = await sendFollowing(address, requestOf(method), options());
    expect(received.map((one) => [one.method, one.path])).toEqual([
      [method, '/a'],
      [followed, '/b?c=d'],
    ]);
    const last = received[1];
    expect([last?.body, last?.headers['content-type']]).toEqual([body, body === '' ? undefined : TYPE]);
    expect(exchange).toMatchObject({
      request: { method, path: '/a' },
      reply: { status: 200, complete: true },
      failure: undefined,
      hops: [{ status, location: '/b?c=d', method: followed, url: `${address.origin}/b?c=d` }],
    });
  });

  it('are kept through a chain of 307', async () => {
    const { address, received } = await serviceWith({ '/a': [307, '/b'], '/b': [307, '/c'], '/c': [307, 'd'] });
    const { reply, hops } = await sendFollowing(address, requestOf('POST'), options());
    expect(received.map(({ method, path, body }) => [method, path, body])).toEqual(
      ['/a', '/b', '/c', '/d'].map((path) => ['POST', path, 'name=db1']),
    );
    expect([reply?.body.toString(), hops.length]).toEqual(['reply of /d', 3]);
  });

  it('do not come back with a 307 after a 303', async () => {
    const { address, received } = await serviceWith({ '/a': [303, '/b'], '/b': [307, '/c'] });
    await sendFollowing(address, requestOf('PUT'), options());
    expect(received.map(({ method, body }) => [method, body])).toEqual([['PUT', 'name=db1'], ['GET', ''], ['GET', '']]);
  });
});

describe('the headers', () => {
  it('go along to the same host, with the password and a Referer, and without the close of the connection', async () => {
    const { address, received } = await serviceWith({ '/a': [308, 'http://HERE/b'] });
    await sendFollowing(address, requestOf('POST'), options());
    expect(received[1]?.headers).toMatchObject({
      accept: 'application/json',
      authorization: 'Basic dTpw',
      'x-tsuru-user': 'me',
      referer: `${address.origin}/a`,
      connection: 'keep-alive',
    });
  });

  it('lose the password at another host, and for the way back as well', async () => {
    const { address, received } = await serviceWith({ '/a': [308, 'http://ELSEWHERE/b'], '/b': [308, 'http://HERE/c'] });
    await sendFollowing(address, requestOf('POST'), options());
    expect(received.map(({ headers }) => [headers.authorization, headers['x-tsuru-user']])).toEqual([
      ['Basic dTpw', 'me'],
      [undefined, 'me'],
      [undefined, 'me'],
    ]);
  });

  it('keep the password at another port of the same host', async () => {
    const other = await serviceWith({});
    const { address } = await serviceWith({ '/a': [307, `${other.address.origin}/b`] });
    await sendFollowing(address, requestOf('POST'), options());
    expect(other.received.map(({ headers }) => headers.authorization)).toEqual(['Basic dTpw']);
  });

  it.each([
    ['svc.example.com', true],
    ['eu.svc.example.com', true],
    ['example.com', false],
    ['evil-svc.example.com', false],
    ['svc.example.com.evil.com', false],
  ])('keep the password from svc.example.com to %s: %s', (host, isKept) => {
    expect(isBelow(host, 'svc.example.com')).toBe(isKept);
  });

  it('have the credentials of the location where there are no others', async () => {
    const { address, received } = await serviceWith({ '/a': [307, 'http://x:y@ELSEWHERE/b'] });
    await sendFollowing(address, requestOf('POST'), options());
    expect(received[1]?.headers.authorization).toBe(`Basic ${Buffer.from('x:y').toString('base64')}`);
  });
});

describe('a reply that is no redirect', () => {
  it.each([
    [301, undefined],
    [307, undefined],
    [300, '/b'],
    [304, '/b'],
    [305, '/b'],
    [201, '/b'],
  ])('%i with the location %s is the result', async (status, location) => {
    const { address, received } = await serviceWith({ '/a': location === undefined ? [status] : [status, location] });
    const { reply, failure, hops } = await sendFollowing(address, requestOf('POST'), options());
    expect([reply?.status, failure, hops, received.length]).toEqual([status, undefined, [], 1]);
  });
});

it('a path below the address is the base of a relative location', async () => {
  const { address, received } = await serviceWith({ '/base/resources': [308, 'resources/'] });
  await sendFollowing(new URL('/base/', address), requestOf('POST', '/resources'), options());
  expect(received[1]?.path).toBe('/base/resources/');
});

it('without following, a redirect is the reply', async () => {
  const { address, received } = await serviceWith({ '/a': [307, '/b'] });
  const { reply, hops } = await send(address, requestOf('POST'), options());
  expect([reply?.status, hops, received.length]).toEqual([307, [], 1]);
});

describe('a chain', () => {
  const chain = (length: number) =>
    Object.fromEntries(Array.from({ length }, (_, index) => [index === 0 ? '/a' : `/${index}`, [308, `/${index + 1}`] as [number, string]]));

  it('of nine redirects arrives', async () => {
    const { address, received } = await serviceWith(chain(9));
    const { reply, hops } = await sendFollowing(address, requestOf('PUT'), options());
    expect([reply?.body.toString(), hops.length, received.length]).toEqual(['reply of /9', 9, 10]);
  });

  it('of ten redirects is stopped after ten requests', async () => {
    const { address, received } = await serviceWith(chain(10));
    const { reply, failure, hops } = await sendFollowing(address, requestOf('PUT'), options());
    expect([reply, failure, hops.length, received.length]).toEqual([undefined, 'stopped after 10 redirects', 10, 10]);
  });

  it.each([
    ['to another scheme', 'ftp://x/y', 'unsupported protocol scheme "ftp"'],
    ['to no host', 'http:x', 'http: no Host in request URL'],
    ['to what is no URL', '/%zz', 'failed to parse Location header "/%zz"'],
    ['to where nothing listens', 'http://127.0.0.1:1/x', 'ECONNREFUSED'],
  ])('%s fails', async (_title, location, failure) => {
    const { address, received } = await serviceWith({ '/a': [307, location] });
    const exchange = await sendFollowing(address, requestOf('POST'), options());
    expect(exchange).toMatchObject({ reply: undefined, failure, hops: [{ status: 307, location }] });
    expect(received.length).toBe(1);
  });

  it('is ended by one timeout for all of it', async () => {
    const address = await slowLoop();
    const { reply, failure } = await sendFollowing(address, requestOf('POST'), options({ timeout: 500 }));
    expect([reply, failure]).toEqual([undefined, 'timeout']);
  });

  it('without an end is left at a hang-up that counts from its beginning', async () => {
    const address = await slowLoop();
    const { reply, failure } = await sendFollowing(address, requestOf('POST'), options({ hangUp: 500 }));
    expect([reply, failure]).toEqual([undefined, 'hung up']);
  });

  it('is not followed after half of the body', async () => {
    const { address, received } = await serviceWith({ '/a': [307, '/b'] });
    const { reply, failure } = await sendFollowing(address, requestOf('POST'), options({ hangUp: 'half-way' }));
    expect([reply, failure, received]).toEqual([undefined, 'hung up', []]);
  });

  it.each([
    ['the timeout is no reply', { timeout: 300 }, { reply: undefined, failure: 'timeout', hops: [] }],
    ['a hang-up stays the reply', { hangUp: 300 }, { reply: { status: 307, complete: false }, failure: undefined, hops: [] }],
  ])('is not followed from a redirect that has no end: at %s', async (_title, more, result) => {
    const address = await rawServer((socket) => socket.write('HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nhalf'));
    expect(await sendFollowing(address, requestOf('POST'), options(more))).toMatchObject(result);
  });

  it('with a body without an end is followed', async () => {
    const address = await rawServer((socket, request) => {
      if (!request.startsWith('GET /a ')) {
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
        return;
      }
      socket.write('HTTP/1.1 302 Found\r\nLocation: /b\r\nConnection: close\r\n\r\n');
      writeForEver(socket, 'x'.repeat(65_000));
    });
    expect((await sendFollowing(address, requestOf('GET'), options())).reply?.status).toBe(204);
  });

  it('is ended when the run is stopped', async () => {
    const stop = new AbortController();
    const { address } = await serviceWith({ '/a': [307, '/a'] });
    stop.abort();
    expect((await sendFollowing(address, requestOf('POST'), options({ signal: stop.signal }))).failure).toBe('aborted');
  });
});

describe('the error that Tsuru makes of a chain', () => {
  it.each([
    ['/resources', 'Post "/resources": stopped after 10 redirects'],
    ['ftp://x/y', 'Post "ftp://x/y": unsupported protocol scheme "ftp"'],
    ['http://127.0.0.1:1/x', 'Post "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'],
    ['/%zz', 'Post "ADDRESS/resources": failed to parse Location header "/%zz"'],
  ])('to %s names the URL that Go names', async (location, error) => {
    const { address } = await serviceWith({ '/resources': [308, location] });
    const fields = { team: 'team-a', plan: '', description: '', tags: [], parameters: {} };
    const call = new Calls('form', { user: '', id: '' }).create('db1', fields);
    const exchange = await sendFollowing(address, call.request, options());
    expect(readReply(call, exchange, { id: 'svc', address })).toEqual({
      ok: false,
      error: `Failed to create the instance db1: ${error.replace('ADDRESS', address.origin)}`,
    });
  });
});
