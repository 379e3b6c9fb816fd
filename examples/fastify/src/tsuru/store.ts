import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

import { Kysely, Migrator, sql, SqliteDialect, type Generated, type Migration, type Selectable } from 'kysely';
import Database from 'libsql';

import type { Cluster, Instance, Requester, Variables } from './backend.js';
import { messageOf } from './errors.js';
import { withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

/** `pending`: being created. `failed`: creating it failed. `removing`: asked to go, not gone yet. */
export type InstanceState = 'pending' | 'ready' | 'failed' | 'removing';

/** An instance as the store keeps it. */
export interface StoredInstance extends Instance {
  state: InstanceState;
  /** Why it is `failed`, or why its removal stopped; `''` otherwise. */
  error: string;
  requestedBy: Requester;
  /** As sent with the last create or update; the kube config is dropped once the instance is created. */
  cluster: Cluster | undefined;
}

export type BindKind = 'app' | 'job';

/** `binding`: being made or revoked, and maybe half so. `unbound`: kept for an hour, so that the app can come back to the same variables. */
export type BindState = 'binding' | 'bound' | 'unbound';

export interface StoredBind {
  kind: BindKind;
  name: string;
  state: BindState;
  secret: string;
  variables: Variables;
  /** When it was unbound. */
  unboundAt: Date | undefined;
}

interface InstanceTable {
  id: string;
  name: string;
  state: InstanceState;
  team: string;
  plan: string;
  description: string;
  tags: string;
  parameters: string;
  data: string;
  error: string;
  requested_by: string;
  cluster: string | null;
  created_at: Generated<string>;
}

interface BindTable {
  instance_id: string;
  kind: BindKind;
  name: string;
  state: BindState;
  secret: string;
  variables: string;
  unbound_at: string | null;
  created_at: Generated<string>;
}

interface Tables {
  instances: InstanceTable;
  binds: BindTable;
}

/** To change the tables, add a migration; never edit one that has run. */
const migrations: Record<string, Migration> = {
  '0001-instances-and-binds': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('instances')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('team', 'text', (column) => column.notNull())
        .addColumn('plan', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('tags', 'text', (column) => column.notNull())
        .addColumn('parameters', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('error', 'text', (column) => column.notNull())
        .addColumn('requested_by', 'text', (column) => column.notNull())
        .addColumn('cluster', 'text')
        .addColumn('created_at', 'text', (column) => column.notNull().defaultTo(sql`current_timestamp`))
        .execute();
      await db.schema
        .createTable('binds')
        .addColumn('instance_id', 'text', (column) => column.notNull().references('instances.id').onDelete('cascade'))
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('variables', 'text', (column) => column.notNull())
        .addColumn('unbound_at', 'text')
        .addColumn('created_at', 'text', (column) => column.notNull().defaultTo(sql`current_timestamp`))
        .addPrimaryKeyConstraint('binds_key', ['instance_id', 'kind', 'name'])
        .execute();
    },
  },
};

/**
 * The service's own memory: its instances and their binds, in one SQLite file. A method that returned has its change
 * on the disk. Variables and secrets are in it, so the file is for its owner only. One process at a time.
 */
export class Store {
  readonly #db: Kysely<Tables>;

  private constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Opens the file, makes it when there is none, and brings its tables up to date. */
  static async open(path: string): Promise<Store> {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600));
    }
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: openDatabase(path) }) });
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) {
      await db.destroy();
      throw unusable(path, error);
    }
    return new Store(db);
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }

  async find(name: string): Promise<StoredInstance | undefined> {
    const row = await this.#db.selectFrom('instances').selectAll().where('name', '=', name).executeTakeFirst();
    return row && instanceOf(row);
  }

  /** The instances that were still being created when the service stopped. */
  async pending(): Promise<StoredInstance[]> {
    const rows = await this.#db
      .selectFrom('instances')
      .selectAll()
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.map(instanceOf);
  }

  /** Writes an instance: a new one, or all fields of the one with its id. */
  async save(instance: StoredInstance): Promise<void> {
    const { requestedBy, cluster, tags, parameters, data, ...plain } = instance;
    const row = {
      ...plain,
      tags: JSON.stringify(tags),
      parameters: JSON.stringify(parameters),
      data: JSON.stringify(data),
      requested_by: JSON.stringify(requestedBy),
      cluster: cluster === undefined ? null : JSON.stringify(cluster),
    };
    await this.#db
      .insertInto('instances')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
  }

  /** Removes an instance with its binds. */
  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('instances').where('id', '=', id).execute();
  }

  async findBind(instanceId: string, kind: BindKind, name: string): Promise<StoredBind | undefined> {
    const row = await this.#db
      .selectFrom('binds')
      .selectAll()
      .where('instance_id', '=', instanceId)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && bindOf(row);
  }

  /** The binds that have, or may have, access: `bound` and `binding`, in the order they were made. */
  async activeBinds(instanceId: string): Promise<StoredBind[]> {
    const rows = await this.#db
      .selectFrom('binds')
      .selectAll()
      .where('instance_id', '=', instanceId)
      .where('state', '!=', 'unbound')
      .orderBy('created_at')
      .orderBy('name')
      .execute();
    return rows.map(bindOf);
  }

  async saveBind(instanceId: string, bind: StoredBind): Promise<void> {
    const row = {
      instance_id: instanceId,
      kind: bind.kind,
      name: bind.name,
      state: bind.state,
      secret: bind.secret,
      variables: JSON.stringify(bind.variables),
      unbound_at: bind.unboundAt?.toISOString() ?? null,
    };
    await this.#db
      .insertInto('binds')
      .values(row)
      .onConflict((conflict) => conflict.columns(['instance_id', 'kind', 'name']).doUpdateSet(row))
      .execute();
  }

  async removeBind(instanceId: string, kind: BindKind, name: string): Promise<void> {
    await this.#db
      .deleteFrom('binds')
      .where('instance_id', '=', instanceId)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .execute();
  }

  /** Forgets the binds that ended before that time, with their secrets. */
  async forgetUnbound(before: Date): Promise<void> {
    await this.#db.deleteFrom('binds').where('unbound_at', '<', before.toISOString()).execute();
  }

  /** Throws when the store does not answer. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#db);
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    return database;
  } catch (error) {
    database.close();
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): Error {
  return new Error(`the store ${path} cannot be used: ${messageOf(error)}`, { cause: error });
}

function instanceOf(row: Selectable<InstanceTable>): StoredInstance {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    team: row.team,
    plan: row.plan,
    description: row.description,
    tags: read(row.tags) as string[],
    parameters: read(row.parameters) as JsonObject,
    data: read(row.data) as JsonObject,
    error: row.error,
    requestedBy: read(row.requested_by) as unknown as Requester,
    cluster: row.cluster === null ? undefined : (read(row.cluster) as unknown as Cluster),
  };
}

function bindOf(row: Selectable<BindTable>): StoredBind {
  return {
    kind: row.kind,
    name: row.name,
    state: row.state,
    secret: row.secret,
    variables: { ...(read(row.variables) as Variables) },
    unboundAt: row.unbound_at === null ? undefined : new Date(row.unbound_at),
  };
}

function read(text: string): JsonValue {
  return withoutPrototypes(JSON.parse(text));
}
