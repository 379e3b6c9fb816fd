import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { storeConfig, storeVariables } from '../../src/tsuru/store-config.js';
import { openTables } from '../../src/tsuru/store-open.js';
import { migrations } from '../../src/tsuru/store-tables.js';
import { exportTables, importTables } from '../../src/tsuru/store-transfer.js';
import { testService, until } from './support/service.js';
import { storePlace, type StorePlace } from './support/store.js';
import { bind, instance, writable } from './support/stored.js';

const COMMAND = ['--import', 'ts-blank-space/register', 'src/tsuru/store-copy.ts'];

describe('store:copy', () => {
  let directory: string;
  let places: [StorePlace, StorePlace];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'copy-'));
    places = [await storePlace(), await storePlace()];
  });
  afterEach(async () => {
    await Promise.all(places.map((place) => place.remove()));
    rmSync(directory, { recursive: true, force: true });
  });

  const fileOf = (name: string) => join(directory, name);

  /** What `npm run store:copy` prints, as a process; rejects with its errors. */
  async function command(place: StorePlace, ...flags: string[]): Promise<string> {
    const run = promisify(execFile)(process.execPath, [...COMMAND, ...flags], {
      env: { ...process.env, ...place.environment },
    });
    return (await run).stdout;
  }

  /** The same in this process. */
  async function copy(place: StorePlace, direction: '--from' | '--to', path: string): Promise<void> {
    const { db, close } = await openTables(storeConfig(z.object(storeVariables).parse(place.environment)));
    await (direction === '--to' ? exportTables : importTables)(db, path).finally(close);
  }

  async function fill(place: StorePlace, count = 1): Promise<void> {
    const store = await place.open();
    const locked = await writable(store);
    await store.claim('my-service');
    const parameters = JSON.parse('{"__proto__":{"a":"ü\\u0000😀"}}') as typeof instance.parameters;
    for (let number = 1; number <= count; number++) {
      const state = (['pending', 'ready', 'failed', 'removing'] as const)[number % 4] ?? 'ready';
      await locked.save({ ...instance, id: `id${number}`, name: `db${number}`, state, parameters });
      await locked.saveBind(`id${number}`, { ...bind, state: 'unbound', unboundAt: new Date(0) });
      await locked.saveBind(`id${number}`, { ...bind, kind: 'job' });
    }
    await locked.rememberRemoval('gone');
    await store.close();
  }

  it('brings every row, unchanged, to another store', async () => {
    const [from, to] = places;
    await fill(from, 600);
    expect(await command(from, '--to', fileOf('one'))).toBe('Copied 600 instances and 1200 binds.\n');
    expect(statSync(fileOf('one')).mode & 0o777).toBe(0o600);
    expect(await command(to, '--from', fileOf('one'))).toContain('Copied 600 ');
    await copy(to, '--to', fileOf('two'));
    expect(readFileSync(fileOf('two'), 'utf8')).toBe(readFileSync(fileOf('one'), 'utf8'));
    const [before, after] = [await from.open(), await to.open()];
    expect(JSON.stringify(await after.find('db7'))).toBe(JSON.stringify(await before.find('db7')));
    expect(await after.activeBinds('id7')).toEqual([{ ...bind, kind: 'job' }]);
    await Promise.all([before.close(), after.close()]);
  });

  it('reads the file of either store', async () => {
    const [, to] = places;
    const file = [
      { migrations: Object.keys(migrations), counts: { owner: 1, instances: 1, binds: 1, late_removals: 0 } },
      ['owner', { service: 'my-service' }],
      ['instances', { id: 'id1', name: 'db1', state: 'ready', team: 't', plan: 'p', description: '', tags: '[]', parameters: '{}', data: '{}', error: '', requested_by: '{}', cluster: null, created_at: '2026-01-01 00:00:00' }],
      ['binds', { instance_id: 'id1', kind: 'app', name: 'a1', state: 'bound', secret: 's', variables: '{"A":"1"}', parameters: '{}', unbound_at: null, created_at: '2026-01-01 00:00:00.123456' }],
    ];
    const text = file.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(fileOf('one'), text);
    await copy(to, '--from', fileOf('one'));
    await copy(to, '--to', fileOf('two'));
    expect(readFileSync(fileOf('two'), 'utf8')).toBe(text);
  });

  it('brings creations that are pending, and they continue', async () => {
    const [from, to] = places;
    const store = await from.open();
    const locked = await writable(store);
    await locked.save({ ...instance, state: 'pending' });
    await store.close();
    await copy(from, '--to', fileOf('one'));
    await copy(to, '--from', fileOf('one'));
    const test = await testService({ store: await to.open(), provisioning: 'background' });
    await test.service.lifeCycle.resume();
    await until(async () => (await test.store.find('db1'))?.state === 'ready');
    expect(test.backend.methods).toEqual(['create']);
    await test.service.lifeCycle.stop(Promise.resolve(), 0);
    await test.store.close();
  });

  it('refuses a store that a service uses, and leaves no file', async () => {
    const [from] = places;
    await fill(from);
    const store = await from.open();
    await expect(command(from, '--to', fileOf('one'))).rejects.toThrow(/Nothing was copied: .* (use|uses) /);
    expect(existsSync(fileOf('one'))).toBe(false);
    await store.close();
  });

  it('refuses a store that is not empty, an incomplete file, and one of another service', async () => {
    const [from, to] = places;
    await fill(from);
    await copy(from, '--to', fileOf('one'));
    await expect(copy(from, '--to', fileOf('one'))).rejects.toThrow('EEXIST');
    await expect(copy(to, '--to', fileOf('two'))).rejects.toThrow('the store is empty');
    await expect(copy(from, '--from', fileOf('one'))).rejects.toThrow('the store is not empty');
    const text = readFileSync(fileOf('one'), 'utf8');
    writeFileSync(fileOf('cut'), text.split('\n').slice(0, -2).join('\n'));
    await expect(copy(to, '--from', fileOf('cut'))).rejects.toThrow('has not all of its late_removals');
    writeFileSync(fileOf('older'), text.replace('0001-', '0000-'));
    await expect(copy(to, '--from', fileOf('older'))).rejects.toThrow('another version');
    const store = await to.open();
    await store.claim('other');
    expect(await store.countStates()).toEqual({ pending: 0, ready: 0, failed: 0, removing: 0 });
    await store.close();
    await expect(copy(to, '--from', fileOf('one'))).rejects.toThrow('of the service "my-service"');
    await expect(command(to)).rejects.toThrow('Usage: ');
  });
});
