import { afterAll, describe, expect, it } from 'vitest';

import { ServiceError } from '../../../src/tsuru/errors.js';
import { connect, ownObjectsWith, queryAs, testBackend, TestInstance } from '../support/postgres-backend.js';

const backends = [testBackend(), testBackend(), testBackend()] as const;
afterAll(async () => {
  for (const backend of backends) await backend.close?.();
});

type Call = (instance: TestInstance) => Promise<unknown>;

/** Calls on replicas that lost the lock of an instance. Each succeeds, or fails with a text for Tsuru's user. */
async function atOnce(instance: TestInstance, ...calls: Call[]): Promise<void> {
  const started = calls.map((call, index) => {
    instance.backend = backends[index % 3] ?? backends[0];
    return call(instance);
  });
  for (const result of await Promise.allSettled(started)) {
    if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ServiceError);
  }
}

const ROUNDS = [1, 2, 3, 4, 5];

const create: Call = (instance) => instance.create();
const bind: Call = (instance) => instance.bind();
const bindLate: Call = (instance) => instance.bind('late');
const update: Call = (instance) => instance.update('large');
const unbind: Call = (instance) => instance.unbind();
const destroy: Call = (instance) => instance.destroy();

describe('replicas that work on one instance at once', { timeout: 120_000 }, () => {
  it.each(ROUNDS)('do the same as one would (%i)', async () => {
    const instance = new TestInstance(backends[0]);
    await atOnce(instance, create, create, create);
    await instance.create();
    for (const call of [bind, update, bindLate]) {
      await atOnce(instance, call, call, call);
      await call(instance);
    }
    const sessions = [await connect(await instance.bind()), await connect(await instance.bind('late'))];
    await sessions[0]?.query('SET ROLE NONE; CREATE TABLE own ()');
    await atOnce(instance, unbind, unbind, unbind);
    await unbind(instance);
    expect(await ownObjectsWith('_app1_')).toEqual([]);
    await atOnce(instance, destroy, destroy, destroy);
    await destroy(instance);
    for (const text of [instance.data.database, '_late_']) expect(await ownObjectsWith(text)).toEqual([]);
    await Promise.all(sessions.map((client) => client.end()));
  });

  it.each(ROUNDS)('reach the state of the last call when different ones have met (%i)', async () => {
    const instance = await new TestInstance(backends[0]).create();
    await instance.bind();
    await atOnce(instance, unbind, bind, update);
    expect(await queryAs(await instance.bind(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await atOnce(instance, destroy, bindLate, unbind);
    await destroy(instance);
    for (const text of [instance.data.database, '_late_', '_app1_']) expect(await ownObjectsWith(text)).toEqual([]);
  });
});
