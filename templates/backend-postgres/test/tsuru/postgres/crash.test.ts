import { afterAll, describe, expect, it } from 'vitest';

import { connectServer, type Query, type Server } from '../../../src/backends/postgres/server.js';
import {
  ask,
  connect,
  ownObjectsWith,
  queryAs,
  testBackend,
  TestInstance,
  testOptions,
} from '../support/postgres-backend.js';

const options = testOptions();
const real = connectServer(options, options.log);
afterAll(() => real.close());

class Crash extends Error {}

/** The server, for a service that ends after a number of statements. */
class CrashingServer implements Server {
  readonly database = real.database;
  statements = 0;
  readonly #until: number;

  constructor(until = Infinity) {
    this.#until = until;
  }

  run: Server['run'] = (signal, step, database) => real.run(signal, (query) => step(this.#counted(query)), database);
  close = () => Promise.resolve();

  #counted(query: Query): Query {
    return (text, values) => {
      if (this.statements >= this.#until) throw new Crash();
      this.statements++;
      return query(text, values);
    };
  }
}

interface Call {
  name: string;
  prepare?: (instance: TestInstance) => Promise<unknown>;
  run: (instance: TestInstance) => Promise<unknown>;
  /** Asserts the state that the call must lead to. */
  verify: (instance: TestInstance) => Promise<void>;
}

async function settingsOf(instance: TestInstance): Promise<unknown> {
  const { database, owner } = instance.data;
  const [row] = await ask(
    `SELECT datconnlimit, datallowconn, setconfig, has_database_privilege('${owner}', oid, 'CREATE') AS owner,
            (SELECT count(*)::int FROM aclexplode(datacl) WHERE grantee = 0) AS of_public
     FROM pg_database LEFT JOIN pg_db_role_setting ON setdatabase = oid AND setrole = 0 WHERE datname = '${database}'`,
  );
  return row;
}

/** An app with an open session, a table of the owner's, and one of its own. */
async function useIt(instance: TestInstance): Promise<void> {
  const client = await connect(await instance.bind());
  await client.query('CREATE TABLE notes (id int)');
  await client.query('SET ROLE NONE; CREATE TABLE own (id int)');
}

const CALLS: Call[] = [
  {
    name: 'create',
    run: (instance) => instance.create(),
    async verify(instance) {
      expect(await settingsOf(instance)).toEqual({
        datconnlimit: 4,
        datallowconn: true,
        setconfig: ['statement_timeout=60000'],
        owner: true,
        of_public: 0,
      });
      await queryAs(await instance.bind(), 'CREATE TABLE notes (id int)');
    },
  },
  {
    name: 'update',
    prepare: async (instance) => {
      await instance.create();
      await instance.bind('app1');
      await instance.bind('app2');
    },
    run: (instance) => instance.update('large'),
    async verify(instance) {
      expect(await settingsOf(instance)).toMatchObject({ datconnlimit: 8, setconfig: ['statement_timeout=300'] });
      const roles = await ask(`SELECT rolconnlimit FROM pg_roles WHERE pg_has_role(oid, '${instance.data.owner}', 'MEMBER')
        AND rolcanlogin AND NOT rolsuper AND rolname LIKE 'tsuru%'`);
      expect(roles).toEqual([{ rolconnlimit: 6 }, { rolconnlimit: 6 }]);
    },
  },
  {
    name: 'bindApp',
    prepare: (instance) => instance.create(),
    run: (instance) => instance.bind(),
    async verify(instance) {
      const [role] = await queryAs(await instance.bind(), 'SELECT current_user::text AS role');
      expect(role).toEqual({ role: instance.data.owner });
    },
  },
  {
    name: 'unbindApp',
    prepare: async (instance) => {
      await instance.create();
      await useIt(instance);
    },
    run: (instance) => instance.unbind(),
    async verify(instance) {
      const { database, owner } = instance.data;
      expect(await ownObjectsWith('_app1_')).toEqual([]);
      const tables = `SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname IN ('notes', 'own')`;
      expect(await ask(tables, database)).toEqual([{ owner }, { owner }]);
      expect(await settingsOf(instance)).toMatchObject({ datconnlimit: 4 });
    },
  },
  {
    name: 'destroy',
    prepare: async (instance) => {
      await instance.create();
      await useIt(instance);
      await instance.bindJob('job1');
    },
    run: (instance) => instance.destroy(),
    async verify(instance) {
      for (const text of [instance.data.database, '_app1_', '_job1_']) expect(await ownObjectsWith(text)).toEqual([]);
    },
  },
];

/** Makes a call that stops after so many statements. @returns whether it had no more than these */
async function interrupt(instance: TestInstance, run: Call['run'], until: number): Promise<boolean> {
  const { backend } = instance;
  instance.backend = testBackend({}, new CrashingServer(until));
  try {
    await run(instance);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Crash);
    return false;
  } finally {
    instance.backend = backend;
  }
}

describe.each(CALLS)('$name, interrupted after any of its statements', { timeout: 300_000 }, ({ name, prepare, run, verify }) => {
  const backend = testBackend({}, real);

  it('is in the right state after the same call again', async () => {
    let [until, isComplete] = [0, false];
    for (; !isComplete; until++) {
      const instance = new TestInstance(backend, `c-${name}`);
      await prepare?.(instance);
      isComplete = await interrupt(instance, run, until);
      await run(instance);
      await verify(instance);
      await instance.destroy();
    }
    // A bind is one transaction.
    expect(until).toBeGreaterThan(name === 'bindApp' ? 1 : 3);
  });

  it('leaves nothing after a destroy', async () => {
    for (let [until, isComplete] = [0, false]; !isComplete; until++) {
      const instance = new TestInstance(backend, `c-${name}`);
      await prepare?.(instance);
      isComplete = await interrupt(instance, run, until);
      await instance.destroy();
      expect(await ownObjectsWith(`_c_${name.toLowerCase()}`)).toEqual([]);
      expect(await ownObjectsWith('_app1_')).toEqual([]);
    }
  });
});
