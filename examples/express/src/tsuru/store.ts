import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import {
  Kysely,
  Migrator,
  sql,
  SqliteAdapter,
  SqliteDialect,
  type Generated,
  type Migration,
  type Selectable,
} from 'kysely';
import Database from 'libsql';

import type { Cluster, Instance, Requester, Variables } from './backend.js';
import { messageOf, ServiceError } from './errors.js';
import { holdStore } from './store-lock.js';
import { emptyObject, isObject, withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

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
  /** The columns of its row that cannot be read. They are empty here: enough to destroy it, and for nothing else. */
  damaged: string[];
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
  /** What the bind was asked with: Tsuru leaves it out when it binds again. */
  parameters: JsonObject;
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
  parameters: Generated<string>;
  unbound_at: string | null;
  created_at: Generated<string>;
}

interface HealthTable {
  id: number;
  checked_at: string;
}

interface Tables {
  instances: InstanceTable;
  binds: BindTable;
  health: HealthTable;
}

/**
 * To change the tables, add a migration; never edit one that has run. They run in one transaction: a start that is cut
 * short leaves the tables as they were. The first one skips what is there, for stores from before that was so.
 */
const migrations: Record<string, Migration> = {
  '0001-instances-and-binds': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('instances')
        .ifNotExists()
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
        .ifNotExists()
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
  '0002-bind-parameters-and-health': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable('binds')
        .addColumn('parameters', 'text', (column) => column.notNull().defaultTo('{}'))
        .execute();
      await db.schema
        .createTable('health')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('checked_at', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

/** SQLite rolls back a change of its tables like any other; Kysely makes no use of that by itself. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalDialect extends SqliteDialect {
  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter();
  }
}

/** Bytes that the disk must have left for the store to count as healthy. */
const ROOM = 1024 * 1024;

/**
 * The service's own memory: its instances and their binds, in one SQLite file. A method that returned has its change
 * on the disk. Variables and secrets are in it, so the file is for its owner only, and what is deleted is overwritten.
 * One process holds it at a time. A change that cannot be written is a ServiceError 507.
 */
export class Store {
  readonly #db: Kysely<Tables>;
  readonly #database: Database.Database;
  readonly #path: string;
  /** The file that was opened, to notice when another one, or none, is in its place. */
  readonly #file: number | undefined;
  readonly #letGo: () => void;
  #checking: Promise<void> | undefined;

  private constructor(database: Database.Database, db: Kysely<Tables>, path: string, letGo: () => void) {
    this.#database = database;
    this.#db = db;
    this.#path = path;
    this.#file = inodeOf(path);
    this.#letGo = letGo;
  }

  /**
   * Opens the file, makes it when there is none, and brings its tables up to date.
   * @param path `:memory:` for a store that ends with the process
   * @throws Error when another process holds it, or it cannot be used
   */
  static async open(path: string): Promise<Store> {
    let letGo = () => {};
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      letGo = holdStore(path);
    }
    try {
      if (path !== ':memory:') onlyForItsOwner(path);
      const database = openDatabase(path);
      const db = new Kysely<Tables>({ dialect: new TransactionalDialect({ database }) });
      const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
      const { error } = await migrator.migrateToLatest();
      if (error !== undefined) {
        await db.destroy();
        throw unusable(path, error);
      }
      return new Store(database, db, path, letGo);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#db.destroy();
    this.#letGo();
  }

  async find(name: string): Promise<StoredInstance | undefined> {
    const row = await this.#db.selectFrom('instances').selectAll().where('name', '=', name).executeTakeFirst();
    return row && instanceOf(row);
  }

  /** The names of the instances that are being created, the oldest first. */
  async pending(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('instances')
      .select('name')
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.map(({ name }) => name);
  }

  /** Writes an instance: a new one, or all fields of the one with its id. */
  async save(instance: StoredInstance): Promise<void> {
    const { requestedBy, cluster, tags, parameters, data, damaged: _derived, ...plain } = instance;
    const row = {
      ...plain,
      tags: JSON.stringify(tags),
      parameters: JSON.stringify(parameters),
      data: JSON.stringify(data),
      requested_by: JSON.stringify(requestedBy),
      cluster: cluster === undefined ? null : JSON.stringify(cluster),
    };
    await written(
      this.#db
        .insertInto('instances')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
  }

  /** Removes an instance with its binds. */
  async remove(id: string): Promise<void> {
    await written(this.#db.deleteFrom('instances').where('id', '=', id).execute());
    this.#scrub();
  }

  /** Writes an instance whose row had a secret that it has no more. */
  async saveWithoutSecret(instance: StoredInstance): Promise<void> {
    await this.save(instance);
    this.#scrub();
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
      parameters: JSON.stringify(bind.parameters),
      unbound_at: bind.unboundAt?.toISOString() ?? null,
    };
    await written(
      this.#db
        .insertInto('binds')
        .values(row)
        .onConflict((conflict) => conflict.columns(['instance_id', 'kind', 'name']).doUpdateSet(row))
        .execute(),
    );
  }

  async removeBind(instanceId: string, kind: BindKind, name: string): Promise<void> {
    await written(
      this.#db
        .deleteFrom('binds')
        .where('instance_id', '=', instanceId)
        .where('kind', '=', kind)
        .where('name', '=', name)
        .execute(),
    );
  }

  /** Forgets the binds that ended before that time, with their secrets. */
  async forgetUnbound(before: Date): Promise<void> {
    const { numDeletedRows } = await written(
      this.#db.deleteFrom('binds').where('unbound_at', '<', before.toISOString()).executeTakeFirst(),
    );
    if (numDeletedRows > 0n) this.#scrub();
  }

  /**
   * Whether the store can be written. Calls at the same time share one write.
   * @throws ServiceError 507 when the disk is full or the write fails, 503 when the file is no longer in its place
   */
  async ping(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #check(): Promise<void> {
    if (this.#path !== ':memory:') {
      if (this.#file !== inodeOf(this.#path)) {
        throw new ServiceError(503, 'The file of the store was removed or replaced while the service was running.');
      }
      // A small write can still find room in the file itself when the disk has none left.
      const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
      if (blocks > 0 && bavail * bsize < ROOM) throw new ServiceError(507, FULL);
    }
    const row = { id: 1, checked_at: new Date().toISOString() };
    await written(
      this.#db
        .insertInto('health')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
  }

  /** Empties the write-ahead log, which keeps what was deleted. A reader that is in the way puts it off to the next time. */
  #scrub(): void {
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The change itself is on the disk: this has to wait until the disk has room again.
    }
  }
}

const FULL = "The service's disk is full. Its operators have to make room.";

/** What a write gives. @throws ServiceError 507 when the disk does not take it */
async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (code === 'SQLITE_FULL') throw new ServiceError(507, FULL, {}, { cause: error });
    if (!/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code)) throw error;
    throw new ServiceError(507, `The service cannot write to its disk (${code}).`, {}, { cause: error });
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    database.pragma('secure_delete = ON');
    return database;
  } catch (error) {
    database.close();
    throw unusable(path, error);
  }
}

/** Makes the file when there is none; SQLite gives the files beside it the same permissions. */
function onlyForItsOwner(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function unusable(path: string, error: unknown): Error {
  return new Error(`the store ${path} cannot be used: ${messageOf(error)}`, { cause: error });
}

/** Reads a row, whatever is in it: an instance that cannot be read could not be destroyed. */
function instanceOf(row: Selectable<InstanceTable>): StoredInstance {
  const damaged: string[] = [];
  const column = <T>(name: keyof typeof row, isRight: (value: JsonValue) => boolean, otherwise: T): T => {
    try {
      const value = withoutPrototypes(JSON.parse(String(row[name])));
      if (isRight(value)) return value as T;
    } catch {
      // It counts as damaged, like a value of the wrong kind.
    }
    damaged.push(name);
    return otherwise;
  };
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    team: row.team,
    plan: row.plan,
    description: row.description,
    tags: column<string[]>('tags', Array.isArray, []),
    parameters: column<JsonObject>('parameters', isObject, emptyObject()),
    data: column<JsonObject>('data', isObject, emptyObject()),
    error: row.error,
    requestedBy: column<Requester>('requested_by', isObject, { user: '', event: '' }),
    cluster: row.cluster === null ? undefined : column<Cluster | undefined>('cluster', isObject, undefined),
    damaged,
  };
}

/** Reads a row; one whose variables cannot be read has to be bound anew. */
function bindOf(row: Selectable<BindTable>): StoredBind {
  const variables = objectIn(row.variables);
  return {
    kind: row.kind,
    name: row.name,
    state: variables === undefined && row.state === 'bound' ? 'binding' : row.state,
    secret: row.secret,
    variables: { ...(variables as Variables | undefined) },
    parameters: objectIn(row.parameters) ?? emptyObject(),
    unboundAt: row.unbound_at === null ? undefined : new Date(row.unbound_at),
  };
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = withoutPrototypes(JSON.parse(text));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
