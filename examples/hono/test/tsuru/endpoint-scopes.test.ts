import { describe, expect, it } from 'vitest';

import { endpoint, serviceEndpoint, type AnyEndpoint, type ServiceEndpointRequest } from '../../src/tsuru/endpoint.js';
import { AUTHORIZATION, type TestRequest } from './support/requests.js';
import { testService } from './support/service.js';
import { listening, sendTo } from './support/socket.js';

async function scopes(basePath = '') {
  const given: ServiceEndpointRequest[] = [];
  const handle = (name: string) =>
    serviceEndpoint({}, (request) => {
      given.push(request);
      return { status: 200, body: name };
    });
  const endpoints: AnyEndpoint[] = [
    { method: 'GET', path: '/report', scope: 'service', handle: handle('owners') },
    { method: 'POST', path: '/report/:year', scope: 'service', handle: handle('year') },
    { method: 'GET', path: '/report', scope: 'authenticated', handle: handle('everybody') },
    { method: 'GET', path: '/:any', scope: 'authenticated', handle: handle('any') },
    { method: 'GET', path: '/report', handle: endpoint({}, () => ({ status: 200, body: 'instance' })) },
  ];
  const test = await testService({ endpoints, basePath });
  await test.call('POST', `${basePath}/resources`, { name: 'db1', team: 't' });
  return { ...test, given };
}

function proxied(method: TestRequest['method'], path: string, more: Record<string, string> = {}): TestRequest {
  return { method, path, headers: { authorization: AUTHORIZATION, 'x-forwarded-for': '192.0.2.1', ...more }, body: '' };
}

describe('the scope of an endpoint', () => {
  it.each(['', '/base/v1'])('sets its path, below the base path "%s"', async (base) => {
    const test = await scopes(base);
    for (const [path, body] of [
      ['/report', 'owners'],
      ['/authenticated-resources/report', 'everybody'],
      ['/authenticated-resources/other', 'any'],
      ['/resources/db1/report', 'instance'],
    ] as const) {
      expect(await test.send(proxied('GET', `${base}${path}`))).toMatchObject({ status: 200, body });
    }
    expect(await test.send(proxied('GET', `${base}/authenticated-resources`))).toMatchObject({ status: 404 });
    expect(await test.send(proxied('GET', `${base}/other`))).toMatchObject({ status: 404 });
  });

  it('gives it the parameters, the query and the user, and no instance', async () => {
    const test = await scopes();
    await test.send(proxied('POST', '/report/2026?x=1', { 'x-tsuru-user': 'dev@example.com' }));
    await test.send(proxied('GET', '/report', { 'x-tsuru-user': 'forged@example.com' }));
    const [post, get] = test.given;
    expect(post).toMatchObject({ method: 'POST', params: { year: '2026' }, user: 'dev@example.com' });
    expect(post?.query.get('x')).toBe('1');
    expect(post).not.toHaveProperty('instance');
    expect(get?.user).toBeUndefined();
  });

  it('needs the password', async () => {
    const test = await scopes();
    for (const path of ['/report', '/authenticated-resources/report']) {
      expect(await test.send({ ...proxied('GET', path), headers: {} })).toMatchObject({ status: 401 });
    }
    expect(test.given).toEqual([]);
  });

  it.each([
    '/authenticated-resources/../report',
    '/authenticated-resources/%2e%2e/report',
    '/authenticated-resources/..%2freport',
    '/authenticated-resources//report',
    '/authenticated-resources/x/../../resources/db1',
    '/resources/../report',
    '/resources/db1/../../report',
  ])('cannot be left by the path %s', async (path) => {
    const test = await scopes();
    // Over a socket: a client in the process would resolve the dots first.
    const server = await listening(test.service);
    expect((await sendTo(server.port, proxied('GET', path))).status).toBe(400);
    await server.close();
    expect(test.given).toEqual([]);
  });
});
