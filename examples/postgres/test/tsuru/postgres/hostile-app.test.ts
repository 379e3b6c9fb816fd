import { setTimeout as pause } from 'node:timers/promises';

import type pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Variables } from '../../../src/tsuru/backend.js';
import { ask, codeOf, connect, ownObjectsWith, queryAs, testBackend, TestInstance } from '../support/postgres-backend.js';

const backend = testBackend();
afterAll(() => backend.close?.());

const WRONG_PASSWORD = '28P01';
const NO_PRIVILEGE = '42501';

let instance: TestInstance;
let app: Variables;
let other: Variables;
/** The app's session, which it keeps open. */
let session: pg.Client;

beforeEach(async () => {
  instance = await new TestInstance(backend, 'victim').create();
  app = await instance.bind('app1');
  other = await instance.bind('app2');
  session = await connect(app);
  await queryAs(other, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
});

afterEach(async () => {
  await instance.destroy();
  await session.end();
  const names = [instance.data.database, app['PGUSER'], other['PGUSER']];
  for (const name of names) expect(await ownObjectsWith(name ?? '')).toEqual([]);
  expect(await ask('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
});

/** Sends statements in a session; `$APP`, `$OTHER`, `$OWNER` and `$DATABASE` stand for those of the instance. */
async function send(client: pg.Client, statements: string[]): Promise<void> {
  const names = { APP: app['PGUSER'], OTHER: other['PGUSER'], OWNER: instance.data.owner, DATABASE: instance.data.database };
  for (const statement of statements) {
    await client.query(statement.replace(/\$([A-Z]+)/g, (_, key: keyof typeof names) => `"${names[key]}"`));
  }
}

/** Unbinds the app. It is gone then, and what belongs to the others is as it was. */
async function unbindAndLook(): Promise<void> {
  await instance.unbind('app1');
  expect(await codeOf(connect(app))).toBe(WRONG_PASSWORD);
  expect(await ownObjectsWith(app['PGUSER'] ?? '')).toEqual([]);
  expect(await queryAs(other, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
}

const ITS_OWN: [title: string, statements: string[]][] = [
  ['holds a lock on its role', ['BEGIN', `ALTER ROLE $APP PASSWORD 'own'`]],
  ['holds a lock on its settings', ['BEGIN', `ALTER ROLE $APP IN DATABASE $DATABASE SET work_mem = '1MB'`]],
  ['has prepared a transaction', ['BEGIN', 'CREATE TABLE t ()', `PREPARE TRANSACTION 'p'`]],
  ['has prepared a transaction that locks its role', ['BEGIN', `ALTER ROLE $APP PASSWORD 'x'`, `PREPARE TRANSACTION 'p'`]],
  ['has prepared a transaction as the owner', ['SET ROLE $OWNER', 'BEGIN', 'CREATE TABLE t ()', `PREPARE TRANSACTION 'p'`]],
  ['has default privileges', ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO $OTHER']],
  [
    'has created objects of many kinds',
    [
      'CREATE SCHEMA s',
      'CREATE TYPE kind AS ENUM (\'a\')',
      'GRANT USAGE ON TYPE kind TO $OWNER',
      'CREATE EXTENSION citext SCHEMA s',
      'CREATE TABLE t (id int PRIMARY KEY, kind kind)',
      'CREATE POLICY p ON t TO $OTHER, $APP USING (true)',
      'CREATE PUBLICATION p FOR TABLE t',
      'SELECT lo_create(0)',
      'CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)',
      `CREATE FUNCTION f(kind) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      'CREATE CAST (kind AS int) WITH FUNCTION f(kind)',
      'SET ROLE $OWNER',
      'CREATE TABLE uses (kind kind)',
    ],
  ],
  [
    'owns a function in a schema that the owner may not change',
    [
      'SET ROLE $OWNER',
      'CREATE SCHEMA s',
      'GRANT ALL ON SCHEMA s TO $APP',
      'SET ROLE NONE',
      `CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      'SET ROLE $OWNER',
      'REVOKE ALL ON SCHEMA s FROM $OWNER',
    ],
  ],
];

describe('an unbind', () => {
  it.each(ITS_OWN)('succeeds when the app %s', async (_title, statements) => {
    await send(session, ['SET ROLE NONE', ...statements]);
    await unbindAndLook();
  });

  it('keeps the privileges that the app has granted, and grants that lost their ground', async () => {
    await send(session, [
      'SET ROLE $OWNER',
      'CREATE TABLE granted (id int); CREATE TABLE dangling (id int)',
      'GRANT SELECT ON granted, dangling TO $APP WITH GRANT OPTION',
      'SET ROLE NONE',
      'GRANT SELECT ON granted, dangling TO $OTHER',
      'SET ROLE $OWNER',
      'REVOKE ALL ON dangling FROM $APP',
    ]);
    await unbindAndLook();
    const lost = `SELECT relname FROM pg_class WHERE relname IN ('granted', 'dangling')
      AND NOT has_table_privilege('${other['PGUSER']}', oid, 'SELECT')`;
    expect(await ask(lost, instance.data.database)).toEqual([]);
  });

  it('succeeds while the app connects and locks its role in a loop', async () => {
    const state = { isStopped: false };
    const loops = [1, 2].map(async () => {
      while (!state.isStopped) {
        const client = await connect(app).catch(() => undefined);
        await client?.query(`SET ROLE NONE; BEGIN; ALTER ROLE "${app['PGUSER']}" PASSWORD 'x'`).catch(() => {});
        await client?.query('SELECT pg_sleep(60)').catch(() => {});
        await client?.end();
        await pause(1);
      }
    });
    await pause(200);
    await unbindAndLook();
    state.isStopped = true;
    await Promise.all(loops);
  });

  it('does not drop what others have built on objects of the app outside of the instance', async () => {
    await ask('CREATE DATABASE meeting');
    await ask('GRANT CREATE ON SCHEMA public TO PUBLIC', 'meeting');
    const there = (variables: Variables) => ({ DATABASE_URL: (variables['DATABASE_URL'] ?? '').replace(/[^/]+$/, 'meeting') });
    await queryAs(there(app), 'CREATE TYPE shared AS (id int)');
    await queryAs(there(other), 'CREATE TABLE built OF shared; INSERT INTO built VALUES (7)');
    await unbindAndLook();
    expect(await queryAs(there(other), 'SELECT id FROM built')).toEqual([{ id: 7 }]);
    await instance.destroy();
    expect(await ask(`SELECT FROM pg_type WHERE typname IN ('shared', 'built')`, 'meeting')).toEqual([]);
    await ask('DROP DATABASE meeting');
  });
});

/** Statements of an app of another instance, which knows the names on the server from pg_roles and pg_database. */
const OF_ANOTHER: [title: string, statements: string[]][] = [
  ['has granted to its role', ['GRANT SELECT ON t TO $APP, $OWNER']],
  ['is granting to its role', ['BEGIN', 'GRANT SELECT ON t TO $APP, $OWNER']],
  ['has a policy for its role, and locks that', ['CREATE POLICY p ON t TO $APP, $OWNER USING (true)', 'BEGIN', 'LOCK TABLE t']],
  ['has settings for its database', ['SET ROLE NONE', 'BEGIN', `ALTER ROLE CURRENT_USER IN DATABASE $DATABASE SET work_mem = '1MB'`]],
  ['has prepared a grant to its role', ['BEGIN', 'GRANT SELECT ON t TO $APP, $OWNER', `PREPARE TRANSACTION 'q'`]],
];

describe('an app of another instance', () => {
  let neighbour: TestInstance;
  let intruders: pg.Client[];
  beforeEach(async () => {
    neighbour = await new TestInstance(backend, 'neighbour').create();
    const variables = [await neighbour.bind('n1'), await neighbour.bind('n2')];
    intruders = await Promise.all([0, 0, 0, 1].map((index) => connect(variables[index] ?? {})));
    await intruders[0]?.query('CREATE TABLE t (id int)');
    return async () => {
      await neighbour.destroy();
      await Promise.all(intruders.map((client) => client.end()));
    };
  });

  it.each(OF_ANOTHER)('does not keep an instance from being removed when it %s', async (_title, statements) => {
    const [intruder] = intruders;
    if (intruder !== undefined) await send(intruder, statements);
    await unbindAndLook();
    await instance.destroy();
    expect(await ownObjectsWith('_victim_')).toEqual([]);
    const limit = `SELECT datconnlimit FROM pg_database WHERE datname = '${neighbour.data.database}'`;
    expect(await ask(limit)).toEqual([{ datconnlimit: 4 }]);
  });

  it('reaches no other database of the service, and changes no other role', async () => {
    const [intruder] = intruders;
    for (const statement of [
      `ALTER ROLE ${app['PGUSER']} PASSWORD 'x'`,
      `GRANT ${instance.data.owner} TO CURRENT_USER`,
      `GRANT ${neighbour.data.owner} TO ${app['PGUSER']}`,
      `SET ROLE ${instance.data.owner}`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${app['PGUSER']}'`,
      `ALTER DATABASE ${neighbour.data.database} RENAME TO other`,
    ]) {
      expect([statement, intruder && (await codeOf(intruder.query(statement)))]).toEqual([statement, NO_PRIVILEGE]);
    }
  });
});
