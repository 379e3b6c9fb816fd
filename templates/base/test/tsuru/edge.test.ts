import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AUTHORIZATION } from './support/requests.js';
import { testService, type TestService } from './support/service.js';
import { exchange, listening, wire, type Listening } from './support/socket.js';

const LIMIT = 1000;
const JSON_TYPE = 'application/json; charset=utf-8';
const PLANS = 'GET /resources/plans';
const PATH = 'The path is refused:';

type Refusal = [status: number, message: string];
const NO_SLASH: Refusal = [400, `${PATH} it does not start with a slash.`];
const NOT_HTTP: Refusal = [400, 'The request is not valid HTTP.'];
const WRONG_HOST: Refusal = [400, 'The Host header is not a valid host name or address.'];
const UNAUTHORIZED: Refusal = [401, 'Wrong or missing user name or password for this service API.'];
const WRONG_METHOD: Refusal = [405, 'This service accepts DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT only.'];
const TOO_LARGE: Refusal = [413, 'The body is larger than this service accepts.'];
const NO_TYPE: Refusal = [415, 'The Content-Type is not a media type such as "application/json".'];
const noRoute = (method: string): Refusal => [404, `This service has no route for this ${method} request.`];

/** A request that asks the server to close the connection. */
function request(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all = { Host: 'service', Authorization: AUTHORIZATION, Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** The parts of a reply; `connection` is present in the last reply on a connection. */
function parsed(reply: string) {
  const [head = '', ...body] = reply.split('\r\n\r\n');
  const value = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
  return {
    status: Number(head.split(' ')[1]),
    type: value('content-type'),
    connection: value('connection'),
    body: body.join('\r\n\r\n'),
  };
}

/** The statuses of all replies on a connection. */
function statusesOf(replies: string): number[] {
  return replies.split(/(?=HTTP\/1\.1 )/).map((text) => parsed(text).status);
}

function error(code: number, message: string) {
  return { status: code, type: JSON_TYPE, connection: 'close', body: JSON.stringify({ code, message }) };
}

/** The same for every web framework: the requests that are refused before the framework routes them, and the others. */
describe('over the wire', () => {
  let test: TestService;
  let server: Listening;
  beforeAll(async () => {
    test = await testService({
      bodyLimit: LIMIT,
      headersTimeout: 300,
      endpoints: [{ method: 'POST', path: '/x', handle: ({ body }) => ({ status: 200, body: body.text() }) }],
    });
    await test.call('POST', '/resources', { name: 'db1', team: 't' });
    server = await listening(test.service);
  });
  afterAll(async () => {
    await server.close();
  });

  it.each<[title: string, bytes: string, refusal: Refusal]>([
    ['a path in absolute form', request('GET http://service/resources/plans'), NO_SLASH],
    ['the path *', request('OPTIONS *'), NO_SLASH],
    ['a doubled slash', request('GET //service/resources/plans'), [400, `${PATH} it has an empty part; remove the trailing or doubled slash.`]],
    ['two dots', request('GET /resources/../x'), [400, `${PATH} it has the part "." or "..".`]],
    ['broken percent-encoding', request('GET /%zz'), [400, `${PATH} its percent-encoding is not valid UTF-8.`]],
    ['a backslash in the query', request('GET /resources/plans?a\\b'), [400, `${PATH} its query has a character that must be percent-encoded.`]],
    ['a method of WebDAV', request('PROPFIND /resources/plans'), WRONG_METHOD],
    ['the method TRACE', request('TRACE /resources/plans'), WRONG_METHOD],
    ['the method CONNECT', request('CONNECT service:80'), NO_SLASH],
    ['an unknown method', request('BREW /resources/plans'), NOT_HTTP],
    ['a method in lower case', request('get /resources/plans'), NOT_HTTP],
    ['bytes that are not HTTP', 'hello\r\n\r\n', NOT_HTTP],
    ['another version', `${PLANS} HTTP/9.9\r\nHost: service\r\n\r\n`, NOT_HTTP],
    ['no Host', `${PLANS} HTTP/1.1\r\nAuthorization: ${AUTHORIZATION}\r\n\r\n`, [400, 'The request has no Host header.']],
    ['an empty Host', request(PLANS, { Host: '' }), WRONG_HOST],
    ['a Host with a path', request(PLANS, { Host: 'a/b' }), WRONG_HOST],
    ['an ambiguous Host', request(PLANS, { Host: '127.1' }), WRONG_HOST],
    ['a length that is not a number', request('POST /resources', { 'Content-Length': 'x' }), NOT_HTTP],
    ['two lengths', request('POST /resources', { 'Content-Length': '1', 'Transfer-Encoding': 'chunked' }), NOT_HTTP],
    ['broken chunks', request('POST /resources/db1/x', { 'Transfer-Encoding': 'chunked' }, 'zz\r\n'), NOT_HTTP],
    ['headers that are too large', request(PLANS, { 'X-Large': 'x'.repeat(140_000) }), [431, 'The headers of the request are larger than this service accepts.']],
    ['an expectation', request(PLANS, { Expect: 'a miracle' }), [417, 'This service does not support this Expect header.']],
    ['a body that is declared too large', request('POST /resources', { 'Content-Length': '1001' }), TOO_LARGE],
    ['a body that would be too large', request('POST /resources', { 'Content-Length': '1001', Expect: '100-continue' }), TOO_LARGE],
    ['a body that turns out too large', request('POST /resources/db1/x', { 'Transfer-Encoding': 'chunked' }, `3e9\r\n${'x'.repeat(1001)}`), TOO_LARGE],
    ['an invalid Content-Type', request('POST /resources/db1/x', { 'Content-Type': ';;', 'Content-Length': '1' }, 'x'), NO_TYPE],
    ['an empty Content-Type', request('POST /resources/db1/x', { 'Content-Type': '', 'Content-Length': '1' }, 'x'), NO_TYPE],
    ['an unknown path', request('GET /nowhere'), noRoute('GET')],
    ['a body for an unknown path', request('POST /nowhere', { 'Content-Type': 'application/json', 'Content-Length': '1' }, '{'), noRoute('POST')],
    ['a method that a path does not support', request('PATCH /resources/db1'), noRoute('PATCH')],
    ['OPTIONS', request('OPTIONS /resources/db1'), noRoute('OPTIONS')],
    ['a wrong password', request(PLANS, { Authorization: 'Basic eDp5' }), UNAUTHORIZED],
    ['a health check by another method', request('POST /healthcheck', { Authorization: '' }), UNAUTHORIZED],
    ['a health check in another spelling', request('GET /Healthcheck', { Authorization: '' }), UNAUTHORIZED],
  ])('%s is refused', async (_, bytes, refusal) => {
    expect(parsed(await exchange(server.port, bytes))).toEqual(error(...refusal));
  });

  it.each([
    ['a query', 'GET /healthcheck?from=a%20balancer', {}, ''],
    ['a body', 'GET /healthcheck', { 'Content-Length': '2', 'Content-Type': ';;' }, '{}'],
    ['a body in chunks', 'GET /healthcheck', { 'Transfer-Encoding': 'chunked' }, '2\r\n{}\r\n0\r\n\r\n'],
    ['an empty query', 'GET /healthcheck?', {}, ''],
  ])('a health check with %s is accepted', async (_, line, headers, body) => {
    const reply = parsed(await exchange(server.port, request(line, { Authorization: '', ...headers }, body)));
    expect(reply).toEqual({ status: 200, type: JSON_TYPE, connection: 'close', body: '{"status":"WORKING"}' });
  });

  it.each(['service', 'Service.Example:80', '[::1]:8888', '127.0.0.1', 'my_service:8888'])(
    'the host %s is accepted',
    async (host) => {
      expect(parsed(await exchange(server.port, request(PLANS, { Host: host })))).toMatchObject({
        status: 200,
      });
    },
  );

  it('a chunked body that waits for 100 Continue is accepted', async () => {
    const bytes = request(
      'POST /resources/db1/x',
      { 'Transfer-Encoding': 'chunked', Expect: '100-continue' },
      '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    );
    const [first, second = ''] = (await exchange(server.port, bytes)).split('HTTP/1.1 100 Continue\r\n\r\n');
    expect(first).toBe('');
    expect(parsed(second)).toMatchObject({ status: 200, body: 'abc' });
  });

  it.each([
    ['an idle connection', ''],
    ['headers that do not end', `${PLANS} HTTP/1.1\r\nHost: service\r\n`],
  ])('%s times out with a reply', async (_, bytes) => {
    expect(parsed(await exchange(server.port, bytes))).toEqual(error(408, 'The request took too long to arrive.'));
  });

  it('a refusal comes after the reply to the request before it', async () => {
    const { socket, reply } = await wire(server.port);
    socket.write(`${request(PLANS, { Connection: 'keep-alive' })}${request('GET /%zz')}`);
    expect(statusesOf(await reply)).toEqual([200, 400]);
  });

  it('an HTTP/1.0 request needs no Host and can keep its connection', async () => {
    const old = `${PLANS} HTTP/1.0\r\nAuthorization: ${AUTHORIZATION}\r\n`;
    const replies = await exchange(server.port, `${old}Connection: keep-alive\r\n\r\n${old}\r\n`);
    expect(statusesOf(replies)).toEqual([200, 200]);
  });

  it('a path of the maximum length is routed like any other', async () => {
    const reply = parsed(await exchange(server.port, request(`GET /resources/${'a'.repeat(100_000)}`)));
    expect(reply.status).toBe(404);
    expect(reply.body).toContain('The service has no instance');
    expect(reply.body.length).toBeLessThan(1200);
  });

  describe('bytes that are not HTTP', () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const create = (name: string, headers: Record<string, string> = {}) => {
      const body = `name=${name}&team=t`;
      return request('POST /resources', { ...form, 'Content-Length': String(body.length), ...headers }, body);
    };

    it('do not suppress the reply to the request before them', async () => {
      expect(statusesOf(await exchange(server.port, `${create('before1')}rubbish`))).toEqual([201]);
      expect((await test.call('GET', '/resources/before1/status')).status).toBe(204);
    });

    it('get their reply after those to all requests before them', async () => {
      const kept = { Connection: 'keep-alive' };
      const before = `${create('before2', kept)}${create('before3', kept)}`;
      expect(statusesOf(await exchange(server.port, `${before}rubbish`))).toEqual([201, 201, 400]);
      const cut = request('POST /resources', { ...form, ...kept, 'Transfer-Encoding': 'chunked' }, 'zz\r\n');
      expect(statusesOf(await exchange(server.port, `${create('before4', kept)}${cut}`))).toEqual([201, 400]);
    });

    it('cause no second reply when they are in the body of a request that has its reply', async () => {
      const { socket, reply } = await wire(server.port);
      const headers = { Connection: 'keep-alive', 'Transfer-Encoding': 'chunked' };
      socket.once('data', () => socket.write('zz\r\n'));
      socket.write(request('POST /nowhere', headers));
      expect(statusesOf(await reply)).toEqual([404]);
    });
  });

  it('an unauthorized request learns nothing about its path, and refusals are logged', async () => {
    const paths = ['/%zz-marked', '/marked/', '/..%2fmarked', '/marked'];
    for (const path of paths) {
      expect(await exchange(server.port, request(`GET ${path}`, { Authorization: '' }))).not.toContain('marked');
    }
    const logged = test.log.map((line) => JSON.parse(line) as { path?: string; status?: number });
    expect(logged).toContainEqual(expect.objectContaining({ path: '/%zz-marked', status: 400 }));
  });
});
