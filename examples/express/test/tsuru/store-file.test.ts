import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openStore } from '../../src/tsuru/store-open.js';
import { bind, instance, writable } from './support/stored.js';

describe('the file of the store', () => {
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
    const store = await openStore({ path });
    const locked = await writable(store);
    await locked.save(instance);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('is used by one process at a time, and the error of a second one names the first', async () => {
    const store = await openStore({ path });
    await expect(openStore({ path })).rejects.toThrow(`is in use by process ${process.pid} on `);
    await store.close();
    await (await openStore({ path })).close();
  });

  it('is the same store by any path, and a plain file whatever its name', async () => {
    const store = await openStore({ path });
    const link = join(directory, 'link.db');
    symlinkSync(path, link);
    await expect(openStore({ path: link })).rejects.toThrow('is in use by');
    await store.close();
    const here = process.cwd();
    process.chdir(directory);
    try {
      const odd = await openStore({ path: 'file:%41?x.db' });
      expect(statSync(join(directory, 'file:%41?x.db')).size).toBeGreaterThan(0);
      await odd.ping();
      await odd.close();
    } finally {
      process.chdir(here);
    }
  });

  it('is unhealthy once its lock is removed', async () => {
    const store = await openStore({ path });
    rmSync(`${path}.lock`);
    await expect(store.ping()).rejects.toThrow('removed or replaced');
    await store.close();
  });

  it('truncates its log once a reader that kept it is gone', async () => {
    const store = await openStore({ path });
    const locked = await writable(store);
    await locked.save(instance);
    await locked.saveBind('id1', { ...bind, secret: 'the-secret-of-the-bind' });
    const reader = new Database(path);
    reader.exec('begin');
    reader.prepare('select * from binds').all();
    await locked.removeBind('id1', 'app', 'a1');
    reader.exec('rollback');
    reader.close();
    await store.ping();
    const bytes = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('');
    expect(bytes).not.toContain('the-secret-of-the-bind');
    await store.close();
  });

  it('makes the files of an older store readable by their owner only', async () => {
    await (await openStore({ path })).close();
    chmodSync(path, 0o644);
    const store = await openStore({ path });
    const locked = await writable(store);
    await locked.save(instance);
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('has no trace of a secret in its files once it is dropped', async () => {
    const store = await openStore({ path });
    const locked = await writable(store);
    const cluster = { pool: 'p', poolProvisioner: '', name: '', provisioner: '', addresses: [] };
    const kubeConfig = { token: 'the-token-of-the-cluster '.repeat(400) };
    await locked.save({ ...instance, cluster: { ...cluster, kubeConfig } });
    await locked.saveSettled({ ...instance, cluster: { ...cluster, kubeConfig } });
    await locked.saveBind('id1', { ...bind, secret: 'the-secret-of-the-bind', unboundAt: new Date(0), state: 'unbound' });
    await store.forgetUnbound(new Date(1));
    const bytes = [path, `${path}-wal`].map((file) => readFileSync(file, 'latin1')).join('');
    expect(bytes).not.toMatch(/the-token-of-the-cluster|the-secret-of-the-bind/);
    expect(bytes).toContain('instances');
    await store.close();
  });

  it('is healthy only while it can be written where it was opened', async () => {
    const store = await openStore({ path });
    await Promise.all([store.ping(), store.ping()]);
    renameSync(path, `${path}.away`);
    await expect(store.ping()).rejects.toThrow('removed or replaced');
    renameSync(`${path}.away`, path);
    await store.ping();
    await store.close();
  });

  it('creates all of its tables or none, and opens a store that an interrupted start of an older version left', async () => {
    const tables = () => {
      const database = new Database(path);
      const rows = database.prepare("select name from sqlite_master where name in ('instances', 'health')").all();
      database.close();
      return rows.length;
    };
    await (await openStore({ path })).close();
    rmSync(path);
    const database = new Database(path);
    database.exec('create view binds as select 1 as one');
    database.close();
    await expect(openStore({ path })).rejects.toThrow('cannot be used');
    expect(tables()).toBe(0);

    const older = new Database(path);
    older.exec('drop view binds');
    older.exec('delete from kysely_migration');
    older.close();
    await (await openStore({ path })).close();
    const interrupted = new Database(path);
    interrupted.exec('delete from kysely_migration; drop index instances_by_state');
    for (const table of ['binds', 'health', 'late_removals', 'owner']) interrupted.exec(`drop table ${table}`);
    interrupted.close();
    await (await openStore({ path })).close();
    expect(tables()).toBe(2);
  });

});
