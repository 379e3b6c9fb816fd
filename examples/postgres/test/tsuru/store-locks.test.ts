import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Lock } from '../../src/tsuru/store-engine.js';
import type { Store } from '../../src/tsuru/store.js';
import { gate, until } from './support/service.js';
import { storePlace, type StorePlace } from './support/store.js';
import { instance } from './support/stored.js';

/** Two replicas on one store, on a real server. */
describe('a lock of the database', () => {
  let place: StorePlace;
  let one: Store;
  let other: Store;
  beforeEach(async () => {
    place = await storePlace();
    [one, other] = [await place.open(), await place.open()];
  });
  afterEach(async () => {
    await place.remove();
  });

  const taken = async (store: Store, key: string): Promise<Lock> => {
    const lock = await store.coordination.tryLock(key);
    if (lock === undefined) throw new Error(`${key} is held`);
    return lock;
  };
  it('has one holder, until it is released', async () => {
    const lock = await taken(one, 'instance/db1');
    expect(await other.coordination.tryLock('instance/db1')).toBeUndefined();
    expect(await other.coordination.free(['instance/db1', 'instance/db2'])).toEqual(['instance/db2']);
    await lock.release();
    await (await taken(other, 'instance/db1')).release();
  });

  it('is told that it is lost with its session, and writes nothing from then on', async () => {
    const lock = await taken(one, 'instance/db1');
    await one.under(lock).save(instance);
    await place.loseLocks();
    await expect(one.under(lock).save({ ...instance, team: 'late' })).rejects.toMatchObject({ status: 503 });
    expect(lock.lost.aborted).toBe(true);
    const next = await taken(other, 'instance/db1');
    await expect(one.under(lock).setState('id1', 'failed')).rejects.toMatchObject({ status: 503 });
    expect(await other.find('db1')).toEqual(instance);
    await lock.release();
    expect(await one.coordination.tryLock('instance/db1')).toBeUndefined();
    await next.release();
    await (await taken(one, 'instance/db1')).release();
  });

  it('refuses what comes after its release', async () => {
    const lock = await taken(one, 'instance/db1');
    await lock.release();
    await expect(one.under(lock).save(instance)).rejects.toThrow('a lock that is released');
    expect(await one.find('db1')).toBeUndefined();
  });

  it('of the tables of the queue does not keep a replica from ending', async () => {
    const lock = await taken(other, 'queue/migration');
    const starting = one.coordination.queue?.start(() => Promise.resolve());
    await one.close();
    await starting;
    await lock.release();
  });

  it('leaves the queue of another service in the same database at work while a queue is made', async () => {
    const neighbour = await storePlace();
    const store = await neighbour.open();
    const created: string[] = [];
    await store.coordination.queue?.start((name) => Promise.resolve(void created.push(name)));
    await one.coordination.queue?.start(() => Promise.resolve());
    await store.coordination.queue?.add({ id: 'id1', name: 'db1' }, true);
    await until(() => created.length === 1);
    await neighbour.remove();
  });

  it('keeps replicas that start at once from making the tables of the queue at once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => place.open()));
    await Promise.all(stores.map(async (store) => store.coordination.queue?.start(() => Promise.resolve())));
    expect(await place.query(`select count(*) from "${place.schema}_jobs".jobs`)).toEqual([{ count: '0' }]);
  });

  it('of a worker comes back after its session was lost, so that no other replica frees its job', async () => {
    const { opened, open } = gate();
    let calls = 0;
    await one.coordination.queue?.start(async () => {
      calls += 1;
      await opened;
    });
    await one.coordination.queue?.add({ id: 'id1', name: 'db1' }, true);
    await until(() => calls === 1);
    const holders = () => place.query(`select locked_by from "${place.schema}_jobs".jobs where locked_by is not null`);
    const [worker] = await holders();
    const isFree = async () => (await other.coordination.free([`worker/${worker?.['locked_by']}`])).length > 0;
    expect(await isFree()).toBe(false);
    for (let time = 0; time < 2; time++) {
      await place.loseLocks();
      await until(async () => !(await isFree()));
    }
    await other.coordination.queue?.recover();
    expect(await holders()).toEqual([worker]);
    open();
    await until(async () => (await holders()).length === 0);
    expect(calls).toBe(1);
  });
});
