import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { createLogger } from '../../src/tsuru/log.js';
import { withPatience } from '../../src/tsuru/store-connection.js';
import { openStore } from '../../src/tsuru/store-open.js';
import type { Store } from '../../src/tsuru/store.js';
import { startPostgres, type PostgresServer } from './support/postgres-server.js';
import { network, transactionPooler } from './support/proxies.js';
import { gate, testService, until } from './support/service.js';
import { instance } from './support/stored.js';

const LIMIT = 12;

/** A server in every mood, as the role of the store meets it. */
describe('the server of the store', () => {
  let server: PostgresServer;
  let databases = 0;
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off', idle_session_timeout: '500' } });
    await execute(`create role service login password 'x' connection limit ${LIMIT}`);
  });
  afterAll(async () => {
    await server.stop();
  });

  async function execute(sql: string, url = server.url()): Promise<void> {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  /** The URL of a new database of the role. */
  async function database(options = ''): Promise<string> {
    const name = `store${++databases}`;
    await execute(`create database ${name} owner service template template0 ${options}`);
    return server.url(name, 'service', 'x');
  }

  async function open(url: string, patience = 5_000): Promise<Store> {
    const store = await withPatience(patience, () => openStore({ url }, createLogger('silent')));
    onTestFinished(() => store.close());
    return store;
  }

  const create = (test: Awaited<ReturnType<typeof testService>>, name = 'db1') =>
    test.call('POST', '/resources', { name, team: 't' });
  const bind = (test: Awaited<ReturnType<typeof testService>>, app = 'a1') =>
    test.call('POST', '/resources/db1/bind-app', { 'app-name': app });

  it('is refused behind a pooler in transaction mode', async () => {
    await expect(open(await transactionPooler(await database()))).rejects.toThrow('a pooler in transaction mode');
  });

  it('is refused when its database has another encoding, and says how to make one', async () => {
    const url = await database("encoding 'LATIN1' locale 'C'");
    await expect(open(url)).rejects.toThrow("ENCODING 'UTF8' TEMPLATE template0");
    const store = await open(await database("encoding 'SQL_ASCII' locale 'C'"));
    await store.save({ ...instance, description: 'ü 😀' });
    expect(await store.find('db1')).toMatchObject({ description: 'ü 😀', damaged: [] });
  });

  it('is refused when it is read-only, and locks nothing once it becomes so', async () => {
    const url = await database();
    const store = await open(url);
    await execute(`alter database store${databases} set default_transaction_read_only = on`);
    await expect(open(url, 0)).rejects.toThrow('read-only');
    await expect(withPatience(0, () => store.coordination.tryLock('a'))).rejects.toMatchObject({ status: 503 });
  });

  it('is refused when it does not answer', async () => {
    const { url, hang } = await network(await database());
    hang(true);
    await expect(open(url, 0)).rejects.toThrow(/the store cannot be used: .*time/);
  });

  it('may hang for a while: the health check says so, and the requests go on', async () => {
    const { url, hang } = await network(await database());
    const test = await testService({ store: await open(url) });
    await create(test);
    hang(true);
    const reply = bind(test);
    expect((await test.call('GET', '/healthcheck')).status).toBe(503);
    hang(false);
    expect((await reply).status).toBe(201);
    expect((await test.call('GET', '/healthcheck')).status).toBe(200);
  });

  it('may close idle sessions: locks stay, announcements arrive and the queue works', async () => {
    const url = await database();
    const [one, other] = [await open(url), await open(url)];
    const test = await testService({ store: one, provisioning: 'background' });
    const lock = await one.coordination.tryLock('a');
    const heard: string[] = [];
    one.coordination.onRemoval((name) => heard.push(name));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect([lock?.lost.aborted, await other.coordination.tryLock('a')]).toEqual([false, undefined]);
    await other.coordination.announceRemoval('db9');
    await create(test);
    await until(async () => (await one.find('db1'))?.state === 'ready' && heard.length > 0);
    expect(heard).toEqual(['db9']);
    await test.service.lifeCycle.stop(Promise.resolve(), 0);
  });

  it('may have no connection left: what has one goes on, and the rest waits', async () => {
    const url = await database();
    const [one, other] = [await open(url), await open(url)];
    const [first, second] = [await testService({ store: one }), await testService({ store: other })];
    await create(first);
    const others: pg.Client[] = [];
    for (let isFull = false; !isFull; ) {
      const client = new pg.Client(url);
      client.on('error', () => {});
      await client.connect().then(
        () => others.push(client),
        () => (isFull = true),
      );
      await client.query('set idle_session_timeout = 0').catch(() => {});
    }
    const { opened, open: release } = gate();
    first.backend.instead.bindApp = () => opened.then(() => ({}));
    const replies = ['a1', 'a2'].map((app) => bind(first, app));
    expect((await withPatience(0, () => bind(second, 'a3'))).status).toBe(503);
    release();
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([201, 201]);
    const patient = bind(second, 'a3');
    await Promise.all(others.map((client) => client.end()));
    expect((await patient).status).toBe(201);
  });

  it('may have a job that no replica can work on: the others are done', async () => {
    const url = await database();
    const store = await open(url);
    const test = await testService({ store, provisioning: 'background' });
    await create(test);
    await until(async () => (await store.find('db1'))?.state === 'ready');
    await execute("select graphile_worker.add_job('create', '[1]'), graphile_worker.add_job('other', '{}')", url);
    await create(test, 'db2');
    await until(async () => (await store.find('db2'))?.state === 'ready');
    await test.service.lifeCycle.stop(Promise.resolve(), 0);
  });

  it('gives up a creation that was taken too often, and creates it again when it is asked for', async () => {
    const url = await database();
    const store = await open(url);
    await store.save({ ...instance, state: 'pending' });
    await store.coordination.queue?.add(instance, true);
    await execute('update graphile_worker._private_jobs set attempts = max_attempts', url);
    const test = await testService({ store, provisioning: 'background' });
    await until(async () => (await store.find('db1'))?.state === 'failed');
    expect(test.backend.methods).toEqual([]);
    await create(test);
    await until(async () => (await store.find('db1'))?.state === 'ready');
    await test.service.lifeCycle.stop(Promise.resolve(), 0);
  });

  it('finds what it looks for often by an index, among many instances', async () => {
    const url = await database();
    const store = await open(url);
    await execute(
      `insert into instances select 'id' || n, 'db' || n, 'ready', 't', '', '', '[]', '{}', '{}', '', '{}', null
       from generate_series(1, 20000) n;
       insert into binds select 'id' || n, 'app', 'a' || n, 'bound', 's', '{}', null from generate_series(1, 20000) n;
       analyze`,
      url,
    );
    await store.pending();
    await store.forgetUnbound(new Date());
    await store.bindsElsewhere('id1', 'app', 'a2');
    const client = new pg.Client(url);
    await client.connect();
    const scans = async () =>
      (await client.query<{ name: string }>('select indexrelname as name from pg_stat_user_indexes where idx_scan > 0')).rows.map(
        ({ name }) => name,
      );
    const wanted = ['instances_by_state', 'binds_to_forget', 'binds_of_a_workload'];
    await until(async () => {
      const used = await scans();
      return wanted.every((name) => used.includes(name));
    });
    await client.end();
  });
});
