import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { prefixOf } from '../../../src/backends/postgres/names.js';
import { answers } from '../../../src/tsuru/answers.js';
import type { Store } from '../../../src/tsuru/store.js';
import { BackendTrial } from '../support/backend.js';
import { ask, objectsWith, queryAs, superuserUrl, testBackend, TestInstance } from '../support/postgres-backend.js';
import { startTestServer } from '../support/postgres-setup.js';
import { storePlace } from '../support/store.js';

// A server of its own: these tests take privileges away, and look at everything on the server.
const server = await startTestServer();
const ADMIN = process.env['POSTGRES_ADMIN_URL'] ?? '';

/** The account of the doctor's patient, whose privileges the tests take away. */
const PATIENT = 'patient';
const patientUrl = new URL(ADMIN);
[patientUrl.username, patientUrl.password] = [PATIENT, 'pw'];

const place = await storePlace();
afterAll(() => Promise.all([place.remove(), server.stop()]));

/** Runs it as `npm run doctor` does. */
async function doctor(environment: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'src/backends/postgres/doctor.ts'], {
    env: {
      ...process.env,
      ...{ SERVICE_USERNAME: 'svc', SERVICE_PASSWORD: 'the password of the service', ...place.environment },
      POSTGRES_ADMIN_URL: patientUrl.href,
      ...environment,
    },
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: output + errors };
}

/** Executes the statements that the doctor prints for problems, as a superuser in psql. */
async function takeAdvice(output: string): Promise<void> {
  for (const [, statements = ''] of output.matchAll(/^✗.*\n((?: {4}.+\n)*)/gm)) {
    let database = 'postgres';
    for (const [, line = ''] of statements.matchAll(/^ {4}(.+)$/gm)) {
      const [, other] = /^\\connect "(.+)"$/.exec(line) ?? [];
      if (other === undefined) await ask(line, database);
      else database = other;
    }
  }
}

/** Everything that a statement could change, apart from what other tests do at the same time. */
const state = () =>
  ask(`SELECT (SELECT json_agg(to_json(pg_authid)) FROM pg_authid WHERE rolname = '${PATIENT}') AS account,
              (SELECT json_agg(to_json(pg_database)) FROM pg_database WHERE datname = 'postgres') AS database`);

beforeAll(async () => {
  await ask(`CREATE ROLE ${PATIENT} LOGIN CREATEDB CREATEROLE PASSWORD 'pw'`);
  await (await place.open()).close();
});

describe('the doctor, asked about the account', () => {
  afterEach(() => ask(`ALTER ROLE ${PATIENT} LOGIN CREATEDB CREATEROLE INHERIT NOSUPERUSER CONNECTION LIMIT -1 PASSWORD 'pw'`));

  it('finds nothing when nothing is missing', async () => {
    const { code, output } = await doctor();
    expect(output).toContain('✓ The service can work with this server.');
    expect(output).not.toContain('✗');
    expect(code).toBe(0);
  });

  it.each(['NOCREATEDB', 'NOCREATEROLE', 'NOINHERIT', 'CONNECTION LIMIT 2', 'NOLOGIN'])(
    'names the statement that puts %s right, and changes nothing itself',
    async (attribute) => {
      await ask(`ALTER ROLE ${PATIENT} ${attribute}`);
      const before = await state();
      const { code, output } = await doctor();
      expect(output).toContain('✗');
      expect(code).toBe(1);
      expect(await state()).toEqual(before);
      await takeAdvice(output);
      expect(await doctor()).toMatchObject({ code: 0 });
    },
  );

  it('names the privilege to connect', async () => {
    await ask(`CREATE DATABASE closed; `);
    await ask(`REVOKE CONNECT ON DATABASE closed FROM PUBLIC`);
    const url = new URL(patientUrl);
    url.pathname = '/closed';
    const { code, output } = await doctor({ POSTGRES_ADMIN_URL: url.href });
    expect(output).toContain(`GRANT CONNECT ON DATABASE "closed" TO "${PATIENT}";`);
    expect(code).toBe(1);
    await takeAdvice(output);
    expect(await doctor({ POSTGRES_ADMIN_URL: url.href })).toMatchObject({ code: 0 });
    await ask('DROP DATABASE closed');
  });

  it.each([
    ['a wrong password', /:pw@/, ':wrong@', /refuses the password/],
    ['a port where nothing listens', /:\d+\/postgres/, ':1/postgres', /cannot be reached/],
    ['a database that does not exist', /\/postgres$/, '/missing', /has no database missing/],
    ['TLS, which the server does not have', /$/, '?sslmode=require', /cannot be reached.*SSL/],
  ])('explains %s', async (_case, from, to, explanation) => {
    const { code, output } = await doctor({ POSTGRES_ADMIN_URL: patientUrl.href.replace(from, to) });
    expect(output).toMatch(explanation);
    expect(output).not.toMatch(/pw@|:wrong@/);
    expect(code).toBe(1);
  });

  it('advises against a superuser, and warns of an address for apps that it cannot reach', async () => {
    const { code, output } = await doctor({
      POSTGRES_ADMIN_URL: superuserUrl(),
      POSTGRES_PUBLIC_HOST: '127.0.0.1',
      POSTGRES_PUBLIC_PORT: '1',
    });
    expect(output).toMatch(/• postgres is a superuser/);
    expect(output).toMatch(/• The address for apps, 127\.0\.0\.1:1, cannot be reached from here/);
    expect(code).toBe(0);
  });

  it('names the settings that are missing', async () => {
    const { code, output } = await doctor({ POSTGRES_ADMIN_URL: '' });
    expect(output).toContain('POSTGRES_ADMIN_URL is empty');
    expect(code).toBe(1);
  });
});

describe('the doctor, asked about the objects on the server', () => {
  const backend = testBackend({ POSTGRES_ADMIN_URL: patientUrl.href, service: answers.service });
  let store: Store;
  let trial: BackendTrial;

  beforeAll(async () => {
    store = await place.open();
    trial = await BackendTrial.of(backend, store);
    await trial.create('db1');
    await trial.bindApp('db1', 'app1');
    await trial.bindJob('db1', 'job1');
    return async () => {
      await trial.destroy('db1');
      await store.close();
      await backend.close?.();
    };
  });

  it('knows those of the instances, while the service is running', async () => {
    const { code, output } = await doctor();
    expect(output).toContain('1 instances in the store');
    expect(output).not.toContain('✗');
    expect(code).toBe(0);
  });

  it('lists what no instance owns, with the statements that remove it', async () => {
    const lost = await new TestInstance(backend, 'lost').create();
    await lost.bind('lost-app');
    await queryAs(await lost.bind('lost-app'), 'CREATE TABLE t ()');
    const half = await new TestInstance(backend, 'half').create();
    await ask(`DROP DATABASE "${half.data.database}"`);
    const before = await objectsWith(prefixOf(answers.service));
    const { code, output } = await doctor();
    for (const left of [lost.data.database, lost.data.owner, half.data.owner]) {
      expect(output).toContain(`DROP ${left.endsWith('_owner') ? 'ROLE' : 'DATABASE'} "${left}"`);
    }
    expect(code).toBe(1);
    expect(await objectsWith(prefixOf(answers.service))).toEqual(before);
    await takeAdvice(output);
    for (const name of ['_lost_', '_half_']) expect(await objectsWith(name)).toEqual([]);
    expect(await doctor()).toMatchObject({ code: 0 });
  });

  it('hands what the role of an app has created to its instance', async () => {
    const prefix = prefixOf(answers.service);
    const [database = '', owner = ''] = await objectsWith(`${prefix}_db1_`);
    const role = `${prefix}_left_app`;
    await ask(`CREATE ROLE ${role} IN ROLE ${owner}`);
    await ask(`GRANT CREATE ON SCHEMA public TO ${role}`, database);
    await ask(`SET ROLE ${role}; CREATE TYPE kind AS ENUM ('a'); CREATE TABLE own (id int)`, database);
    await ask(`CREATE TABLE uses (kind kind)`, database);
    const { output } = await doctor();
    expect(output).not.toContain('CASCADE');
    await takeAdvice(output);
    expect(await objectsWith(role)).toEqual([]);
    await ask('SELECT kind FROM uses', database);
    expect(await ask(`SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'own'`, database)).toEqual([
      { owner },
    ]);
    await ask('DROP TABLE uses', database);
  });

  it('leaves the objects of other services alone', async () => {
    const other = testBackend({ service: `${answers.service}2` });
    const instance = await new TestInstance(other).create();
    expect(await doctor()).toMatchObject({ code: 0 });
    await instance.destroy();
    await other.close?.();
  });

  it('names what keeps the account from working on an instance', async () => {
    const prefix = prefixOf(answers.service);
    const [database = ''] = await objectsWith(`${prefix}_db1_`);
    const [role = ''] = await objectsWith(`${prefix}_app1_`);
    await ask(`ALTER DATABASE "${database}" OWNER TO postgres; GRANT CONNECT ON DATABASE "${database}" TO PUBLIC`);
    await ask(`REVOKE "${role}" FROM ${PATIENT} CASCADE`);
    await ask(`REVOKE "${role}" FROM ${PATIENT} GRANTED BY ${PATIENT}`).catch(() => {});
    const { code, output } = await doctor();
    expect(output).toContain('The database of the instance "db1" belongs to postgres.');
    expect(output).toContain('Every role may connect to the database of the instance "db1".');
    expect(output).toContain('The account may not change a role of the instance "db1".');
    expect(code).toBe(1);
    await takeAdvice(output);
    expect(await doctor()).toMatchObject({ code: 0 });
  });

  it('does not take everything for left over when there is no store', async () => {
    const empty = await storePlace();
    const { code, output } = await doctor(empty.environment);
    await empty.remove();
    expect(output).toMatch(/• There is no store at /);
    expect(output).not.toContain('DROP');
    expect(code).toBe(0);
  });
});
