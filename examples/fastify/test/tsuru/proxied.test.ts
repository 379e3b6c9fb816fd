import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { AUTHORIZATION, call, CREDENTIALS, recordings, type TestRequest } from './support/requests.js';
import { testService, type TestService } from './support/service.js';
import { listening, sendLine, sendTo, type Listening } from './support/socket.js';

const endpoint = { method: 'GET', path: '/custom', handle: () => ({ status: 200, body: { custom: true } }) } as const;

/** Over a real socket: without one, the path would be normalized first. */
describe('requests of users through the proxy', () => {
  let test: TestService;
  let server: Listening;
  let before: string;

  beforeEach(async () => {
    test = await testService({ endpoints: [endpoint] });
    for (const name of ['db1', 'other']) {
      await test.call('POST', '/resources', { name, team: 't', 'parameters.env_prefix': `${name}_` });
      await test.call('POST', `/resources/${name}/bind-app`, { 'app-name': 'a1' });
      await test.call('PUT', `/resources/${name}/binds/jobs/j1`, { 'job-name': 'j1' });
    }
    server = await listening(test.service);
    before = await everything();
  });

  afterEach(async () => {
    await server.close();
  });

  /** Everything that the service stores. */
  async function everything(): Promise<string> {
    const instances = await Promise.all(['db1', 'other'].map((name) => test.service.lifeCycle.instances.find(name)));
    return JSON.stringify(
      await Promise.all(instances.map(async (instance) => [instance, await test.store.activeBinds(instance.id)])),
    );
  }

  const expected: Record<string, number> = {
    'proxy-get-instance': 200,
    'proxy-get-status': 204,
    'proxy-service-delete-instance': 403,
    'proxy-post-bind-app-question': 403,
    'proxy-put-binds-jobs': 403,
    'proxy-delete-binds-jobs': 403,
    'proxy-delete-self-question': 400,
    'proxy-delete-self-hash': 400,
    'proxy-post-bind-app-encoded': 400,
    'proxy-delete-dotdot-double': 400,
    'proxy-get-encoded-slash-double': 400,
    'proxy-service-dotdot': 400,
    'proxy-authres-dotdot-delete': 400,
    'proxy-authres-dotdot-double': 400,
    'proxy-authres-dotdot-plain': 400,
    'proxy-legacy-get-query-in-callback': 200,
  };

  it.each(recordings.filter(({ action }) => action === 'Proxy'))('$id: $note', async (recording) => {
    const reply = await sendTo(server.port, recording);
    expect(reply.status).toBe(expected[recording.id] ?? 404);
    expect(await everything()).toBe(before);
  });

  it.each([
    ['DELETE', '/resources/db1/'],
    ['DELETE', '/resources//db1'],
    ['DELETE', '//resources/db1'],
    ['DELETE', '/resources/other/../db1'],
    ['DELETE', '/resources/./db1'],
    ['DELETE', '/resources/other/%2e%2e/db1'],
    ['DELETE', '/resources/other%2F..%2Fdb1'],
    ['DELETE', '/resources/other%5C..%5Cdb1'],
    ['DELETE', '/resources/%64b1'],
    ['DELETE', '/resources/db1%00'],
    ['DELETE', '/resources/db%zz'],
    ['DELETE', '/resources/db%ff'],
    ['DELETE', '/resources/db1;x=1'],
    ['DELETE', '/Resources/db1'],
    ['DELETE', '/resources/DB1'],
    ['DELETE', '/resources/db1/Bind-App'],
    ['DELETE', '/resources/db1\\'],
    ['DELETE', 'http://service/resources/db1'],
    ['DELETE', '/healthcheck/../resources/db1'],
    ['OPTIONS', '/resources/db1'],
    ['OPTIONS', '*'],
    ['PATCH', '/resources/db1'],
    ['BREW', '/resources/db1'],
  ])('%s %s, which Tsuru itself never sends, is refused', async (method, path) => {
    expect(await sendLine(server.port, `${method} ${path}`, AUTHORIZATION)).toBeGreaterThanOrEqual(400);
    expect(await sendLine(server.port, `${method} ${path}`, AUTHORIZATION)).toBeLessThan(500);
    expect(await everything()).toBe(before);
  });

  const lifeCycleCalls: TestRequest[] = [
    call('POST', '/resources', { name: 'db2', team: 't' }),
    call('PUT', '/resources/db1', { team: 'thieves' }),
    call('DELETE', '/resources/db1', { user: 'u' }),
    call('POST', '/resources/db1/bind-app', { 'app-name': 'a2' }),
    call('DELETE', '/resources/db1/bind-app', { 'app-name': 'a1' }),
    call('PUT', '/resources/db1/binds/jobs/j2', { 'job-name': 'j2' }),
    call('DELETE', '/resources/db1/binds/jobs/j1', { user: 'u' }),
  ];

  function throughProxy({ headers, ...request }: TestRequest): TestRequest {
    const { connection: _close, ...others } = headers;
    return { ...request, headers: { ...others, 'x-forwarded-for': '192.0.2.1' } };
  }

  it.each(lifeCycleCalls)('$method $path is for Tsuru alone', async (request) => {
    const reply = await sendTo(server.port, throughProxy(request));
    expect(reply.status).toBe(403);
    expect(reply.body).toContain('REFUSE_PROXIED_CALLS');
    expect(await everything()).toBe(before);
  });

  it('life-cycle calls are accepted behind a gateway when REFUSE_PROXIED_CALLS is off', async () => {
    const open = await testService({ refuseProxied: false });
    for (const request of lifeCycleCalls.slice(0, 1)) {
      expect(
        await open.send({
          ...request,
          headers: { ...request.headers, connection: 'keep-alive', 'x-forwarded-for': '192.0.2.1' },
        }),
      ).toMatchObject({ status: 201 });
    }
  });

  it.each(lifeCycleCalls)('$method $path is for Tsuru alone, behind any number of headers', async (request) => {
    const { headers, ...rest } = throughProxy(request);
    const { 'x-forwarded-for': forwarded, ...others } = headers;
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`a-${index}`, 'b']));
    const hidden = { ...rest, headers: { ...others, ...many, 'x-forwarded-for': forwarded } };
    expect(await sendTo(server.port, hidden)).toMatchObject({ status: 403 });
    expect(await everything()).toBe(before);
  });

  it('endpoints are for users, with a HEAD for every GET', async () => {
    const headers = { authorization: AUTHORIZATION, 'x-forwarded-for': '192.0.2.1' };
    expect(
      await sendTo(server.port, { method: 'GET', path: '/resources/db1/custom', headers, body: '' }),
    ).toMatchObject({ status: 200, body: '{"custom":true}' });
    expect(
      await sendTo(server.port, { method: 'HEAD', path: '/resources/db1/custom', headers, body: '' }),
    ).toMatchObject({ status: 200, body: '' });
    expect(
      await sendTo(server.port, { method: 'POST', path: '/resources/db1/custom', headers, body: '' }),
    ).toMatchObject({ status: 404 });
  });

  it('a kube config of 40 KB fits in its header', async () => {
    const kubeConfig = Buffer.from(JSON.stringify({ ca: 'x'.repeat(30_000) })).toString('base64');
    const headers = { authorization: AUTHORIZATION, connection: 'close', 'x-tsuru-cluster-kube-config': kubeConfig };
    expect(await sendTo(server.port, { method: 'GET', path: '/resources/plans', headers, body: '' })).toMatchObject({
      status: 200,
    });
  });

  it('the password is in no reply and not in the log', async () => {
    for (const recording of recordings) await sendTo(server.port, recording);
    const log = test.log.join('');
    expect(log).toContain('"requestId"');
    expect(log).not.toContain(AUTHORIZATION.slice('Basic '.length));
    expect(log).not.toContain(`"${CREDENTIALS.password}"`);
  });
});
