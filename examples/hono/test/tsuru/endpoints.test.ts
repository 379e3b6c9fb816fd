import { describe, expect, it } from 'vitest';

import type { Endpoint, EndpointRequest } from '../../src/tsuru/endpoint.js';
import { ServiceError } from '../../src/tsuru/errors.js';
import { AUTHORIZATION, call, type TestRequest } from './support/requests.js';
import { testService } from './support/service.js';

/** A service with one endpoint, and the requests that its handler received. */
async function serviceWith(endpoint: Pick<Endpoint, 'method' | 'path'> & Partial<Endpoint>, multiCluster = false) {
  const given: EndpointRequest[] = [];
  const handle: Endpoint['handle'] = (request) => {
    given.push(request);
    return { status: 200, body: { ok: true } };
  };
  const test = await testService({ multiCluster, endpoints: [{ handle, ...endpoint }] });
  await test.call('POST', '/resources', { name: 'db1', team: 't' });
  return { ...test, given };
}

/** A request as it comes through Tsuru's proxy. */
function proxied(
  method: TestRequest['method'],
  path: string,
  headers: Record<string, string> = {},
  body = '',
): TestRequest {
  return { method, path, headers: { authorization: AUTHORIZATION, 'x-forwarded-for': '192.0.2.1', ...headers }, body };
}

describe('an endpoint', () => {
  it('receives path parameters, query, headers, body and the instance', async () => {
    const test = await serviceWith({ method: 'POST', path: '/backups/:id/restore' });
    await test.call('POST', '/resources/db1/bind-app', { 'app-name': 'a1' });
    const headers = { 'content-type': 'application/json', 'x-tsuru-user': 'dev@example.com', 'x-custom': 'yes' };
    const reply = await test.send(
      proxied('POST', '/resources/db1/backups/a%20b/restore?to=x&to=y', headers, '{"deep":{"a":[1]}}'),
    );
    expect(reply).toMatchObject({ status: 200, body: '{"ok":true}' });
    const [request] = test.given;
    expect(request).toMatchObject({
      method: 'POST',
      params: { id: 'a b' },
      user: 'dev@example.com',
      state: 'ready',
      instance: { name: 'db1', team: 't' },
      binds: [{ kind: 'app', name: 'a1' }],
    });
    expect(request?.query.getAll('to')).toEqual(['x', 'y']);
    expect(request?.headers['x-custom']).toBe('yes');
    expect(JSON.stringify(request?.body.json())).toBe('{"deep":{"a":[1]}}');
  });

  it('receives a body of any type unchanged', async () => {
    const test = await serviceWith({ method: 'PUT', path: '/file' });
    await test.send(proxied('PUT', '/resources/db1/file', { 'content-type': 'image/png' }, 'not really'));
    await test.send(proxied('PUT', '/resources/db1/file'));
    expect(test.given.map(({ body }) => body.text())).toEqual(['not really', '']);
  });

  it.each([
    ['is not valid JSON', '{', ''],
    ['has a number that would be rounded', '{"a":[{"b":9007199254740993}]}', '\\"a.0.b\\"'],
  ])('is a 400 when it reads a body that %s', async (_, body, named) => {
    const handle: Endpoint['handle'] = (request) => ({ status: 200, body: request.body.json() });
    const test = await serviceWith({ method: 'POST', path: '/x', handle });
    const reply = await test.send(proxied('POST', '/resources/db1/x', { 'content-type': 'application/json' }, body));
    expect(reply).toMatchObject({ status: 400 });
    expect(reply.body).toContain(named);
  });

  it('is not called for an instance that does not exist', async () => {
    const test = await serviceWith({ method: 'GET', path: '/mine' });
    expect(await test.call('GET', '/resources/db2/mine')).toMatchObject({ status: 404 });
    expect(test.given).toEqual([]);
  });

  it.each([
    ['JSON', { status: 202, body: [1] }, 'application/json; charset=utf-8', '[1]'],
    ['text', { status: 200, body: 'hello' }, 'text/plain; charset=utf-8', 'hello'],
    ['bytes', { status: 200, body: Buffer.from('bytes') }, 'application/octet-stream', 'bytes'],
    ['a type of its own', { status: 200, body: '<p>', headers: { 'content-type': 'text/html' } }, 'text/html', '<p>'],
  ])('sends %s', async (_, reply, type, body) => {
    const test = await serviceWith({ method: 'GET', path: '/mine', handle: () => reply });
    const got = await test.call('GET', '/resources/db1/mine');
    expect(got).toMatchObject({ status: reply.status, body });
    expect(got.headers['content-type']).toBe(type);
  });

  const UNEXPECTED = '{"code":500,"message":"The service API failed unexpectedly; its log says why."}';
  const ofLibrary = { expose: true, code: 'FST_ERR_OF_ITS_OWN' };

  it.each<[title: string, thrown: Error, body: string, logged: string]>([
    ['an error', new Error('the secret is 42'), UNEXPECTED, 'the secret is 42'],
    ['an error with its own status', Object.assign(new Error('the vendor says no'), { status: 403, ...ofLibrary }), UNEXPECTED, 'the vendor says no'],
    ['an error with its own statusCode', Object.assign(new Error('the vendor says no'), { statusCode: 403, ...ofLibrary }), UNEXPECTED, 'the vendor says no'],
    ...[200, 302, 399, 600, 0, NaN, 404.5].map((status): [string, Error, string, string] => [
      `a refusal with the status ${status}`,
      new ServiceError(status, 'not here'),
      '{"code":500,"message":"not here"}',
      `${status} is not an error status`,
    ]),
  ])('is a 500 when it throws %s, and the error is logged', async (_, thrown, body, logged) => {
    const test = await serviceWith({ method: 'GET', path: '/mine', handle: () => Promise.reject(thrown) });
    expect(await test.call('GET', '/resources/db1/mine')).toMatchObject({ status: 500, body });
    expect(test.log.join('')).toContain(logged);
  });

  it.each([
    ['the status 0', { status: 0 }],
    ['the status 101', { status: 101 }],
    ['the status 600', { status: 600, body: 'text' }],
    ['the status 200.5', { status: 200.5 }],
    ['no status', { status: NaN }],
    ['a header with a line break', { status: 200, headers: { 'x-a': 'a\nb' } }],
    ['a header whose name is none', { status: 200, headers: { 'x a': 'b' } }],
  ])('is a 500 without details when it returns %s, and the error is logged', async (_, reply) => {
    const test = await serviceWith({ method: 'GET', path: '/mine', handle: () => reply });
    expect(await test.call('GET', '/resources/db1/mine')).toMatchObject({ status: 500, body: UNEXPECTED });
    expect(test.log.join('')).toContain('unexpected error');
  });

  it('passes on the reply of another server without its transfer headers', async () => {
    const headers = { 'Content-Type': 'text/html', 'Content-Length': '1', 'Transfer-Encoding': 'chunked' };
    const test = await serviceWith({ method: 'GET', path: '/mine', handle: () => ({ status: 200, headers, body: '<p>' }) });
    const reply = await test.call('GET', '/resources/db1/mine');
    expect(reply).toMatchObject({ status: 200, body: '<p>', headers: { 'content-type': 'text/html' } });
    expect(reply.headers['content-length'] ?? '3').toBe('3');
  });

  it.each([
    ['GET', { status: 204, body: 'text' }],
    ['GET', { status: 205, body: 'text' }],
    ['GET', { status: 304, body: 'text' }],
    ['DELETE', { status: 204 }],
  ] as const)('sends no body: %s, %o', async (method, reply) => {
    const test = await serviceWith({ method, path: '/mine', handle: () => reply });
    expect(await test.send(proxied(method, '/resources/db1/mine'))).toMatchObject({ status: reply.status, body: '' });
  });

  it.each(['name', 'instance', 'job', 'p2', '__proto__', 'constructor'])(
    'with a parameter named %s serves the instance in the path, and no other',
    async (name) => {
      const test = await serviceWith({ method: 'GET', path: `/pn/:${name}` });
      await test.call('POST', '/resources', { name: 'db2', team: 't2' });
      expect(await test.send(proxied('GET', '/resources/db1/pn/db2'))).toMatchObject({ status: 200 });
      expect(test.given[0]?.instance).toMatchObject({ name: 'db1', team: 't' });
      expect(Object.entries(test.given[0]?.params ?? {})).toEqual([[name, 'db2']]);
    },
  );

  it('is served in the same way below a base path', async () => {
    const given: EndpointRequest[] = [];
    const handle: Endpoint['handle'] = (request) => {
      given.push(request);
      return { status: 204 };
    };
    const endpoints: Endpoint[] = [{ method: 'GET', path: '/:name/:id', handle }];
    const test = await testService({ basePath: '/base/v1', endpoints });
    await test.call('POST', '/base/v1/resources', { name: 'db1', team: 't' });
    expect(await test.send(proxied('GET', '/base/v1/resources/db1/other/7'))).toMatchObject({ status: 204 });
    expect(given[0]).toMatchObject({ instance: { name: 'db1' }, params: { name: 'other', id: '7' } });
  });

  it('ignores a user that a GET claims, as does the log', async () => {
    const test = await serviceWith({ method: 'GET', path: '/mine' });
    await test.send(
      proxied('GET', '/resources/db1/mine', { 'x-tsuru-user': 'admin@example.com', 'x-tsuru-eventid': 'ffff' }),
    );
    expect(test.given[0]?.user).toBeUndefined();
    expect(test.log.join('')).not.toContain('admin@example.com');
  });

  it('ignores a cluster other than that of the instance', async () => {
    const test = await serviceWith({ method: 'POST', path: '/mine' }, true);
    const made = { ...call('POST', '/resources', { name: 'db2', team: 't' }) };
    await test.send({ ...made, headers: { ...made.headers, 'x-tsuru-pool-name': 'p1', 'x-tsuru-cluster-name': 'c1' } });
    for (const pool of ['p1', 'p2']) {
      await test.send(
        proxied('POST', '/resources/db2/mine', { 'x-tsuru-pool-name': pool, 'x-tsuru-cluster-name': `of-${pool}` }),
      );
    }
    expect(test.given.map(({ cluster }) => cluster?.name)).toEqual(['of-p1', 'c1']);
  });

  it('receives no cluster when the service is not multi-cluster', async () => {
    const test = await serviceWith({ method: 'POST', path: '/mine' });
    await test.send(proxied('POST', '/resources/db1/mine', { 'x-tsuru-pool-name': 'p1' }));
    expect(test.given[0]?.cluster).toBeUndefined();
  });
});
