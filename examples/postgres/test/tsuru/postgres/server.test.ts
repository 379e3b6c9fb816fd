import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { postgres } from '../../../src/backends/postgres/index.js';
import { createAdmin } from '../support/postgres-admin.js';
import { ask, ownObjectsWith, superuserUrl, testBackend, TestInstance, testOptions } from '../support/postgres-backend.js';
import { startPostgres, type PostgresServer } from '../support/postgres-server.js';

describe('a server that is down', () => {
  const options = testOptions({ POSTGRES_ADMIN_URL: 'postgres://admin:the-password@127.0.0.1:1/postgres' });
  const backend = postgres(options);
  afterAll(() => backend.close?.());

  it('is a 503 in plain words, without its address', async () => {
    const error: unknown = await new TestInstance(backend).create().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining('cannot be reached') as string });
    expect(String(error)).not.toMatch(/127\.0\.0\.1|the-password|admin/);
  });

  it('fails the health check, and the status of an instance is down', async () => {
    await expect(backend.health?.(AbortSignal.timeout(10_000))).rejects.toMatchObject({ status: 503 });
    const instance = new TestInstance(backend);
    instance.instance.data = { prefix: 'p', database: 'd', owner: 'o' };
    expect(await instance.status()).toBe('down');
  });
});

describe('a server that is up', () => {
  const backend = testBackend();
  afterAll(() => backend.close?.());

  it('passes the health check, and the status of an instance is up until its database is gone', async () => {
    await backend.health?.(AbortSignal.timeout(10_000));
    const instance = await new TestInstance(backend).create();
    expect(await instance.status()).toBe('up');
    await ask(`DROP DATABASE "${instance.data.database}"`);
    expect(await instance.status()).toBe('down');
    await instance.destroy();
  });

  it('loses a call when it ends the session, and works for the next one', async () => {
    const instance = await new TestInstance(backend).create();
    const { PGUSER = '' } = await instance.bind();
    const holder = new pg.Client(superuserUrl());
    await holder.connect();
    await holder.query(`BEGIN; ALTER ROLE "${PGUSER}" CONNECTION LIMIT 1`);
    const binding = instance.bind();
    binding.catch(() => {});
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, '${PGUSER}') > 0`;
    while ((await ask(end)).length === 0) await pause(10);
    await expect(binding).rejects.toMatchObject({ status: 503, message: expect.stringContaining('cannot be reached') as string });
    await holder.end();
    await instance.bind();
    await instance.destroy();
  });
});

describe('a server that refuses', () => {
  const url = new URL(testOptions().POSTGRES_ADMIN_URL);
  [url.username, url.password] = ['refused', 'pw'];
  beforeEach(async () => {
    await ask(`CREATE ROLE refused LOGIN CREATEDB CREATEROLE PASSWORD 'pw'`);
    return () => ask('DROP ROLE refused');
  });

  it.each([
    ['the password', `ALTER ROLE refused PASSWORD 'other'`, '', 'refuses the service'],
    ['a login', 'ALTER ROLE refused NOLOGIN', '', 'refuses the service'],
    ['a connection', 'ALTER ROLE refused CONNECTION LIMIT 0', '', 'no free connection'],
    ['a privilege', 'ALTER ROLE refused NOCREATEROLE', '', 'lacks a privilege'],
    ['to write', 'ALTER ROLE refused SET default_transaction_read_only = on', '', 'read-only'],
    ['TLS', 'ALTER ROLE refused PASSWORD NULL', '?sslmode=require', 'no TLS'],
  ])('%s is a 503 in plain words', async (_what, statement, query, text) => {
    await ask(statement);
    const refused = postgres(testOptions({ POSTGRES_ADMIN_URL: url.href + query }));
    const error: unknown = await new TestInstance(refused).create().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503, message: expect.stringContaining(text) as string });
    await refused.close?.();
  });
});

describe('a call that is cancelled', () => {
  const backend = testBackend();
  afterAll(() => backend.close?.());

  it('has ended its statement on the server when it ends, and can be repeated', async () => {
    const instance = await new TestInstance(backend).create();
    const { PGUSER = '' } = await instance.bind();
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, '${PGUSER}') > 0`;
    const holder = new pg.Client(superuserUrl());
    await holder.connect();
    await holder.query(`BEGIN; ALTER ROLE "${PGUSER}" CONNECTION LIMIT 1`);
    const controller = new AbortController();
    instance.signal = controller.signal;
    const unbinding = instance.unbind();
    unbinding.catch(() => {});
    while ((await ask(waiting)).length === 0) await pause(10);
    controller.abort(new Error('the instance is being destroyed'));
    await expect(unbinding).rejects.toThrow();
    expect(await ask(waiting)).toEqual([]);
    await holder.query('ROLLBACK');
    await holder.end();
    instance.signal = new AbortController().signal;
    await instance.unbind();
    await instance.destroy();
    expect(await ownObjectsWith(instance.data.database)).toEqual([]);
  });
});

describe('the log of the server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: { log_statement: 'all', fsync: 'off' } });
    return () => server.stop();
  });

  it('has every statement and no password', async () => {
    const backend = postgres(testOptions({ POSTGRES_ADMIN_URL: await createAdmin(server) }));
    const instance = await new TestInstance(backend).create();
    const { PGUSER = '', PGPASSWORD = '' } = await instance.bind();
    await instance.bind();
    await instance.unbind();
    await instance.destroy();
    await backend.close?.();
    expect(server.log()).toContain(`CREATE ROLE "${PGUSER}" LOGIN PASSWORD 'SCRAM-SHA-256$`);
    expect(server.log()).toContain(`ALTER ROLE "${PGUSER}" LOGIN PASSWORD 'SCRAM-SHA-256$`);
    expect(server.log()).not.toContain(PGPASSWORD);
  });
});
