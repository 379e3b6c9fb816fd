import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { Kysely, Migrator } from 'kysely';
import type Database from 'libsql';

import { ServiceError } from './errors.js';
import type { Log } from './http.js';
import type { StoreConfig } from './store-config.js';
import { TransactionalDialect } from './store-dialect.js';
import type { Coordination, StoreEngine } from './store-engine.js';
import { BUSY_TIMEOUT, filesOf, inodeOf, openDatabase, realPathOf, restrictToOwner, unusable } from './store-file.js';
import { lockStore } from './store-lock.js';
import { migrations, type Tables } from './store-tables.js';
import { Store } from './store.js';

/** Bytes that must be free on the disk of a healthy store. */
const MIN_FREE = 1024 * 1024;
const FULL = "The service's disk is full. Its operators must free some space.";

/**
 * Opens the store, or creates it, and migrates its tables. It is one SQLite file, which one process uses at a time. It
 * holds variables and secrets, so only its owner can read it, and deleted data is overwritten.
 * @throws Error when another process uses it, or it is unusable
 */
export async function openStore(config: StoreConfig, _log?: Log): Promise<Store> {
  const { database, db, path, release } = await opened(config);
  return new Store(new FileEngine(database, db, path, release));
}

/**
 * Opens the tables of the store, and migrates them, for this process alone.
 * @throws Error while a service uses them
 */
export async function openTables(config: StoreConfig): Promise<{ db: Kysely<Tables>; close: () => Promise<void> }> {
  const { db, release } = await opened(config);
  return { db, close: () => db.destroy().finally(release) };
}

async function opened(config: StoreConfig) {
  const path = config.path === ':memory:' ? config.path : realPathOf(config.path);
  const release = path === ':memory:' ? () => {} : lockStore(path);
  try {
    if (path !== ':memory:') restrictToOwner(path);
    const database = openDatabase(path);
    const db = new Kysely<Tables>({ dialect: new TransactionalDialect(database) });
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) {
      await db.destroy();
      throw unusable(path, error);
    }
    return { database, db, path, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** One process uses the file, and its own queues order its operations. */
function alone(db: Kysely<Tables>): Coordination {
  const uncontended = { lost: new AbortController().signal, db, release: () => Promise.resolve() };
  return {
    isShared: false,
    tryLock: () => Promise.resolve(uncontended),
    free: (keys) => Promise.resolve([...keys]),
    announceRemoval: () => Promise.resolve(),
    onRemoval() {},
    queue: undefined,
  };
}

class FileEngine implements StoreEngine {
  readonly db: Kysely<Tables>;
  readonly coordination: Coordination;
  readonly #database: Database.Database;
  readonly #path: string;
  /** The inodes of the opened files, to notice when they are removed or replaced. */
  readonly #inodes: readonly (number | undefined)[];
  readonly #release: () => void;
  /** Whether the write-ahead log may still hold deleted data. */
  #isScrubDue = false;

  constructor(database: Database.Database, db: Kysely<Tables>, path: string, release: () => void) {
    this.#database = database;
    this.db = db;
    this.coordination = alone(db);
    this.#path = path;
    this.#inodes = filesOf(path).map(inodeOf);
    this.#release = release;
  }

  async close(): Promise<void> {
    await this.db.destroy();
    this.#release();
  }

  async check(write: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
    if (this.#path !== ':memory:') {
      if (filesOf(this.#path).some((file, index) => inodeOf(file) !== this.#inodes[index])) {
        throw new ServiceError(503, "The store's file was removed or replaced while the service was running.");
      }
      // On a full disk a small write may still fit in the file itself.
      const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
      if (blocks > 0 && bavail * bsize < MIN_FREE) throw new ServiceError(507, FULL);
    }
    this.scrubIfDue();
    await write(this.db);
  }

  failure(error: unknown): unknown {
    const code = String((error as { code?: unknown }).code);
    if (code === 'SQLITE_FULL') return new ServiceError(507, FULL, {}, { cause: error });
    if (!/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(code)) return error;
    return new ServiceError(507, `The service cannot write to its disk (${code}).`, {}, { cause: error });
  }

  /**
   * Empties the write-ahead log, which still has the deleted data. When a reader is in the way, a later write does it.
   */
  scrub(): void {
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

  scrubIfDue(): void {
    if (this.#isScrubDue) this.scrub();
  }
}
