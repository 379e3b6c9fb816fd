import { describe, expect, it, vi } from 'vitest';

import { ServiceError } from '../../src/tsuru/errors.js';
import { LifeCycle } from '../../src/tsuru/life-cycle.js';
import { Plans } from '../../src/tsuru/plans.js';
import { call } from './support/requests.js';
import { gate, TestBackend, testService, until, type TestService } from './support/service.js';
import { PACE, restarted } from './support/store.js';
import { writable } from './support/stored.js';

const HOUR = 3_600_000;

const create = (test: TestService, more: Record<string, unknown> = {}) =>
  test.call('POST', '/resources', { name: 'db1', team: 't', ...more });
const bind = (test: TestService, app = 'a1', more: Record<string, unknown> = {}) =>
  test.call('POST', '/resources/db1/bind-app', { 'app-name': app, ...more });
const unbind = (test: TestService, app = 'a1') => test.call('DELETE', '/resources/db1/bind-app', { 'app-name': app });
const bindJob = (test: TestService, job = 'j1') =>
  test.call('PUT', `/resources/db1/binds/jobs/${job}`, { 'job-name': job });
const destroy = (test: TestService) => test.call('DELETE', '/resources/db1', { user: 'u' });
const update = (test: TestService, more: Record<string, unknown> = {}) =>
  test.call('PUT', '/resources/db1', { team: 't', ...more });
const status = (test: TestService) => test.call('GET', '/resources/db1/status');

/** Fails with a message meant for Tsuru's user. */
const fails =
  (message = 'it broke') =>
  () =>
    Promise.reject(new ServiceError(500, message));
const breaks =
  (message = 'it broke') =>
  () =>
    Promise.reject(new Error(message));
const refuses = (code: number) => () => Promise.reject(new ServiceError(code, 'not today'));

/** Makes a method of the backend wait until the test releases it, or until it is aborted. */
function hold(test: { backend: TestBackend }, method: 'create' | 'bindApp' | 'update'): () => void {
  const { opened, open } = gate();
  test.backend.instead[method] = ({ signal }) =>
    Promise.race([
      opened,
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
    ]);
  return open;
}

describe('creating inline', () => {
  it('is complete when the reply is sent', async () => {
    const test = await testService();
    const reply = await create(test, {
      plan: 'large',
      description: 'mine',
      tags: ['x', 'y'],
      user: 'dev',
      eventid: 'e1',
      'parameters.a': '1',
    });
    expect(reply.status).toBe(201);
    expect(test.backend.asked[0]?.request).toMatchObject({
      instance: { name: 'db1', team: 't', plan: 'large', description: 'mine', tags: ['x', 'y'] },
      plan: { name: 'large', description: '10 GB' },
      parameters: { a: '1' },
      requestedBy: { user: 'dev', event: 'e1' },
    });
    expect((await status(test)).status).toBe(204);
  });

  it('uses the first plan when none is given', async () => {
    const test = await testService();
    await create(test);
    expect(test.backend.asked[0]?.request).toMatchObject({ instance: { plan: '' }, plan: { name: 'small' } });
  });

  it('reports the failure, leaves the instance down, and can be repeated with the same instance id', async () => {
    const test = await testService();
    test.backend.instead.create = fails('the disk is full');
    const reply = await create(test);
    expect(reply).toMatchObject({ status: 500 });
    expect(reply.body).toContain('the disk is full. The instance \\"db1\\" stays in the service as failed');
    expect((await status(test)).status).toBe(500);
    expect(await bind(test)).toMatchObject({ status: 409 });
    delete test.backend.instead.create;
    expect(await create(test, { plan: 'large' })).toMatchObject({ status: 201 });
    expect((await status(test)).status).toBe(204);
    expect(new Set(test.backend.asked.map(({ request }) => request.instance.id)).size).toBe(1);
  });

  it('hides an internal error from the user, and logs it without its password', async () => {
    const test = await testService();
    test.backend.instead.create = breaks('connect ECONNREFUSED 10.1.2.3:5432 postgres://admin:p4ss/w@rd@db.example.com/x');
    const reply = await create(test);
    expect(reply.body).toContain('Creating the instance \\"db1\\" failed.');
    const info = await test.call('GET', '/resources/db1');
    for (const text of [reply.body, info.body]) expect(text).not.toMatch(/ECONNREFUSED|10\.1\.2\.3|example\.com/);
    expect(test.log.join('')).toContain('ECONNREFUSED 10.1.2.3:5432');
    expect(test.log.join('')).not.toContain('admin:');
  });

  it('leaves nothing behind when the backend refuses', async () => {
    const test = await testService();
    test.backend.instead.create = refuses(403);
    expect(await create(test)).toMatchObject({ status: 403, body: '{"code":403,"message":"not today"}' });
    expect((await test.call('GET', '/resources/db1')).status).toBe(404);
  });

  it('happens once when two creates arrive at the same time', async () => {
    const test = await testService();
    const open = hold(test, 'create');
    const both = [create(test), create(test)];
    await until(() => test.backend.asked.length > 0);
    open();
    expect((await Promise.all(both)).map((reply) => reply.status)).toEqual([201, 201]);
    expect(test.backend.methods).toEqual(['create']);
  });

  it('is failed when a stop of the service interrupted it', async () => {
    const test = await testService();
    hold(test, 'create');
    const reply = create(test);
    await until(() => test.backend.asked.length > 0);
    await test.service.lifeCycle.stop(reply, 0);
    expect((await reply).status).toBe(503);
    expect((await status(test)).status).toBe(500);
  });
});

describe('an instance left over from a create whose reply was lost', () => {
  it('is adopted by a create that names the first plan when it had none', async () => {
    const test = await testService();
    await create(test);
    expect((await create(test, { plan: 'small' })).status).toBe(201);
    expect(test.backend.methods).toEqual(['create']);
  });

  it('is adopted when the same create is repeated', async () => {
    const test = await testService();
    await create(test, { plan: 'small', 'parameters.a': '1', description: 'old' });
    expect(await create(test, { plan: 'small', 'parameters.a': '1', description: 'new' })).toMatchObject({
      status: 201,
    });
    expect(test.backend.methods).toEqual(['create']);
    expect((await test.store.find('db1'))?.description).toBe('new');
  });

  it.each([
    ['team', { team: 'other' }],
    ['plan', { plan: 'large' }],
    ['parameters', { 'parameters.a': '2' }],
  ])('is a 422 that explains what to do when its %s differs', async (what, more) => {
    const test = await testService();
    await create(test);
    const before = await test.store.find('db1');
    const reply = await create(test, more);
    expect(reply.status).toBe(422);
    expect(reply.body).toContain(what);
    expect(reply.body).toContain('Choose another name');
    expect(await test.store.find('db1')).toEqual(before);
  });

  it('is a 422 that explains what to do when something is bound to it', async () => {
    const test = await testService();
    await create(test);
    await bindJob(test);
    const reply = await create(test);
    expect(reply.status).toBe(422);
    expect(reply.body).toContain('j1');
  });

  it('is removed first when its removal had stopped half-way', async () => {
    const test = await testService();
    await create(test);
    test.backend.instead.destroy = fails();
    expect((await destroy(test)).status).toBe(500);
    delete test.backend.instead.destroy;
    expect((await create(test, { plan: 'large' })).status).toBe(201);
    expect(test.backend.methods).toEqual(['create', 'destroy', 'destroy', 'create']);
  });
});

async function createWithKubeConfig(test: TestService): Promise<void> {
  const { headers, ...request } = call('POST', '/resources', { name: 'db1', team: 't' });
  const kubeConfig = Buffer.from('{"token":"fake"}').toString('base64');
  await test.send({
    ...request,
    headers: { ...headers, 'x-tsuru-pool-name': 'p', 'x-tsuru-cluster-kube-config': kubeConfig },
  });
  expect((await test.store.find('db1'))?.cluster?.kubeConfig).toEqual({ token: 'fake' });
}

describe('creating in the background', () => {
  it('returns at once; the instance is pending, and cannot be bound, until it is created', async () => {
    const test = await testService({ provisioning: 'background' });
    const open = hold(test, 'create');
    expect((await create(test)).status).toBe(201);
    expect((await status(test)).status).toBe(202);
    expect((await bind(test)).status).toBe(412);
    expect((await bindJob(test)).status).toBe(412);
    expect((await update(test)).status).toBe(409);
    expect((await create(test)).status).toBe(201);
    open();
    await until(async () => (await status(test)).status === 204);
    expect((await bind(test)).status).toBe(201);
    expect(test.backend.methods).toEqual(['create', 'bindApp']);
  });

  it('leaves the instance down when it fails, shows why in its info, and can be repeated', async () => {
    const test = await testService({ provisioning: 'background' });
    test.backend.instead.create = fails('no room');
    await create(test);
    await until(async () => (await status(test)).status === 500);
    expect((await test.call('GET', '/resources/db1')).body).toContain('no room');
    delete test.backend.instead.create;
    expect((await create(test)).status).toBe(201);
    await until(async () => (await status(test)).status === 204);
  });

  it('continues after a restart', async () => {
    const test = await testService({ provisioning: 'background' });
    hold(test, 'create');
    await create(test);
    await until(() => test.backend.asked.length > 0);
    await test.service.lifeCycle.stop(Promise.resolve(), 0);
    expect((await test.store.find('db1'))?.state).toBe('pending');

    const next = await testService({ provisioning: 'background', store: await restarted(test.store) });
    await next.service.lifeCycle.resume();
    await until(async () => (await status(next)).status === 204);
    expect(next.backend.asked[0]?.request).toMatchObject({ instance: { name: 'db1', team: 't' } });
  });

  it('is failed after a restart when it was inline, since its reply was never sent', async () => {
    const test = await testService({ provisioning: 'background' });
    hold(test, 'create');
    await create(test);
    const store = await restarted(test.store);
    const backend = new TestBackend();
    const plans = new Plans([{ name: 'small', description: '' }]);
    const next = new LifeCycle({
      service: 'my-service',
      store,
      backend,
      plans,
      provisioning: 'inline',
      log: test.service.log,
    });
    await next.resume();
    expect((await store.find('db1'))?.state).toBe('failed');
    expect(backend.asked).toEqual([]);
  });

  it('keeps the kube config only until the instance is created', async () => {
    const test = await testService({ provisioning: 'background', multiCluster: true });
    const open = hold(test, 'create');
    await createWithKubeConfig(test);
    open();
    await until(async () => (await test.store.find('db1'))?.state === 'ready');
    expect((await test.store.find('db1'))?.cluster).toMatchObject({ pool: 'p' });
    expect((await test.store.find('db1'))?.cluster).not.toHaveProperty('kubeConfig');
    expect(test.log.join('')).not.toContain('fake');
  });
});

describe('a removal that fails while the instance is being created', () => {
  it('leaves no kube config in the store', async () => {
    const test = await testService({ provisioning: 'background', multiCluster: true });
    hold(test, 'create');
    test.backend.instead.destroy = fails();
    await createWithKubeConfig(test);
    expect((await destroy(test)).status).toBe(500);
    expect(await test.store.find('db1')).toMatchObject({ state: 'removing', cluster: { pool: 'p' } });
    expect((await test.store.find('db1'))?.cluster).not.toHaveProperty('kubeConfig');
  });

  it('leaves no kube config of an earlier run of the service', async () => {
    const test = await testService({ multiCluster: true });
    await create(test);
    const cluster = { pool: 'p', poolProvisioner: '', name: '', provisioner: '', addresses: [], kubeConfig: { token: 'fake' } };
    const instance = await test.store.find('db1');
    await (await writable(test.store)).save({ ...instance!, state: 'pending', cluster });
    test.backend.instead.destroy = fails();
    expect((await destroy(test)).status).toBe(500);
    expect((await test.store.find('db1'))?.cluster).toMatchObject({ pool: 'p' });
    expect((await test.store.find('db1'))?.cluster).not.toHaveProperty('kubeConfig');
  });
});

describe('binding', () => {
  it('returns the same variables again without calling the backend', async () => {
    const test = await testService();
    await create(test);
    const first = await bind(test, 'a1', { 'app-hosts': ['one.example.com'] });
    const second = await bind(test, 'a1', { 'app-hosts': ['two.example.com', 'three.example.com'] });
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(test.backend.methods).toEqual(['create', 'bindApp']);
  });

  it('gives each app, and a job of the same name, its own variables, and an unbind removes one of them', async () => {
    const test = await testService();
    await create(test);
    const replies = [await bind(test, 'x1'), await bind(test, 'x2'), await bindJob(test, 'x1')];
    expect(new Set(replies.map(({ body }) => body)).size).toBe(3);
    await unbind(test, 'x1');
    expect((await bind(test, 'x2')).body).toBe(replies[1]?.body);
    expect((await bindJob(test, 'x1')).body).toBe(replies[2]?.body);
    expect(await test.service.lifeCycle.binds.of((await test.store.find('db1'))!)).toHaveLength(2);
  });

  it('restores variables and parameters within an hour of the unbind, as when Tsuru undoes that, and has forgotten them later', async () => {
    const test = await testService();
    await create(test);
    const first = await bind(test, 'a1', { 'parameters.env_prefix': 'OTHER_' });
    await unbind(test);
    test.wait(HOUR - 1000);
    expect((await bind(test)).body).toBe(first.body);
    const parameters = { env_prefix: 'OTHER_' };
    expect(test.backend.asked.at(-1)?.request).toMatchObject({ previous: JSON.parse(first.body) as unknown, parameters });
    await unbind(test);
    test.wait(HOUR + 1000);
    expect((await bind(test)).body).not.toBe(first.body);
    expect(test.backend.asked.at(-1)?.request.previous).toBeUndefined();
    expect(test.backend.asked.at(-1)?.request.parameters).toEqual({});
  });

  it('retries a failed bind with the same secret, and an unbind revokes it', async () => {
    const test = await testService();
    await create(test);
    test.backend.instead.bindApp = fails();
    expect((await bind(test)).status).toBe(500);
    expect((await unbind(test)).status).toBe(200);
    delete test.backend.instead.bindApp;
    await bind(test);
    const secrets = test.backend.asked
      .filter(({ method }) => method === 'bindApp')
      .map(({ request }) => request.secret);
    expect(new Set(secrets).size).toBe(1);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'unbindApp', 'bindApp']);
  });

  it('gets no parameters of a bind that failed', async () => {
    const test = await testService();
    await create(test);
    test.backend.instead.bindApp = fails();
    expect((await bind(test, 'a1', { 'parameters.env_prefix': 'MY-' })).status).toBe(500);
    delete test.backend.instead.bindApp;
    expect((await bind(test)).status).toBe(201);
    expect(test.backend.asked.at(-1)?.request.parameters).toEqual({});
  });

  it('changes nothing when the backend refuses it', async () => {
    const test = await testService();
    await create(test);
    const first = await bind(test);
    await unbind(test);
    test.backend.instead.bindApp = refuses(422);
    expect((await bind(test)).status).toBe(422);
    delete test.backend.instead.bindApp;
    expect((await bind(test)).body).toBe(first.body);
  });

  it.each([
    ['a number', { PORT: 5432 }],
    ['null', { PORT: null }],
    ['a list', ['PORT']],
    ['nothing', undefined],
    ['a name with a dash', { 'MY-PORT': '1' }],
    ['a name that begins with a digit', { '1PORT': '1' }],
    ['an empty name', { '': '1' }],
    ['an object with its own toJSON', new URL('http://db.example.com')],
  ])('is a 500 when the backend returns %s instead of variables, which never reaches Tsuru', async (_, variables) => {
    const test = await testService();
    await create(test);
    test.backend.instead.bindApp = () => Promise.resolve(variables);
    if (variables !== undefined) expect((await bind(test)).status).toBe(500);
    else test.backend.bindApp = () => Promise.resolve(undefined as never);
    const reply = await bind(test);
    expect(reply.status).toBe(500);
    expect(reply.body).toContain('variables');
  });

  it('is a 404 for an instance that does not exist, for apps and jobs', async () => {
    const test = await testService();
    expect((await bind(test)).status).toBe(404);
    expect((await bindJob(test)).status).toBe(404);
    expect((await test.call('POST', '/resources/db1/bind', { 'app-name': 'a1' })).status).toBe(404);
  });
});

describe('unbinding', () => {
  it('succeeds when it is repeated, and when nothing was bound', async () => {
    const test = await testService();
    await create(test);
    await bind(test);
    expect([await unbind(test), await unbind(test), await unbind(test, 'a9')].map((reply) => reply.status)).toEqual([
      200, 200, 200,
    ]);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'unbindApp']);
  });

  it('can be repeated after a failure, and cannot be refused', async () => {
    const test = await testService();
    await create(test);
    await bind(test);
    test.backend.instead.unbindApp = refuses(409);
    expect((await unbind(test)).status).toBe(500);
    delete test.backend.instead.unbindApp;
    expect((await unbind(test)).status).toBe(200);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'unbindApp', 'unbindApp']);
  });

  it('is undone by a bind when it failed half-way, which calls the backend and restores the same variables', async () => {
    const test = await testService();
    await create(test);
    const first = await bind(test);
    test.backend.instead.unbindApp = fails();
    expect((await unbind(test)).status).toBe(500);
    expect((await bind(test)).body).toBe(first.body);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'unbindApp', 'bindApp']);
  });
});

describe('updating', () => {
  it('clears the fields that are empty, in either encoding', async () => {
    for (const encoding of ['form', 'json'] as const) {
      const test = await testService();
      await create(test, { plan: 'large', description: 'mine', tags: ['x'], 'parameters.a': '1' });
      const reply = await test.call('PUT', '/resources/db1', { team: 't2' }, encoding);
      expect(reply.status).toBe(200);
      expect(await test.store.find('db1')).toMatchObject({ team: 't2', plan: '', description: '', tags: [] });
      expect((await test.store.find('db1'))?.parameters).toEqual({});
      expect(test.backend.asked[1]?.request.previous).toMatchObject({ plan: 'large', description: 'mine' });
    }
  });

  it('keeps the data of the backend unless it returns new data', async () => {
    const test = await testService();
    await create(test);
    await update(test);
    expect((await test.store.find('db1'))?.data).toEqual({ made: 'db1' });
    test.backend.instead.update = () => Promise.resolve({ made: 'anew' });
    await update(test);
    expect((await test.store.find('db1'))?.data).toEqual({ made: 'anew' });
  });

  it.each([refuses(422), fails(), breaks()])('changes nothing when it fails', async (instead) => {
    const test = await testService();
    await create(test, { description: 'old' });
    const before = await test.store.find('db1');
    test.backend.instead.update = instead;
    expect((await update(test, { description: 'new' })).status).toBeGreaterThanOrEqual(400);
    expect(await test.store.find('db1')).toEqual(before);
  });

  it('does not reply 404 for a missing instance, which Tsuru would read as success', async () => {
    const test = await testService();
    expect((await update(test)).status).toBe(410);
  });
});

describe('destroying', () => {
  it('revokes the remaining binds, jobs included, and removes the instance', async () => {
    const test = await testService();
    await create(test);
    await bind(test, 'a1');
    await bindJob(test, 'j1');
    await bind(test, 'a2');
    await unbind(test, 'a2');
    test.backend.asked.length = 0;
    expect((await destroy(test)).status).toBe(200);
    expect(test.backend.methods.toSorted()).toEqual(['destroy', 'unbindApp', 'unbindJob']);
    expect(test.backend.methods.at(-1)).toBe('destroy');
    expect([await destroy(test), await status(test), await unbind(test)].map((reply) => reply.status)).toEqual([
      404, 404, 404,
    ]);
  });

  it('makes the next create a new instance without the old binds', async () => {
    const test = await testService();
    await create(test);
    const old = await bind(test);
    await destroy(test);
    await create(test, { plan: 'large' });
    expect((await bind(test)).body).not.toBe(old.body);
    const ids = test.backend.asked
      .filter(({ method }) => method === 'create')
      .map(({ request }) => request.instance.id);
    expect(new Set(ids).size).toBe(2);
  });

  it.each(['inline', 'background'] as const)('wins over a creation in progress, %s', async (provisioning) => {
    const test = await testService({ provisioning });
    hold(test, 'create');
    const creating = create(test);
    await until(() => test.backend.asked.length > 0);
    expect((await destroy(test)).status).toBe(200);
    expect((await creating).status).toBe(provisioning === 'inline' ? 410 : 201);
    expect(test.backend.methods).toEqual(['create', 'destroy']);
    expect((await status(test)).status).toBe(404);
  });

  it('can be repeated after a failure; until then nothing can be bound', async () => {
    const test = await testService();
    await create(test);
    await bind(test);
    test.backend.instead.destroy = fails('busy');
    expect((await destroy(test)).body).toContain('busy');
    expect((await bind(test, 'a2')).status).toBe(409);
    // Its lock may be released a moment after the reply.
    const free = vi.spyOn(test.store.coordination, 'free').mockResolvedValue([]);
    expect((await status(test)).status).toBe(500);
    free.mockRestore();
    delete test.backend.instead.destroy;
    expect((await destroy(test)).status).toBe(200);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'unbindApp', 'destroy', 'destroy']);
  });
});

describe('requests for one instance', () => {
  it('never run at the same time', async () => {
    const test = await testService();
    await create(test);
    let running = 0;
    let most = 0;
    const slowly = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    for (const method of ['update', 'unbindApp'] as const) test.backend.instead[method] = slowly;
    test.backend.instead.bindApp = () => slowly().then(() => ({ A: '1' }));
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => [
        bind(test, `a${index}`),
        update(test),
        unbind(test, `a${index}`),
      ]).flat(),
    );
    expect(most).toBe(1);
    expect(test.backend.asked.length).toBeGreaterThan(20);
  });

  it('do not delay a bind that exists already, or requests for another instance', async () => {
    const test = await testService();
    await create(test);
    await create(test, { name: 'db2' });
    const first = await bind(test);
    const open = hold(test, 'update');
    const updating = update(test);
    await until(() => test.backend.methods.includes('update'));
    expect(await bind(test)).toMatchObject({ status: 201, body: first.body });
    expect((await test.call('POST', '/resources/db2/bind-app', { 'app-name': 'a2' })).status).toBe(201);
    open();
    expect((await updating).status).toBe(200);
  });
});

describe('the status and the info that a backend returns', () => {
  it.each([
    ['up', 204, ''],
    ['pending', 202, '{"status":"pending"}'],
    ['down', 500, '{"status":"down"}'],
    [{ text: 'resizing, 40 %' }, 200, 'resizing, 40 %'],
  ])('is its status: %o', async (said, code, body) => {
    const test = await testService();
    await create(test);
    Object.assign(test.backend, { status: () => Promise.resolve(said) });
    expect(await status(test)).toMatchObject({ status: code, body });
  });

  it('follows its state in the info, without the items that Tsuru shows itself', async () => {
    const test = await testService();
    Object.assign(test.backend, { info: () => Promise.resolve([{ label: 'Address', value: 'db.example.com' }]) });
    await create(test, { plan: 'large' });
    await bind(test);
    const reply = await test.call('GET', '/resources/db1');
    expect(JSON.parse(reply.body)).toEqual([
      { label: 'State', value: 'ready' },
      { label: 'Address', value: 'db.example.com' },
    ]);
  });
});

describe('a request whose backend ignores its signal', () => {
  const timeouts = { lock: 20 * PACE, work: 20 * PACE, reply: 40 * PACE };

  /** Makes a method of the backend wait until the test releases it, ignoring its signal. */
  function ignore(test: TestService, method: 'create' | 'update' | 'bindApp' | 'unbindApp' | 'destroy'): () => void {
    const { opened, open } = gate();
    test.backend.instead[method] = () => opened.then(() => ({ LATE: 'yes' }));
    return open;
  }

  it.each([
    ['update', (test: TestService) => update(test)],
    ['bindApp', (test: TestService) => bind(test)],
  ] as const)('gets a reply that explains the delay, and keeps the lock until it ends: %s', async (method, call) => {
    const test = await testService({ timeouts });
    await create(test);
    const open = ignore(test, method);
    const reply = await call(test);
    expect(reply.status).toBe(504);
    expect(reply.body).toContain('is still running');
    expect([(await destroy(test)).status, (await destroy(test)).status]).toEqual([503, 503]);
    expect(test.backend.methods).toEqual(['create', method]);
    open();
    await until(async () => (await destroy(test)).status === 200);
    expect(test.backend.methods.at(-1)).toBe('destroy');
    expect((await status(test)).status).toBe(404);
  });

  it('keeps its late result: a bind', async () => {
    const test = await testService({ timeouts });
    await create(test);
    const open = ignore(test, 'bindApp');
    expect((await bind(test)).status).toBe(504);
    open();
    await until(async () => (await bind(test)).status === 201);
    expect((await bind(test)).body).toBe('{"LATE":"yes"}');
    expect(test.backend.methods).toEqual(['create', 'bindApp']);
  });

  it('keeps its late result: a creation', async () => {
    const test = await testService({ timeouts });
    const open = ignore(test, 'create');
    expect((await create(test)).status).toBe(504);
    expect((await status(test)).status).toBe(202);
    expect((await create(test)).status).toBe(504);
    open();
    await until(async () => (await status(test)).status === 204);
    expect((await test.store.find('db1'))?.data).toEqual({ LATE: 'yes' });
    expect(test.backend.methods).toEqual(['create']);
  });

  it('keeps its late result: a removal, which the next removal reports', async () => {
    const test = await testService({ timeouts });
    await create(test);
    const open = ignore(test, 'destroy');
    expect((await destroy(test)).status).toBe(504);
    expect((await status(test)).status).toBe(202);
    open();
    await until(async () => (await status(test)).status === 404);
    expect([(await destroy(test)).status, (await destroy(test)).status]).toEqual([200, 404]);
    expect(test.backend.methods).toEqual(['create', 'destroy']);
  });

  it('leaves no instance pending when a removal stopped waiting and the creation then failed', async () => {
    const test = await testService({ timeouts, provisioning: 'background' });
    const { opened, open } = gate();
    test.backend.instead.create = () => opened.then(() => Promise.reject(new Error('')));
    await create(test);
    await until(() => test.backend.asked.length > 0);
    expect((await destroy(test)).status).toBe(504);
    expect((await status(test)).status).toBe(202);
    open();
    await until(async () => (await status(test)).status === 500);
    expect((await destroy(test)).status).toBe(200);
    expect(test.backend.methods).toEqual(['create', 'destroy']);
  });

  it('shares one time limit among its calls to the backend: a removal with slow unbinds', async () => {
    const test = await testService({ timeouts: { work: 150 * PACE, reply: 60_000 } });
    await create(test);
    for (const app of ['a1', 'a2', 'a3', 'a4']) await bind(test, app);
    test.backend.asked.length = 0;
    test.backend.instead.unbindApp = ({ signal }) =>
      new Promise((resolve, reject) => {
        setTimeout(resolve, 100 * PACE);
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const reply = await destroy(test);
    expect(reply.status).toBe(504);
    expect(reply.body).toContain('took too long');
    expect(test.backend.methods.length).toBeLessThan(4);
    delete test.backend.instead.unbindApp;
    expect((await destroy(test)).status).toBe(200);
  });
});

describe('a store that cannot be written', () => {
  const full = new ServiceError(507, "The service's disk is full.");

  /** Makes some writes of the store fail, until the returned function is called. */
  function fill({ store }: TestService, fails: (method: string, argument: unknown) => boolean): () => void {
    const under = store.under.bind(store);
    let isFull = true;
    store.under = (lock) => {
      const locked = under(lock);
      for (const method of ['save', 'saveBind', 'remove'] as const) {
        const write = locked[method].bind(locked) as (...args: unknown[]) => Promise<void>;
        locked[method] = (...args: unknown[]) =>
          isFull && fails(method, args.at(-1)) ? Promise.reject(full) : write(...args);
      }
      return locked;
    };
    return () => {
      isFull = false;
    };
  }
  const isState = (state: string) => (_: string, argument: unknown) => (argument as { state?: string }).state === state;

  it.each(['inline', 'background'] as const)('settles a creation as soon as it can be written again, %s', async (provisioning) => {
    const test = await testService({ provisioning, timeouts: { retry: 1 } });
    const empty = fill(test, isState('ready'));
    const reply = await create(test);
    expect(reply.status).toBe(provisioning === 'inline' ? 507 : 201);
    await until(() => test.log.join('').includes('retrying'));
    expect((await status(test)).status).toBe(202);
    empty();
    await until(async () => (await status(test)).status === 204);
    expect(test.backend.methods).toEqual(['create']);
  });

  it('saves a bind, an update and a removal as soon as it can be written again', async () => {
    const test = await testService({ timeouts: { retry: 1 } });
    await create(test);
    let empty = fill(test, isState('bound'));
    expect((await bind(test)).status).toBe(507);
    empty();
    expect((await bind(test)).status).toBe(201);
    empty = fill(test, isState('ready'));
    test.backend.instead.update = () => Promise.resolve({ made: 'anew' });
    const reply = await update(test, { plan: 'large' });
    expect([reply.status, reply.body.includes('disk is full')]).toEqual([507, true]);
    empty();
    await until(async () => (await test.store.find('db1'))?.plan === 'large');
    expect((await test.store.find('db1'))?.data).toEqual({ made: 'anew' });
    empty = fill(test, (method) => method === 'remove');
    expect((await destroy(test)).status).toBe(507);
    empty();
    await until(async () => (await status(test)).status === 404);
    expect((await destroy(test)).status).toBe(200);
    expect(test.backend.methods).toEqual(['create', 'bindApp', 'update', 'unbindApp', 'destroy']);
  });

  it('is reported before anything is done', async () => {
    const test = await testService();
    fill(test, () => true);
    const reply = await create(test);
    expect([reply.status, test.backend.methods]).toEqual([507, []]);
    expect(reply.body).toContain('disk is full');
  });
});

describe('the data that the backend returns for an instance', () => {
  const deep = () => JSON.parse('{"a":'.repeat(70) + '1' + '}'.repeat(70)) as object;
  const circular = () => {
    const data: Record<string, unknown> = {};
    return Object.assign(data, { data });
  };

  it.each([
    ['nested too deep', deep],
    ['circular', circular],
    ['a list', () => ['x']],
    ['a text', () => 'x'],
    ['a number that JSON has not', () => ({ size: 10n })],
  ])('is refused when it cannot be stored: %s', async (_, data) => {
    const test = await testService();
    test.backend.instead.create = () => Promise.resolve(data());
    expect(await create(test)).toMatchObject({ status: 500 });
    expect((await status(test)).status).toBe(500);
    expect((await destroy(test)).status).toBe(200);
    delete test.backend.instead.create;
    await create(test);
    test.backend.instead.update = () => Promise.resolve(data());
    expect((await update(test)).status).toBe(500);
    expect((await test.store.find('db1'))?.data).toEqual({ made: 'db1' });
  });
});

describe('a refused update', () => {
  it('names the value that still applies, and the command that sets it back', async () => {
    const test = await testService();
    await create(test, { plan: 'small', description: "it's mine", 'parameters.size': '10' });
    const { body } = await update(test, {
      ...{ plan: 'nope', description: 'new', team: 'other' },
      ...{ 'parameters.size': '20', 'parameters.zone': 'x' },
    });
    const { code, message } = JSON.parse(body) as { code: number; message: string };
    expect(code).toBe(400);
    expect(message).toContain('There is no plan "nope"');
    expect(message).toContain('The instance keeps the plan "small"');
    expect(message).toContain(
      "tsuru service instance update my-service db1 -p small --add-param size=10 --remove-param zone -t t -d 'it'\\''s mine'",
    );
  });

  it('names the plan of an instance that was created without one', async () => {
    const test = await testService();
    await create(test);
    expect((await update(test, { plan: 'nope' })).body).toContain('update my-service db1 -p small');
  });

  it('does so when the backend refuses it, and when it comes too early', async () => {
    const test = await testService({ provisioning: 'background' });
    const open = hold(test, 'create');
    await create(test, { plan: 'small' });
    expect((await update(test, { plan: 'large' })).body).toContain('db1 -p small');
    open();
    await until(async () => (await status(test)).status === 204);
    test.backend.instead.update = refuses(422);
    expect((await update(test, { plan: 'large' })).body).toContain('not today. The instance keeps the plan');
  });

  it('names no command when Tsuru has the same values as the service', async () => {
    const test = await testService();
    await create(test, { plan: 'small' });
    test.backend.instead.update = refuses(422);
    expect((await update(test, { plan: 'small' })).body).not.toContain('Set them back');
  });

  it('names the command that removes the instance from Tsuru when the service has lost it', async () => {
    const test = await testService();
    expect((await update(test)).body).toContain('tsuru service instance remove my-service db1 --ignore-errors');
  });
});

describe('the name of an instance', () => {
  it('is refused when it is too long to be removed again', async () => {
    const test = await testService();
    expect((await create(test, { name: `a${'b'.repeat(254)}` })).status).toBe(201);
    const reply = await create(test, { name: `a${'b'.repeat(255)}` });
    expect([reply.status, reply.body.includes('2 to 255')]).toEqual([400, true]);
  });
});

describe('a stop of the service', () => {
  it('waits for work that continues after the reply', async () => {
    const patient = await testService();
    await create(patient);
    const test = await testService({ store: patient.store, timeouts: { work: 10 * PACE, reply: 20 * PACE } });
    const { opened, open } = gate();
    test.backend.instead.bindApp = () => opened.then(() => ({ A: '1' }));
    expect((await bind(test)).status).toBe(504);
    let stopped = false;
    const stopping = test.service.lifeCycle.stop(Promise.resolve(), 60_000).then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(stopped).toBe(false);
    open();
    await stopping;
    const instance = await test.store.find('db1');
    expect(await test.store.activeBinds(instance?.id ?? '')).toMatchObject([{ state: 'bound', variables: { A: '1' } }]);
  });
});

describe('anything that a backend throws', () => {
  const circular = new Error('first');
  circular.cause = circular;

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an error without a message', new Error('')],
    ['a refusal without a message', new ServiceError(500, '')],
    ['an error of spaces', new Error(' ')],
    ['an error that is its own cause', circular],
    ['an object without a text', Object.create(null)],
    [
      'an error whose text throws',
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          throw new Error('no text');
        },
      }),
    ],
    ['an error whose text is a number', Object.assign(new Error(), { message: 7, stack: 7 })],
  ])('leaves a failed instance, which can be removed: %s', async (_, thrown: unknown) => {
    for (const provisioning of ['inline', 'background'] as const) {
      const test = await testService({ provisioning });
      test.backend.instead.create = test.backend.instead.destroy = () => {
        throw thrown as Error;
      };
      expect((await create(test)).status).toBe(provisioning === 'inline' ? 500 : 201);
      await until(async () => (await status(test)).status === 500);
      expect((await test.call('GET', '/resources/db1')).body).toContain('failed: Creating the instance');
      expect((await test.store.find('db1'))?.state).toBe('failed');
      expect((await destroy(test)).status).toBe(500);
      expect((await status(test)).status).toBe(500);
      delete test.backend.instead.destroy;
      expect((await destroy(test)).status).toBe(200);
      expect(test.backend.methods).toEqual(['create', 'destroy', 'destroy']);
    }
  });

  it('gets a status that Tsuru reads correctly', async () => {
    const test = await testService();
    test.backend.instead.create = refuses(409);
    expect(await create(test)).toMatchObject({ status: 422 });
    delete test.backend.instead.create;
    await create(test);
    test.backend.instead.update = refuses(404);
    expect((await update(test)).status).toBe(422);
    test.backend.instead.bindApp = refuses(404);
    expect((await bind(test)).status).toBe(422);
    test.backend.instead.bindApp = refuses(200);
    expect((await bind(test)).status).toBe(500);
  });

  it('is not leaked by errors of the store or of its data', async () => {
    const test = await testService();
    const secret = 'malformed: /data/service.db at 10.1.2.3:5432';
    test.backend.instead.create = () =>
      Promise.resolve({
        toJSON: () => {
          throw new Error(secret);
        },
      });
    const replies = [await create(test)];
    delete test.backend.instead.create;
    await create(test);
    test.store.activeBinds = breaks(secret);
    replies.push(await destroy(test), await test.call('GET', '/resources/db1'));
    for (const { body } of replies) expect(body).not.toContain('10.1.2.3');
  });
});

describe('an instance that a stop of the service left pending', () => {
  it('does not stay pending when a create that arrives before it resumes is refused', async () => {
    const test = await testService({ provisioning: 'background' });
    hold(test, 'create');
    await create(test);
    const next = await testService({ store: await restarted(test.store) });
    const { opened, open } = gate();
    next.backend.instead.create = () => opened.then(refuses(403));
    const creating = create(next);
    await until(() => next.backend.asked.length > 0);
    await next.service.lifeCycle.resume();
    open();
    expect((await creating).status).toBe(403);
    expect((await status(next)).status).toBe(500);
  });

  it('is not created when it was being removed', async () => {
    const test = await testService({ provisioning: 'background', timeouts: { work: 10 * PACE, reply: 20 * PACE } });
    const { opened } = gate();
    test.backend.instead.create = () => opened;
    await create(test);
    await until(() => test.backend.asked.length > 0);
    expect((await destroy(test)).status).toBe(504);
    const next = await testService({ provisioning: 'background', store: await restarted(test.store) });
    await next.service.lifeCycle.resume();
    await until(async () => (await status(next)).status === 500);
    expect(next.backend.methods).toEqual([]);
    expect((await destroy(next)).status).toBe(200);
  });
});

describe('a refused update whose values fit in no command', () => {
  it('still names the values that apply', async () => {
    const test = await testService();
    await create(test, { description: 'd'.repeat(500), tags: ['a', 'b'], 'parameters.zones.0': 'x' });
    test.backend.instead.update = refuses(422);
    const reply = await update(test, { description: 'new', tags: ['b', 'c'], 'parameters.zones.0': 'y' });
    expect(reply.body).toContain('keeps its parameter \\"zones\\", the tag \\"a\\", no tag \\"c\\", its description');
    expect(reply.body).toContain('update my-service db1 -g a --remove-tag c');
  });
});
