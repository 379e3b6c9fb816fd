import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { StoredBind, StoredInstance } from '../../src/tsuru/store-rows.js';
import { Store } from '../../src/tsuru/store.js';

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
  damaged: [],
};

const bind: StoredBind = {
  kind: 'app',
  name: 'a1',
  state: 'bound',
  secret: 's',
  variables: { A: '1' },
  parameters: { p: 'x' },
  unboundAt: undefined,
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

  it('is a file that only its owner can read', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('has everything when it is opened again', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    await store.saveBind('id1', bind);
    await store.close();
    const again = await Store.open(path);
    expect(JSON.stringify(await again.find('db1'))).toBe(JSON.stringify(instance));
    expect(await again.activeBinds('id1')).toEqual([bind]);
    await again.close();
  });

  it('is used by one process at a time, and the error of a second one names the first', async () => {
    const store = await Store.open(path);
    await expect(Store.open(path)).rejects.toThrow(`is in use by process ${process.pid} on `);
    await store.close();
    await (await Store.open(path)).close();
  });

  it('is the same store by any path, and a plain file whatever its name', async () => {
    const store = await Store.open(path);
    const link = join(directory, 'link.db');
    symlinkSync(path, link);
    await expect(Store.open(link)).rejects.toThrow('is in use by');
    await store.close();
    const here = process.cwd();
    process.chdir(directory);
    try {
      const odd = await Store.open('file:%41?x.db');
      expect(statSync(join(directory, 'file:%41?x.db')).size).toBeGreaterThan(0);
      await odd.ping();
      await odd.close();
    } finally {
      process.chdir(here);
    }
  });

  it('is unhealthy once its lock is removed', async () => {
    const store = await Store.open(path);
    rmSync(`${path}.lock`);
    await expect(store.ping()).rejects.toThrow('removed or replaced');
    await store.close();
  });

  it('truncates its log once a reader that kept it is gone', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    await store.saveBind('id1', { ...bind, secret: 'the-secret-of-the-bind' });
    const reader = new Database(path);
    reader.exec('begin');
    reader.prepare('select * from binds').all();
    await store.removeBind('id1', 'app', 'a1');
    reader.exec('rollback');
    reader.close();
    await store.ping();
    const bytes = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('');
    expect(bytes).not.toContain('the-secret-of-the-bind');
    await store.close();
  });

  it('makes the files of an older store readable by their owner only', async () => {
    await (await Store.open(path)).close();
    chmodSync(path, 0o644);
    const store = await Store.open(path);
    await store.save(instance);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('has no trace of a secret in its files once it is dropped', async () => {
    const store = await Store.open(path);
    const cluster = { pool: 'p', poolProvisioner: '', name: '', provisioner: '', addresses: [] };
    const kubeConfig = { token: 'the-token-of-the-cluster '.repeat(400) };
    await store.save({ ...instance, cluster: { ...cluster, kubeConfig } });
    await store.saveSettled({ ...instance, cluster: { ...cluster, kubeConfig } });
    await store.saveBind('id1', { ...bind, secret: 'the-secret-of-the-bind', unboundAt: new Date(0), state: 'unbound' });
    await store.forgetUnbound(new Date(1));
    const bytes = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('');
    expect(bytes).not.toMatch(/the-token-of-the-cluster|the-secret-of-the-bind/);
    expect(bytes).toContain('instances');
    await store.close();
  });

  it('is healthy only while it can be written where it was opened', async () => {
    const store = await Store.open(path);
    await Promise.all([store.ping(), store.ping()]);
    renameSync(path, `${path}.away`);
    await expect(store.ping()).rejects.toThrow('removed or replaced');
    renameSync(`${path}.away`, path);
    await store.ping();
    await store.close();
  });

  it.each(['tags', 'parameters', 'data', 'requested_by', 'cluster'])(
    'returns an instance whose %s cannot be read, so that it can be destroyed',
    async (column) => {
      await (await Store.open(path)).close();
      const deep = '{"a":'.repeat(70) + '1' + '}'.repeat(70);
      const notUtf8 = "cast(x'7bff7d' as text)";
      for (const value of [`'${deep}'`, "'{'", "'7'", notUtf8]) {
        const store = await Store.open(path);
        await store.save({ ...instance, cluster: undefined });
        await store.close();
        const database = new Database(path);
        database.exec(`update instances set ${column} = ${value}`);
        database.close();
        const again = await Store.open(path);
        expect(await again.find('db1')).toMatchObject({ id: 'id1', damaged: [column] });
        await again.remove('id1');
        await again.close();
      }
    },
  );

  it('makes a bind again when its variables cannot be read', async () => {
    const store = await Store.open(path);
    await store.save(instance);
    await store.saveBind('id1', bind);
    await store.close();
    const database = new Database(path);
    database.prepare('update binds set variables = ?').run('{');
    database.close();
    const again = await Store.open(path);
    expect(await again.activeBinds('id1')).toMatchObject([{ name: 'a1', state: 'binding', variables: {} }]);
    await again.close();
  });

  it('creates all of its tables or none, and opens a store that an interrupted start of an older version left', async () => {
    const tables = () => {
      const database = new Database(path);
      const rows = database.prepare("select name from sqlite_master where name in ('instances', 'health')").all();
      database.close();
      return rows.length;
    };
    await (await Store.open(path)).close();
    rmSync(path);
    const database = new Database(path);
    database.exec('create view binds as select 1 as one');
    database.close();
    await expect(Store.open(path)).rejects.toThrow('cannot be used');
    expect(tables()).toBe(0);

    const older = new Database(path);
    older.exec('drop view binds');
    older.exec('delete from kysely_migration');
    older.close();
    await (await Store.open(path)).close();
    const interrupted = new Database(path);
    interrupted.exec('delete from kysely_migration; drop table binds; drop table health');
    interrupted.close();
    await (await Store.open(path)).close();
    expect(tables()).toBe(2);
  });

  it('deletes binds together with their instance', async () => {
    const store = await Store.open(':memory:');
    await store.save(instance);
    await store.saveBind('id1', bind);
    await store.remove('id1');
    expect(await store.find('db1')).toBeUndefined();
    expect(await store.activeBinds('id1')).toEqual([]);
  });

  it('keeps keys such as __proto__ unchanged', async () => {
    const store = await Store.open(':memory:');
    const parameters = JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":"x"}') as StoredInstance['parameters'];
    await store.save({ ...instance, parameters });
    expect(JSON.stringify((await store.find('db1'))?.parameters)).toBe(
      '{"__proto__":{"polluted":"yes"},"constructor":"x"}',
    );
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });
});
