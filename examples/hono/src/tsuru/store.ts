import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import {
  Kysely,
  Migrator,
  sql,
  SqliteAdapter,
  SqliteDialect,
  type Generated,
  type Migration,
} from 'kysely';
import Database from 'libsql';

import type { Cluster, Instance, Requester, Variables } from './backend.js';
import { messageOf, ServiceError } from './errors.js';
import { holdStore } from './store-lock.js';
import { emptyObject, isObject, withoutPrototypes, type JsonObject, type JsonValue } from './values.js';

const STATES = ['pending', 'ready', 'failed', 'removing'] as const;

/** `pending`: being created. `failed`: creating it failed. `removing`: asked to go, not gone yet. */
export type InstanceState = (typeof STATES)[number];

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

const BIND_STATES = ['binding', 'bound', 'unbound'] as const;

/** `binding`: being made or revoked, and maybe half so. `unbound`: kept for an hour, so that the app can come back to the same variables. */
export type BindState = (typeof BIND_STATES)[number];

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

/** Milliseconds that a write waits for another program that has the file, such as a backup. */
const BUSY = 5000;

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
  /** The files that were opened, to notice when others, or none, are in their places. */
  readonly #files: readonly (number | undefined)[];
  readonly #letGo: () => void;
  /** Whether the write-ahead log may hold what was deleted. */
  #isScrubDue = false;
  #checking: Promise<void> | undefined;

  private constructor(database: Database.Database, db: Kysely<Tables>, path: string, letGo: () => void) {
    this.#database = database;
    this.#db = db;
    this.#path = path;
    this.#files = filesOf(path).map(inodeOf);
    this.#letGo = letGo;
  }

  /**
   * Opens the file, makes it when there is none, and brings its tables up to date.
   * @param given `:memory:` for a store that ends with the process
   * @throws Error when another process holds it, or it cannot be used
   */
  static async open(given: string): Promise<Store> {
    const path = given === ':memory:' ? given : placeOf(given);
    const letGo = path === ':memory:' ? () => {} : holdStore(path);
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
    const row = await this.#db
      .selectFrom('instances')
      .select(asBytes(INSTANCE_COLUMNS))
      .where('name', '=', name)
      .executeTakeFirst();
    return row && instanceOf(row);
  }

  /** The names of the instances that are being created, the oldest first. */
  async pending(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.flatMap(({ name }) => decoded(name) ?? []);
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
    this.#scrubIfDue();
  }

  /** Changes the state of an instance and nothing else of it. */
  async setState(id: string, state: InstanceState): Promise<void> {
    await written(this.#db.updateTable('instances').set({ state, error: '' }).where('id', '=', id).execute());
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
      .select(asBytes(BIND_COLUMNS))
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
      .select(asBytes(BIND_COLUMNS))
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
    this.#scrub();
  }

  /** Writes a bind whose row had a secret that it has no more. */
  async saveBindAnew(instanceId: string, bind: StoredBind): Promise<void> {
    await this.saveBind(instanceId, bind);
    this.#scrub();
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
      if (filesOf(this.#path).some((file, index) => inodeOf(file) !== this.#files[index])) {
        throw new ServiceError(503, 'The file of the store was removed or replaced while the service was running.');
      }
      // A small write can still find room in the file itself when the disk has none left.
      const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
      if (blocks > 0 && bavail * bsize < ROOM) throw new ServiceError(507, FULL);
    }
    this.#scrubIfDue();
    const row = { id: 1, checked_at: new Date().toISOString() };
    await written(
      this.#db
        .insertInto('health')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
  }

  /** Empties the write-ahead log, which keeps what was deleted. What is in the way, such as a reader, puts it off. */
  #scrub(): void {
    try {
      this.#database.pragma('busy_timeout = 0');
      const [result] = this.#database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      this.#isScrubDue = result?.busy !== 0;
    } catch {
      // The change itself is on the disk: this has to wait until the disk has room again.
      this.#isScrubDue = true;
    } finally {
      this.#database.pragma(`busy_timeout = ${BUSY}`);
    }
  }

  #scrubIfDue(): void {
    if (this.#isScrubDue) this.#scrub();
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
    database.pragma(`busy_timeout = ${BUSY}`);
    database.pragma('secure_delete = ON');
    return database;
  } catch (error) {
    database.close();
    throw unusable(path, error);
  }
}

/** Where a store really is, whatever links lead there; its directory is made. An absolute path is never taken for a URI. */
function placeOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return join(realpathSync(directory), basename(path));
}

function filesOf(path: string): string[] {
  return [path, `${path}.lock`];
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

const INSTANCE_COLUMNS = [
  ...(['id', 'name', 'state', 'team', 'plan', 'description', 'tags'] as const),
  ...(['parameters', 'data', 'error', 'requested_by', 'cluster'] as const),
] as const;
const BIND_COLUMNS = ['kind', 'name', 'state', 'secret', 'variables', 'parameters', 'unbound_at'] as const;

/** A row as its columns' bytes. */
type Row<Column extends string> = Record<Column, Uint8Array | null>;

/** Selects columns of text as bytes: the driver ends the process when one of them is not UTF-8. */
function asBytes<Column extends string>(columns: readonly Column[]) {
  return columns.map((column) => sql<Uint8Array | null>`cast(${sql.ref(column)} as blob)`.as(column));
}

function decoded(bytes: Uint8Array | null): string | undefined {
  try {
    return bytes === null ? undefined : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads a row, whatever is in it: an instance that cannot be read could not be destroyed. */
function instanceOf(row: Row<(typeof INSTANCE_COLUMNS)[number]>): StoredInstance {
  const damaged: string[] = [];
  const column = <T>(name: keyof typeof row, read: (text: string) => T | undefined, otherwise: T): T => {
    const text = decoded(row[name]);
    const value = text === undefined ? undefined : read(text);
    if (value === undefined) damaged.push(name);
    return value ?? otherwise;
  };
  const text = (name: keyof typeof row) => column(name, (found) => found, '');
  return {
    id: text('id'),
    name: text('name'),
    state: column('state', (found) => STATES.find((state) => state === found), 'failed'),
    team: text('team'),
    plan: text('plan'),
    description: text('description'),
    tags: column('tags', listIn, []),
    parameters: column('parameters', objectIn, emptyObject()),
    data: column('data', objectIn, emptyObject()),
    error: text('error'),
    requestedBy: column<Requester>('requested_by', requesterIn, { user: '', event: '' }),
    cluster: row.cluster === null ? undefined : column<Cluster | undefined>('cluster', clusterIn, undefined),
    damaged,
  };
}

/** Reads a row; one whose variables cannot be read has to be bound anew. */
function bindOf(row: Row<(typeof BIND_COLUMNS)[number]>): StoredBind {
  const text = (name: keyof typeof row) => decoded(row[name]) ?? '';
  const variables = objectIn(text('variables'));
  const state = BIND_STATES.find((known) => known === text('state')) ?? 'binding';
  return {
    kind: text('kind') === 'job' ? 'job' : 'app',
    name: text('name'),
    state: variables === undefined && state === 'bound' ? 'binding' : state,
    secret: text('secret'),
    variables: { ...(variables as Variables | undefined) },
    parameters: objectIn(text('parameters')) ?? emptyObject(),
    unboundAt: dateIn(text('unbound_at')),
  };
}

function dateIn(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function objectIn(text: string): JsonObject | undefined {
  const value = jsonIn(text);
  return isObject(value) ? value : undefined;
}

function listIn(text: string): string[] | undefined {
  const value = jsonIn(text);
  return Array.isArray(value) ? value.map(String) : undefined;
}

function requesterIn(text: string): Requester | undefined {
  return objectIn(text) as Requester | undefined;
}

function clusterIn(text: string): Cluster | undefined {
  return objectIn(text) as Cluster | undefined;
}

function jsonIn(text: string): JsonValue | undefined {
  try {
    return withoutPrototypes(JSON.parse(text));
  } catch {
    return undefined;
  }
}
