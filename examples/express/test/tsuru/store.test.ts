import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { StoredInstance } from '../../src/tsuru/store-rows.js';
import { NOT_UTF8, storePlace, type StorePlace } from './support/store.js';
import { bind, instance, writable } from './support/stored.js';

describe('the store', () => {
  let place: StorePlace;
  beforeEach(async () => {
    place = await storePlace();
  });
  afterEach(async () => {
    await place.remove();
  });

  it('has everything when it is opened again', async () => {
    const store = await place.open();
    const locked = await writable(store);
    await locked.save(instance);
    await locked.saveBind('id1', bind);
    await store.close();
    const again = await place.open();
    expect(JSON.stringify(await again.find('db1'))).toBe(JSON.stringify(instance));
    expect(await again.activeBinds('id1')).toEqual([bind]);
    await again.close();
  });

  it.each(['tags', 'parameters', 'data', 'requested_by', 'cluster'])(
    'returns an instance whose %s cannot be read, so that it can be destroyed',
    async (column) => {
      await (await place.open()).close();
      const deep = '{"a":'.repeat(70) + '1' + '}'.repeat(70);
      for (const value of [`'${deep}'`, "'{'", "'7'", ...NOT_UTF8]) {
        const store = await place.open();
        const locked = await writable(store);
        await locked.save({ ...instance, cluster: undefined });
        await store.close();
        await place.execute(`update instances set ${column} = ${value}`);
        const again = await place.open();
        expect(await again.find('db1')).toMatchObject({ id: 'id1', damaged: [column] });
        await (await writable(again)).remove('id1');
        await again.close();
      }
    },
  );

  it('makes a bind again when its variables cannot be read', async () => {
    const store = await place.open();
    const locked = await writable(store);
    await locked.save(instance);
    await locked.saveBind('id1', bind);
    await store.close();
    await place.execute("update binds set variables = '{'");
    const again = await place.open();
    expect(await again.activeBinds('id1')).toMatchObject([{ name: 'a1', state: 'binding', variables: {} }]);
    await again.close();
  });

  it('deletes binds together with their instance', async () => {
    const store = await place.open();
    const locked = await writable(store);
    await locked.save(instance);
    await locked.saveBind('id1', bind);
    await locked.remove('id1');
    expect(await store.find('db1')).toBeUndefined();
    expect(await store.activeBinds('id1')).toEqual([]);
  });

  it('keeps keys such as __proto__ unchanged', async () => {
    const store = await place.open();
    const locked = await writable(store);
    const parameters = JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":"x"}') as StoredInstance['parameters'];
    await locked.save({ ...instance, parameters });
    expect(JSON.stringify((await store.find('db1'))?.parameters)).toBe(
      '{"__proto__":{"polluted":"yes"},"constructor":"x"}',
    );
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });

  it('belongs to one service', async () => {
    const store = await place.open();
    await store.claim('my-service');
    await store.claim('my-service');
    await expect(store.claim('renamed')).rejects.toThrow("UPDATE owner SET service = 'renamed'");
    await store.close();
    await place.execute("update owner set service = 'renamed'");
    const again = await place.open();
    await again.claim('renamed');
    await again.close();
  });

  it('reports each removal that was remembered once', async () => {
    const store = await place.open();
    const locked = await writable(store);
    await locked.rememberRemoval('db1');
    await locked.rememberRemoval('db1');
    expect([await locked.forgetRemoval('db1'), await locked.forgetRemoval('db1')]).toEqual([true, false]);
    await store.close();
  });
});
