import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { answers } from '../../src/tsuru/answers.js';
import { createLogger } from '../../src/tsuru/log.js';
import { openStore } from '../../src/tsuru/store-open.js';
import { migrations } from '../../src/tsuru/store-tables.js';
import { startPostgres } from './support/postgres-server.js';
import { startProcess } from './support/process.js';
import { gate, testService, until, type TestService } from './support/service.js';
import { storePlace, type StorePlace } from './support/store.js';

type Options = NonNullable<Parameters<typeof testService>[0]> & { backend?: never };

const create = (test: TestService, name = 'db1') => test.call('POST', '/resources', { name, team: 't' });
const status = async (test: TestService) => (await test.call('GET', '/resources/db1/status')).status;
const destroy = (test: TestService) => test.call('DELETE', '/resources/db1', { user: 'u' });
const bind = (test: TestService, app: string) => test.call('POST', '/resources/db1/bind-app', { 'app-name': app });
const unbind = (test: TestService, app: string) => test.call('DELETE', '/resources/db1/bind-app', { 'app-name': app });

/** The calls of the backends of all replicas. */
const methods = (...all: TestService[]) => all.flatMap(({ backend }) => backend.methods);

/** The promise rejects when the signal of a request is aborted. */
const aborted = ({ signal }: { signal: AbortSignal }) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('replicas on one store', () => {
  let place: StorePlace;
  const started: TestService[] = [];
  beforeEach(async () => {
    place = await storePlace();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(({ service }) => service.lifeCycle.stop(Promise.resolve(), 0)));
    await place.remove();
  });

  async function replica(options: Options = {}): Promise<TestService> {
    const test = await testService({ ...options, store: await place.open() });
    started.push(test);
    return test;
  }
  const two = async (options: Options = {}) => [await replica(options), await replica(options)] as const;

  it.each(['inline', 'background'] as const)('provision an instance once, %s', async (provisioning) => {
    const [one, other] = await two({ provisioning });
    const { opened, open } = gate();
    for (const test of [one, other]) test.backend.instead.create = () => opened;
    const replies = [one, other, one, other].map((test) => create(test));
    await until(() => methods(one, other).length > 0);
    open();
    expect((await Promise.all(replies)).map((reply) => reply.status)).toEqual(Array(4).fill(201));
    await until(async () => (await status(other)) === 204);
    expect(methods(one, other)).toEqual(['create']);
  });

  it.each(['arrives', 'is missed'])('abort the creation of another one: the announcement %s', async (how) => {
    const [one, other] = await two({ provisioning: 'background' });
    for (const test of [one, other]) test.backend.instead.create = aborted;
    await create(one);
    await until(() => methods(one, other).length > 0);
    const [, remover] = one.backend.methods.length > 0 ? [one, other] : [other, one];
    if (how === 'is missed') Object.assign(remover.store.coordination, { announceRemoval: async () => {} });
    expect((await destroy(remover)).status).toBe(200);
    expect(await status(one)).toBe(404);
    expect(methods(one, other).sort()).toEqual(['create', 'destroy']);
  });

  it('continue when the one that creates is killed', async () => {
    const killed = startProcess(
      { ...place.environment, SERVICE_USERNAME: 'user', SERVICE_PASSWORD: 'pass' },
      false,
      ['./test/tsuru/support/use-endless-backend.ts'],
    );
    onTestFinished(() => void killed.child.kill('SIGKILL'));
    const headers = { authorization: `Basic ${btoa('user:pass')}`, 'x-tsuru-pool-name': 'pool1' };
    const body = new URLSearchParams({ name: 'db1', team: 't', plan: '' });
    void fetch(`${await killed.address}/resources`, { method: 'POST', headers, body }).catch(() => {});
    await until(() => killed.output().includes('creating'));
    const other = await replica({ provisioning: answers.provisioning });
    expect([await status(other), other.backend.methods]).toEqual([202, []]);
    killed.child.kill('SIGKILL');
    await killed.ended;
    // In the background it is created by itself, and inline by the next create.
    await until(async () => (await status(other)) !== 202);
    if (answers.provisioning === 'inline') await create(other);
    expect([await status(other), other.backend.methods]).toEqual([204, ['create']]);
  });

  it('run an operation again whose lock was lost, and store nothing of the first run', async () => {
    const [one, other] = await two();
    await create(one);
    const secrets: string[] = [];
    one.backend.instead.bindApp = async (request) => {
      secrets.push((request as { secret?: string }).secret ?? '');
      if (secrets.length === 1) await aborted(request);
      return { RUN: String(secrets.length) };
    };
    const reply = bind(one, 'a1');
    await until(() => secrets.length === 1);
    await place.loseLocks();
    expect(await reply).toMatchObject({ status: 201, body: '{"RUN":"2"}' });
    expect(secrets[1]).toBe(secrets[0]);
    expect(await bind(other, 'a1')).toMatchObject({ status: 201, body: '{"RUN":"2"}' });
  });

  it('migrate once when four start at the same time', async () => {
    const environment = { ...place.environment, SERVICE_USERNAME: 'user', SERVICE_PASSWORD: 'pass' };
    const processes = [1, 2, 3, 4].map(() => startProcess(environment));
    onTestFinished(() => processes.forEach(({ child }) => child.kill('SIGKILL')));
    const addresses = await Promise.all(processes.map(({ address }) => address));
    const replies = await Promise.all(addresses.map((address) => fetch(`${address}/healthcheck`)));
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200]);
    const known = await place.query('select name from kysely_migration order by name');
    expect(known.map(({ name }) => name)).toEqual(Object.keys(migrations));
    for (const { child } of processes) child.kill('SIGTERM');
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  });

  it('start while another service changes its tables', async () => {
    let isOver = false;
    const others = [1, 2, 3].map(async (number) => {
      const schema = `${place.schema}_other${number}`;
      while (!isOver) {
        await place.execute(`create schema "${schema}"; create table "${schema}".t (a serial, b text)`);
        await place.execute(`alter table "${schema}".t rename column b to c`);
        await place.execute(`drop schema "${schema}" cascade`);
      }
    });
    for (let count = 0; count < 30; count++) await (await place.open()).close();
    isOver = true;
    await Promise.all(others);
  });

  it('work on the tables of a newer version', async () => {
    await create(await replica());
    await place.execute(`
      insert into kysely_migration values ('9999-newer', now()::text);
      alter table instances add column newer text not null default 'x';
      alter table binds add column newer integer`);
    const older = await replica();
    expect((await bind(older, 'a1')).status).toBe(201);
    expect((await create(older, 'db2')).status).toBe(201);
    expect((await destroy(older)).status).toBe(200);
  });
});

describe('a server that stops', () => {
  const directory = join(tmpdir(), `postgres-${randomBytes(8).toString('hex')}`);
  const options = { directory, password: 'postgres' };
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is waited for by every request, and no longer than a minute', async () => {
    let server = await startPostgres(options);
    onTestFinished(() => server.stop());
    const url = server.url();
    const port = Number(new URL(url).port);
    const log = createLogger('silent');
    const stores = [await openStore({ url }, log), await openStore({ url }, log), await openStore({ url }, log, 500)];
    onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))));
    const all = await Promise.all(stores.map((store) => testService({ store })));
    const [one, other, hasty] = all as [TestService, TestService, TestService];
    await create(one);

    const statuses: number[] = [];
    let isOver = false;
    const load = [one, other, one, other].map(async (test, index) => {
      while (!isOver) for (const call of [bind, unbind]) statuses.push((await call(test, `app${index}`)).status);
    });
    await until(() => statuses.length > 10);
    await server.stop();
    const before = statuses.length;
    server = await startPostgres({ ...options, port });
    await until(() => statuses.length > before + 10);
    isOver = true;
    await Promise.all(load);
    expect(new Set(statuses)).toEqual(new Set([200, 201]));

    await server.stop();
    const late = await bind(hasty, 'a1');
    expect([late.status, late.body]).toEqual([503, expect.stringContaining('Try again in a minute')]);
    expect((await one.call('GET', '/healthcheck')).status).toBe(503);
    server = await startPostgres({ ...options, port });
    expect((await bind(other, 'a1')).status).toBe(201);
  });
});
