import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { Kysely, Migrator } from 'kysely';
import type Database from 'libsql';

import { ServiceError } from './errors.js';
import { BUSY_TIMEOUT, filesOf, inodeOf, openDatabase, realPathOf, restrictToOwner, unusable } from './store-file.js';
import { lockStore } from './store-lock.js';
import {
  asBytes,
  BIND_COLUMNS,
  bindOf,
  bindRow,
  decoded,
  INSTANCE_COLUMNS,
  instanceOf,
  instanceRow,
  type InstanceState,
  type OtherBind,
  type StoredBind,
  type StoredInstance,
} from './store-rows.js';
import { migrations, TransactionalDialect, type Tables } from './store-tables.js';

/** Bytes that must be free on the disk of a healthy store. */
const MIN_FREE = 1024 * 1024;

/**
 * The service's own data: its instances and their binds, in one SQLite file. Once a method has returned, its change
 * is on the disk. The file holds variables and secrets, so only its owner can read it, and deleted data is overwritten.
 * One process uses it at a time. A change that cannot be written is a ServiceError 507.
 */
export class Store {
  readonly #db: Kysely<Tables>;
  readonly #database: Database.Database;
  readonly #path: string;
  /** The inodes of the opened files, to notice when they are removed or replaced. */
  readonly #inodes: readonly (number | undefined)[];
  readonly #release: () => void;
  /** Whether the write-ahead log may still hold deleted data. */
  #isScrubDue = false;
  #checking: Promise<void> | undefined;

  private constructor(database: Database.Database, db: Kysely<Tables>, path: string, release: () => void) {
    this.#database = database;
    this.#db = db;
    this.#path = path;
    this.#inodes = filesOf(path).map(inodeOf);
    this.#release = release;
  }

  /**
   * Opens the file, or creates it, and migrates its tables.
   * @param location a path, or `:memory:` for a store that ends with the process
   * @throws Error when another process uses it, or it is unusable
   */
  static async open(location: string): Promise<Store> {
    const path = location === ':memory:' ? location : realPathOf(location);
    const release = path === ':memory:' ? () => {} : lockStore(path);
    try {
      if (path !== ':memory:') restrictToOwner(path);
      const database = openDatabase(path);
      const db = new Kysely<Tables>({ dialect: new TransactionalDialect({ database }) });
      const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
      const { error } = await migrator.migrateToLatest();
      if (error !== undefined) {
        await db.destroy();
        throw unusable(path, error);
      }
      return new Store(database, db, path, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#db.destroy();
    this.#release();
  }

  async find(name: string): Promise<StoredInstance | undefined> {
    const row = await this.#db
      .selectFrom('instances')
      .select(asBytes(INSTANCE_COLUMNS))
      .where('name', '=', name)
      .executeTakeFirst();
    return row && instanceOf(row);
  }

  /** The names of the pending instances, oldest first. */
  async pending(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.flatMap(({ name }) => decoded(name) ?? []);
  }

  /** The number of instances in each state. */
  async countStates(): Promise<Record<InstanceState, number>> {
    const rows = await this.#db
      .selectFrom('instances')
      .select((select) => ['state', select.fn.countAll().as('count')])
      .groupBy('state')
      .execute();
    const counts = { pending: 0, ready: 0, failed: 0, removing: 0 };
    for (const { state, count } of rows) counts[state] = Number(count);
    return counts;
  }

  /** Inserts an instance, or updates the one with its id. */
  async save(instance: StoredInstance): Promise<void> {
    const row = instanceRow(instance);
    await written(
      this.#db
        .insertInto('instances')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
    this.#scrubIfDue();
  }

  /** Changes the state of an instance, and clears its error. */
  async setState(id: string, state: InstanceState): Promise<void> {
    await written(this.#db.updateTable('instances').set({ state, error: '' }).where('id', '=', id).execute());
  }

  /** Removes an instance with its binds. */
  async remove(id: string): Promise<void> {
    await written(this.#db.deleteFrom('instances').where('id', '=', id).execute());
    this.#scrub();
  }

  /**
   * Saves an instance that is no longer being created, without the secret that its creation needed: the kube config.
   */
  async saveSettled(instance: StoredInstance): Promise<void> {
    const { cluster } = instance;
    if (cluster?.kubeConfig === undefined) return this.save(instance);
    const { kubeConfig: _secret, ...withoutSecret } = cluster;
    await this.save({ ...instance, cluster: withoutSecret });
    this.#scrub();
  }

  async findBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<StoredBind | undefined> {
    const row = await this.#db
      .selectFrom('binds')
      .select(asBytes(BIND_COLUMNS))
      .where('instance_id', '=', instanceId)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && bindOf(row);
  }

  /** The binds that have or may have access, `bound` and `binding`, oldest first. */
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

  /** The binds of an app or a job to other instances, in any state, oldest first. */
  async bindsElsewhere(instanceId: string, kind: StoredBind['kind'], name: string): Promise<OtherBind[]> {
    const rows = await this.#db
      .selectFrom('binds')
      .select(asBytes(['instance_id', ...BIND_COLUMNS]))
      .where('kind', '=', kind)
      .where('name', '=', name)
      .where('instance_id', '!=', instanceId)
      .orderBy('created_at')
      .execute();
    return rows.map((row) => ({ instanceId: decoded(row.instance_id) ?? '', bind: bindOf(row) }));
  }

  /** The name of the instance with that id; `''` without it. */
  async nameOf(instanceId: string): Promise<string> {
    const row = await this.#db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('id', '=', instanceId)
      .executeTakeFirst();
    return decoded(row?.name ?? null) ?? '';
  }

  /** Forgets the variables of a bind, unless it is being made again. */
  async forgetVariables({ instanceId, bind }: OtherBind): Promise<void> {
    await written(
      this.#db
        .updateTable('binds')
        .set({ variables: '{}' })
        .where('instance_id', '=', instanceId)
        .where('kind', '=', bind.kind)
        .where('name', '=', bind.name)
        .where('state', '=', 'unbound')
        .execute(),
    );
    this.#scrub();
  }

  async saveBind(instanceId: string, bind: StoredBind): Promise<void> {
    const row = bindRow(instanceId, bind);
    await written(
      this.#db
        .insertInto('binds')
        .values(row)
        .onConflict((conflict) => conflict.columns(['instance_id', 'kind', 'name']).doUpdateSet(row))
        .execute(),
    );
  }

  async removeBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<void> {
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

  /** Saves a bind in place of a forgotten one, whose secret must not stay on the disk. */
  async replaceBind(instanceId: string, bind: StoredBind): Promise<void> {
    await this.saveBind(instanceId, bind);
    this.#scrub();
  }

  /** Forgets the binds that were unbound before that time, with their secrets. */
  async forgetUnbound(before: Date): Promise<void> {
    const { numDeletedRows } = await written(
      this.#db.deleteFrom('binds').where('unbound_at', '<', before.toISOString()).executeTakeFirst(),
    );
    if (numDeletedRows > 0n) this.#scrub();
  }

  /**
   * Checks that the store can be written. Concurrent calls share one write.
   * @throws ServiceError 507 when the disk is full or the write fails, 503 when its file was removed or replaced
   */
  async ping(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #check(): Promise<void> {
    if (this.#path !== ':memory:') {
      if (filesOf(this.#path).some((file, index) => inodeOf(file) !== this.#inodes[index])) {
        throw new ServiceError(503, "The store's file was removed or replaced while the service was running.");
      }
      // On a full disk a small write may still fit in the file itself.
      const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
      if (blocks > 0 && bavail * bsize < MIN_FREE) throw new ServiceError(507, FULL);
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

  /**
   * Empties the write-ahead log, which still has the deleted data. When a reader is in the way, a later write does it.
   */
  #scrub(): void {
    try {
      this.#database.pragma('busy_timeout = 0');
      const [result] = this.#database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      this.#isScrubDue = result?.busy !== 0;
    } catch {
      // The change itself is on the disk. This waits until the disk has room again.
      this.#isScrubDue = true;
    } finally {
      this.#database.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
    }
  }

  #scrubIfDue(): void {
    if (this.#isScrubDue) this.#scrub();
  }
}

const FULL = "The service's disk is full. Its operators must free some space.";

/** The result of a write. @throws ServiceError 507 when the disk refuses it */
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
