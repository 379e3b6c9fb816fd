import { describe, expect, it } from 'vitest';

import type { Endpoint, EndpointRequest } from '../src/tsuru/endpoint.js';
import { AUTHORIZATION, call, type TestRequest } from './support/requests.js';
import { testService } from './support/service.js';

/** A service with one endpoint, and what its handler was given. */
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
  it('gets path parameters, query, headers, body and the instance', async () => {
    const test = await serviceWith({ method: 'POST', path: '/backups/:id/restore' });
    await test.call('POST', '/resources/db1/bind-app', { 'app-name': 'a1' });
    const headers = { 'content-type': 'application/json', 'x-tsuru-user': 'dev@example.com', 'x-custom': 'yes' };
    const answer = await test.send(
      proxied('POST', '/resources/db1/backups/a%20b/restore?to=x&to=y', headers, '{"deep":{"a":[1]}}'),
    );
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' });
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

  it('takes a body of any type, as it came', async () => {
    const test = await serviceWith({ method: 'PUT', path: '/file' });
    await test.send(proxied('PUT', '/resources/db1/file', { 'content-type': 'image/png' }, 'not really'));
    await test.send(proxied('PUT', '/resources/db1/file'));
    expect(test.given.map(({ body }) => body.text())).toEqual(['not really', '']);
  });

  it('is a 400 when it reads JSON that is none', async () => {
    const handle: Endpoint['handle'] = ({ body }) => ({ status: 200, body: body.json() });
    const test = await serviceWith({ method: 'POST', path: '/x', handle });
    expect(
      await test.send(proxied('POST', '/resources/db1/x', { 'content-type': 'application/json' }, '{')),
    ).toMatchObject({ status: 400 });
  });

  it('is not asked about an instance that is not there', async () => {
    const test = await serviceWith({ method: 'GET', path: '/mine' });
    expect(await test.call('GET', '/resources/db2/mine')).toMatchObject({ status: 404 });
    expect(test.given).toEqual([]);
  });

  it.each([
    ['JSON', { status: 202, body: [1] }, 'application/json; charset=utf-8', '[1]'],
    ['text', { status: 200, body: 'hello' }, 'text/plain; charset=utf-8', 'hello'],
    ['bytes', { status: 200, body: Buffer.from('bytes') }, 'application/octet-stream', 'bytes'],
    ['a type of its own', { status: 200, body: '<p>', headers: { 'content-type': 'text/html' } }, 'text/html', '<p>'],
  ])('answers %s', async (_, answer, type, body) => {
    const test = await serviceWith({ method: 'GET', path: '/mine', handle: () => answer });
    const got = await test.call('GET', '/resources/db1/mine');
    expect(got).toMatchObject({ status: answer.status, body });
    expect(got.headers['content-type']).toBe(type);
  });

  it('answers without a body', async () => {
    const test = await serviceWith({ method: 'DELETE', path: '/mine', handle: () => ({ status: 204 }) });
    expect(await test.send(proxied('DELETE', '/resources/db1/mine'))).toMatchObject({ status: 204, body: '' });
  });

  it('that fails is a 500 that tells nothing, and is logged', async () => {
    const handle: Endpoint['handle'] = () => Promise.reject(new Error('the secret is 42'));
    const test = await serviceWith({ method: 'GET', path: '/mine', handle });
    const answer = await test.call('GET', '/resources/db1/mine');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('42');
    expect(test.log.join('')).toContain('the secret is 42');
  });

  it('does not believe a user that a GET brings along, and neither does the log', async () => {
    const test = await serviceWith({ method: 'GET', path: '/mine' });
    await test.send(
      proxied('GET', '/resources/db1/mine', { 'x-tsuru-user': 'admin@example.com', 'x-tsuru-eventid': 'ffff' }),
    );
    expect(test.given[0]?.user).toBeUndefined();
    expect(test.log.join('')).not.toContain('admin@example.com');
  });

  it('does not believe a cluster that is not the one of the instance', async () => {
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

  it('of a service without clusters is given none', async () => {
    const test = await serviceWith({ method: 'POST', path: '/mine' });
    await test.send(proxied('POST', '/resources/db1/mine', { 'x-tsuru-pool-name': 'p1' }));
    expect(test.given[0]?.cluster).toBeUndefined();
  });
});
