import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { postgres } from '../../../src/backends/postgres/index.js';
import type { Variables } from '../../../src/tsuru/backend.js';
import { createAdmin } from '../support/postgres-admin.js';
import {
  ask,
  connect,
  objectsWith,
  ownObjectsWith,
  queryAs,
  testBackend,
  TestInstance,
  testOptions,
} from '../support/postgres-backend.js';
import { startPostgres, type PostgresServer } from '../support/postgres-server.js';

const backend = testBackend();
afterAll(() => backend.close?.());

/** An app that writes in a loop, and connects again whenever its session ends. */
function busyApp(variables: Variables) {
  const state = { isStopped: false, writes: 0 };
  const work = (async () => {
    while (!state.isStopped) {
      const client = await connect(variables).catch(() => undefined);
      try {
        await client?.query('CREATE TABLE IF NOT EXISTS busy (id serial, text text)');
        while (client !== undefined && !state.isStopped) {
          await client.query(`INSERT INTO busy (text) SELECT repeat('x', 100) FROM generate_series(1, 100)`);
          state.writes++;
        }
      } catch {
        // It connects again.
      } finally {
        await client?.end();
        await pause(1);
      }
    }
  })();
  const stop = async () => {
    state.isStopped = true;
    await work;
  };
  return { state, stop };
}

describe('destroy', () => {
  it('leaves nothing while apps write and connect again in a loop', async () => {
    const instance = await new TestInstance(backend, 'under-load').create();
    const bound = await Promise.all(['load1', 'load2', 'load3'].map((app) => instance.bind(app)));
    const apps = bound.map(busyApp);
    while (apps.some(({ state }) => state.writes < 20)) await pause(10);
    await instance.destroy();
    for (const text of [instance.data.database, '_load']) expect(await ownObjectsWith(text)).toEqual([]);
    await Promise.all(apps.map(({ stop }) => stop()));
    expect(await ownObjectsWith(instance.data.database)).toEqual([]);
  });

  it('accepts an instance that is gone, and one that was never created', async () => {
    const instance = await new TestInstance(backend).create();
    await instance.destroy();
    await instance.destroy();
    await new TestInstance(backend).destroy();
  });

  it('does not touch the role of a person who was let in', async () => {
    const instance = await new TestInstance(backend).create();
    await ask(`CREATE ROLE visitor LOGIN; GRANT "${instance.data.owner}" TO visitor`);
    await instance.destroy();
    expect(await objectsWith('visitor')).toEqual(['visitor']);
    await ask('DROP ROLE visitor');
  });
});

describe('destroy, while the server vacuums the database', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    // A worker that starts at once and takes its time.
    const settings = { autovacuum_naptime: '1', autovacuum_vacuum_cost_delay: '100', autovacuum_vacuum_cost_limit: '1' };
    server = await startPostgres({ settings: { fsync: 'off', ...settings } });
    return () => server.stop();
  });

  it('ends that too, which only a superuser may do by force', async () => {
    const superuser = { DATABASE_URL: server.url() };
    const own = postgres(testOptions({ POSTGRES_ADMIN_URL: await createAdmin(server) }));
    const instance = await new TestInstance(own).create();
    await queryAs(await instance.bind(), 'CREATE TABLE big AS SELECT generate_series(1, 100000) AS id; DELETE FROM big');
    const { database } = instance.data;
    const worker = `SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = '${database}'`;
    while ((await queryAs(superuser, worker)).length === 0) await pause(20);
    await instance.destroy();
    expect(await queryAs(superuser, `SELECT FROM pg_database WHERE datname = '${database}'`)).toEqual([]);
    await own.close?.();
  });
});
