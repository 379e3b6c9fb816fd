import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Store, type StoredInstance } from '../src/tsuru/store.js';

const instance: StoredInstance = {
  id: 'id1',
  name: 'db1',
  state: 'ready',
  team: 't',
  plan: '',
  description: 'ü',
  tags: ['a b'],
  parameters: { 'a.b': [1, null] },
  data: {},
  error: '',
  requestedBy: { user: 'u', event: 'e' },
  cluster: undefined,
};

describe('the store', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'store-'));
    path = join(directory, 'deep', 'service.db');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('is a file that only its owner reads', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('has everything again when it is opened the next time', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    const bind = {
      kind: 'app',
      name: 'a1',
      state: 'bound',
      secret: 's',
      variables: { A: '1' },
      unboundAt: undefined,
    } as const;
    await store.saveBind('id1', bind);
    await store.close();
    const again = await Store.open(path);
    expect(JSON.stringify(await again.find('db1'))).toBe(JSON.stringify(instance));
    expect(await again.activeBinds('id1')).toEqual([bind]);
    await again.close();
  });

  it('forgets the binds with their instance', async () => {
    const store = await Store.open(':memory:');
    await store.save(instance);
    await store.saveBind('id1', {
      kind: 'app',
      name: 'a1',
      state: 'bound',
      secret: 's',
      variables: {},
      unboundAt: undefined,
    });
    await store.remove('id1');
    expect(await store.find('db1')).toBeUndefined();
    expect(await store.activeBinds('id1')).toEqual([]);
  });

  it('keeps keys such as __proto__ as they are', async () => {
    const store = await Store.open(':memory:');
    const parameters = JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":"x"}') as StoredInstance['parameters'];
    await store.save({ ...instance, parameters });
    expect(JSON.stringify((await store.find('db1'))?.parameters)).toBe(
      '{"__proto__":{"polluted":"yes"},"constructor":"x"}',
    );
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });
});
