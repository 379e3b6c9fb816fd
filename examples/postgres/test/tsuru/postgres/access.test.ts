import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { ask, codeOf, connect, queryAs, testBackend, TestInstance } from '../support/postgres-backend.js';

const backend = testBackend();
afterAll(() => backend.close?.());

/** PostgreSQL's codes. */
const WRONG_PASSWORD = '28P01';
const NO_PRIVILEGE = '42501';
const SESSION_ENDED = '57P01';

describe('the credentials of a bind', () => {
  let instance: TestInstance;
  let other: TestInstance;
  beforeEach(async () => {
    instance = await new TestInstance(backend).create();
    other = await new TestInstance(backend, 'db2').create();
    return async () => {
      await instance.destroy();
      await other.destroy();
    };
  });

  it('work for their own instance only', async () => {
    const [own, foreign] = [await instance.bind(), await other.bind()];
    expect(await queryAs(own, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    const elsewhere = new URL(own['DATABASE_URL'] ?? '');
    elsewhere.pathname = `/${foreign['PGDATABASE']}`;
    expect(await codeOf(connect({ DATABASE_URL: elsewhere.href }))).toBe(NO_PRIVILEGE);
  });

  it('are in the variables of libpq, too', async () => {
    const variables = await instance.bind();
    const url = new URL(variables['DATABASE_URL'] ?? '');
    expect(variables).toEqual({
      DATABASE_URL: url.href,
      PGHOST: url.hostname,
      PGPORT: url.port,
      PGUSER: url.username,
      PGPASSWORD: url.password,
      PGDATABASE: url.pathname.slice(1),
    });
    expect(variables['PGDATABASE']).toBe(instance.data.database);
  });

  it('are refused after the unbind, and open sessions end, while those of others go on', async () => {
    const [first, second] = [await instance.bind('app1'), await instance.bind('app2')];
    const [ended, living] = [await connect(first), await connect(second)];
    await ended.query('BEGIN');
    await instance.unbind('app1');
    expect(await codeOf(connect(first))).toBe(WRONG_PASSWORD);
    const code = await codeOf(ended.query('SELECT 1'));
    expect([SESSION_ENDED, undefined]).toContain(code);
    await expect(ended.query('SELECT 1')).rejects.toThrow();
    expect((await living.query('SELECT 1')).rowCount).toBe(1);
    await living.end();
  });

  it('stay the same when an app is bound again', async () => {
    const before = await instance.bind();
    expect(await instance.bind()).toEqual(before);
    await instance.unbind();
    expect(await instance.bind()).toEqual(before);
    expect(await queryAs(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('differ between an app and a job of one name', async () => {
    const [app, job] = [await instance.bind('same'), await instance.bindJob('same')];
    expect(job['PGUSER']).not.toBe(app['PGUSER']);
    await instance.unbind('same');
    expect(await queryAs(job, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await instance.unbindJob('same');
    expect(await codeOf(connect(job))).toBe(WRONG_PASSWORD);
  });

  it('do not let an app change the limits of its plan, or remove the database', async () => {
    const variables = await instance.bind();
    const { database } = instance.data;
    for (const statement of [
      `ALTER DATABASE "${database}" CONNECTION LIMIT -1`,
      `ALTER DATABASE "${database}" SET search_path = public`,
      `ALTER ROLE "${variables['PGUSER']}" CONNECTION LIMIT -1`,
      'CREATE ROLE intruder',
      'CREATE DATABASE intruder',
    ]) {
      expect([statement, await codeOf(queryAs(variables, statement))]).toEqual([statement, NO_PRIVILEGE]);
    }
    const inPostgres = { DATABASE_URL: (variables['DATABASE_URL'] ?? '').replace(/[^/]+$/, 'postgres') };
    expect(await codeOf(queryAs(inPostgres, `DROP DATABASE "${database}"`))).toBe(NO_PRIVILEGE);
  });

  it('reach the server as a SCRAM verifier', async () => {
    const { PGUSER } = await instance.bind();
    const [stored] = await ask(`SELECT rolpassword FROM pg_authid WHERE rolname = '${PGUSER}'`);
    expect(stored?.['rolpassword']).toMatch(/^SCRAM-SHA-256\$4096:/);
  });
});

describe('the tables of an app', () => {
  it('stay after its unbind, and another app reads, changes and drops them', async () => {
    const instance = await new TestInstance(backend).create();
    const first = await instance.bind('app1');
    await queryAs(first, 'CREATE TABLE notes (id int); INSERT INTO notes VALUES (7); CREATE SCHEMA more');
    await instance.unbind('app1');
    const second = await instance.bind('app2');
    expect(await queryAs(second, 'SELECT id FROM notes')).toEqual([{ id: 7 }]);
    await queryAs(second, 'ALTER TABLE notes ADD COLUMN text text; CREATE TABLE more.t (); DROP TABLE notes');
    await instance.destroy();
  });

  it('stay even when it had left the role of the owner', async () => {
    const instance = await new TestInstance(backend).create();
    const first = await instance.bind('app1');
    await queryAs(first, 'SET ROLE NONE; CREATE TABLE notes (id int); INSERT INTO notes VALUES (7)');
    await queryAs(first, 'SET ROLE NONE; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC');
    const second = await instance.bind('app2');
    // The connections of the plan are in use, and the unbind needs one.
    const open = await Promise.all([1, 2, 3].map(() => connect(second)));
    open.push(await connect(await instance.bind('app3')));
    expect(await codeOf(connect(await instance.bind('app3')))).toBe('53300');
    await instance.unbind('app1');
    expect(await codeOf(connect(await instance.bind('app3')))).toBe('53300');
    await Promise.all(open.map((client) => client.end()));
    expect(await queryAs(second, 'SELECT id FROM notes')).toEqual([{ id: 7 }]);
    await queryAs(second, 'DROP TABLE notes');
    await instance.destroy();
  });

  it('in the database of the admin account go with the app', async () => {
    const instance = await new TestInstance(backend).create();
    const elsewhere = { DATABASE_URL: (await instance.bind())['DATABASE_URL']?.replace(/[^/]+$/, 'postgres') ?? '' };
    // As PostgreSQL 14 allows it to every role.
    await ask('GRANT CREATE ON SCHEMA public TO PUBLIC');
    await queryAs(elsewhere, 'CREATE TABLE stray (id int); CREATE VIEW on_it AS SELECT * FROM stray');
    await queryAs(elsewhere, `SET ROLE "${instance.data.owner}"; CREATE TABLE stray_of_owner (id int)`);
    await ask('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    await instance.unbind();
    await instance.destroy();
    expect(await ask(`SELECT relname FROM pg_class WHERE relname LIKE 'stray%'`)).toEqual([]);
  });
});
