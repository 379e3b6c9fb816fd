import { expect, it, onTestFinished } from 'vitest';

import { LostLock } from '../../src/tsuru/store-engine.js';
import { PACE, storePlace } from './support/store.js';
import { testService } from './support/service.js';

const path = '/resources/db1/bind-app';
const app = { 'app-name': 'a1' };

it('does not repeat an operation whose lock is lost after its reply: its user may have asked for something else since', async () => {
  const place = await storePlace();
  onTestFinished(() => place.remove());
  const timeouts = { work: 10 * PACE, reply: 20 * PACE };
  const first = await testService({ store: await place.open(), timeouts });
  const second = await testService({ store: await place.open() });
  await first.call('POST', '/resources', { name: 'db1', team: 't' });
  const bound = await first.call('POST', path, app);
  let end = () => {};
  first.backend.instead.unbindApp = () => new Promise<void>((resolve) => (end = resolve));

  const late = await first.call('DELETE', path, app);
  await place.loseLocks();
  const unbound = await second.call('DELETE', path, app);
  const again = await second.call('POST', path, app);
  end();
  await first.service.lifeCycle.stop(Promise.resolve(), 10_000);

  expect([late.status, unbound.status, again.status, again.body]).toEqual([504, 200, 201, bound.body]);
  const store = await place.open();
  const instance = await store.find('db1');
  expect(await store.findBind(instance?.id ?? '', 'app', 'a1')).toMatchObject({ state: 'bound' });
});

it('does not create again what another replica has created between two looks at it', async () => {
  const place = await storePlace();
  onTestFinished(() => place.remove());
  const first = await testService({ store: await place.open() });
  const store = await place.open();
  const second = await testService({ store });
  const instance = { name: 'db1', team: 't' };
  let end = () => {};
  const begun = new Promise<void>((begin) => {
    first.backend.instead.create = () => {
      begin();
      return new Promise((resolve) => (end = () => resolve({})));
    };
  });
  const creating = first.call('POST', '/resources', instance);
  await begun;
  const free = store.coordination.free.bind(store.coordination);
  store.coordination.free = async (keys) => {
    end();
    await creating;
    return free(keys);
  };

  const again = await second.call('POST', '/resources', instance);

  expect([(await creating).status, again.status, second.backend.methods]).toEqual([201, 201, []]);
});

it('reports a removal whose lock is lost between what the store did and its answer', async () => {
  const place = await storePlace();
  onTestFinished(() => place.remove());
  const store = await place.open();
  const test = await testService({ store });
  await test.call('POST', '/resources', { name: 'db1', team: 't' });
  let deleted: unknown;
  const tryLock = store.coordination.tryLock.bind(store.coordination);
  store.coordination.tryLock = async (key) => {
    const lock = await tryLock(key);
    const db = lock?.db.withPlugin({
      transformQuery({ node, queryId }) {
        if (node.kind === 'DeleteQueryNode') deleted ??= queryId;
        return node;
      },
      transformResult({ queryId, result }) {
        return queryId === deleted ? Promise.reject(new LostLock()) : Promise.resolve(result);
      },
    });
    return lock && db && { lost: lock.lost, db, release: () => lock.release() };
  };

  const removed = await test.call('DELETE', '/resources/db1');

  expect([removed.status, await store.find('db1'), test.backend.methods]).toEqual([200, undefined, ['create', 'destroy']]);
});
