import { beforeEach, describe, expect, it } from 'vitest';

import { testService, type TestService } from './support/service.js';
import { writable } from './support/stored.js';

describe('two instances on one app', () => {
  let test: TestService;
  beforeEach(async () => {
    test = await testService();
    for (const name of ['db1', 'db2']) await test.call('POST', '/resources', { name, team: 't' });
  });

  const bind = (name: string, app = 'a1') => test.call('POST', `/resources/${name}/bind-app`, { 'app-name': app });
  const unbind = (name: string) => test.call('DELETE', `/resources/${name}/bind-app`, { 'app-name': 'a1' });
  const prefix = (name: string) =>
    test.call('PUT', `/resources/${name}`, { team: 't', 'parameters.env_prefix': 'DB2_' });
  const statuses = async (...replies: ReturnType<typeof bind>[]) =>
    (await Promise.all(replies)).map(({ status }) => status);

  it('must not set the same variables: the second bind is refused, and says what to do', async () => {
    await bind('db1');
    const refused = await bind('db2');
    expect(refused).toMatchObject({
      status: 422,
      body: expect.stringMatching(
        /PASSWORD from the instance \\"db1\\".*update my-service db2 --add-param env_prefix=DB2_/,
      ) as string,
    });
    expect(test.backend.methods.slice(-2)).toEqual(['bindApp', 'unbindApp']);
    const { id } = await test.service.lifeCycle.instances.find('db2');
    expect(await test.store.activeBinds(id)).toEqual([]);
  });

  it('are both bound when one has a prefix', async () => {
    await bind('db1');
    await prefix('db2');
    expect(await bind('db2')).toMatchObject({ status: 201, body: expect.stringContaining('DB2_PASSWORD') as string });
  });

  it('do not hinder other apps, nor a job of the same name', async () => {
    await bind('db1');
    const job = test.call('PUT', '/resources/db2/binds/jobs/a1', { 'job-name': 'a1' });
    expect(await statuses(bind('db2', 'a2'), job)).toEqual([201, 201]);
  });

  it('are bound one after the other', async () => {
    await bind('db1');
    await unbind('db1');
    expect((await bind('db2')).status).toBe(201);
    expect((await bind('db1')).status).toBe(422);
    await unbind('db2');
    expect((await bind('db1')).status).toBe(201);
  });

  it('are never both bound by requests at the same time', async () => {
    const both = await statuses(bind('db1'), bind('db2'));
    expect(both.filter((status) => status === 201).length).toBeLessThan(2);
    expect(both.filter((status) => status === 422).length).toBeGreaterThan(0);
  });

  it('can be bound again when they were bound together by an earlier version of the service', async () => {
    const first = await bind('db1');
    await prefix('db2');
    await bind('db2');
    const { id } = await test.service.lifeCycle.instances.find('db2');
    const stored = await test.store.findBind(id, 'app', 'a1');
    if (stored === undefined) throw new Error('the bind is missing');
    await (await writable(test.store)).saveBind(id, { ...stored, variables: { PASSWORD: 'another' } });
    await unbind('db1');
    expect((await bind('db1')).body).toBe(first.body);
    await unbind('db2');
    await test.call('PUT', '/resources/db2', { team: 't' });
    expect((await bind('db2')).status).toBe(201);
  });

  it('keep the secret of an app that comes back, even when the other one had its variables meanwhile', async () => {
    const { body } = await bind('db1');
    await unbind('db1');
    await bind('db2');
    await unbind('db2');
    expect((await bind('db1')).body).toBe(body);
  });
});
