import { Kysely, Migrator, PostgresDialect, type Migration } from 'kysely';
import pg from 'pg';

import { messageOf, ServiceError } from './errors.js';
import type { Log } from './http.js';
import { Announcements, ANNOUNCE, IN_USE } from './store-announcements.js';
import { checkedSchema } from './store-checks.js';
import type { StoreConfig } from './store-config.js';
import { connectionOptions, isAway, PATIENCE, tablesThrough, unreachable, whenBack } from './store-connection.js';
import { MigrationDialect } from './store-dialect.js';
import type { Coordination, StoreEngine } from './store-engine.js';
import { JobQueue } from './store-queue.js';
import { FREE_KEYS, LockSessions } from './store-sessions.js';
import { migrations, type Tables } from './store-tables.js';
import { Store } from './store.js';

/** Connections for queries outside of any lock. */
const MAX_CONNECTIONS = 5;
/** Milliseconds for the health check: Tsuru waits 5 s for it. */
const CHECK_TIMEOUT = 3_000;

/**
 * Opens the store, and migrates its tables: one PostgreSQL schema, the current one of the connection, which any number
 * of processes use at once.
 * @param patience milliseconds to wait for a database that is away, now and later
 * @throws Error when it is unusable
 */
export async function openStore({ url }: StoreConfig, log: Log, patience = PATIENCE): Promise<Store> {
  const pool = new pg.Pool({ ...connectionOptions(url), max: MAX_CONNECTIONS });
  // An idle connection that the server closes; the pool opens another one.
  pool.on('error', (error) => log.debug({ err: error }, 'a connection to the database was closed'));
  try {
    const onWait = (error: unknown) => log.warn({ err: error }, 'waiting for the database');
    const schema = await whenBack(() => prepared(pool), patience, onWait);
    const announcements = new Announcements(url, schema);
    await whenBack(() => announcements.open(), patience);
    return new Store(new DatabaseEngine(url, { schema, pool, announcements, log, patience }));
  } catch (error) {
    await pool.end();
    throw unusable(error);
  }
}

function unusable(error: unknown): Error {
  const cause = error instanceof ServiceError ? error.cause : error;
  return new Error(`the store cannot be used: ${messageOf(cause)}`, { cause: error });
}

/**
 * Opens the tables of the store, and migrates them, for this process alone.
 * @throws Error while a service uses them
 */
export async function openTables({ url }: StoreConfig): Promise<{ db: Kysely<Tables>; close: () => Promise<void> }> {
  const pool = new pg.Pool({ ...connectionOptions(url), max: 2 });
  const holder = new pg.Client(connectionOptions(url));
  // The error of a connection that is lost is that of its next query; without a listener it would end the process.
  pool.on('error', () => {});
  holder.on('error', () => {});
  try {
    await prepared(pool);
    await holder.connect();
    const close = async () => {
      await holder.end();
      await pool.end();
    };
    const { rows } = await holder.query<{ taken: boolean }>(`select pg_try_advisory_lock(${IN_USE}) as taken`);
    if (rows[0]?.taken === true) return { db: new Kysely({ dialect: new PostgresDialect({ pool }) }), close };
    throw new Error('a service uses it; stop all of its replicas');
  } catch (error) {
    await holder.end().catch(() => {});
    await pool.end();
    throw unusable(error);
  }
}

/** @returns the schema of the tables */
async function prepared(pool: pg.Pool): Promise<string> {
  const schema = await checkedSchema(pool);
  const db = new Kysely<unknown>({ dialect: new MigrationDialect({ pool }) });
  const table = `${pg.escapeIdentifier(schema)}.kysely_migration`;
  // A newer replica may have run migrations that this one does not know. They only add to the tables.
  const getMigrations = async () => {
    const { rows: known } = await pool.query<{ name: string }>(`select name from ${table}`);
    const unchanged: Migration = { up: () => Promise.resolve() };
    return { ...Object.fromEntries(known.map(({ name }) => [name, unchanged])), ...migrations };
  };
  const migrator = new Migrator({ db, provider: { getMigrations }, migrationTableSchema: schema });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error(messageOf(error));
  return schema;
}

interface EngineOptions {
  schema: string;
  pool: pg.Pool;
  announcements: Announcements;
  log: Log;
  /** Milliseconds to wait for a database that is away. */
  patience: number;
}

class DatabaseEngine implements StoreEngine {
  readonly db: Kysely<Tables>;
  readonly coordination: Coordination;
  /** For what does not wait for a database that is away. */
  readonly #hastyDb: Kysely<Tables>;
  readonly #close: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(url: string, { schema, pool, announcements, log, patience }: EngineOptions) {
    const locks = new LockSessions(url, patience);
    const queue = new JobQueue(url, schema, { locks, log, patience });
    // A query is sent again when its connection breaks: every change of the store can be repeated.
    this.db = tablesThrough((sql, values) => whenBack(() => pool.query(sql, values), patience));
    this.#hastyDb = tablesThrough((sql, values) => whenBack(() => pool.query(sql, values), 0));
    this.coordination = {
      isShared: true,
      tryLock: (key) => locks.tryLock(key),
      async free(keys) {
        if (keys.length === 0) return [];
        const { rows } = await whenBack(() => pool.query<{ key: string }>(FREE_KEYS, [keys]), patience);
        return rows.map(({ key }) => key);
      },
      async announceRemoval(name) {
        await whenBack(() => pool.query(ANNOUNCE, [name]), patience);
      },
      onRemoval: (listener) => announcements.onRemoval(listener),
      queue,
    };
    this.#close = async () => {
      await queue.close();
      await announcements.close();
      await locks.close();
      await pool.end();
    };
  }

  /** The server removes deleted data in its own time. */
  scrub(): void {}

  scrubIfDue(): void {}

  async check(write: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unreachable(new Error('no reply within three seconds'))), CHECK_TIMEOUT);
    });
    await Promise.race([write(this.#hastyDb), late]).finally(() => clearTimeout(timer));
  }

  failure(error: unknown): unknown {
    const code = String((error as { code?: unknown }).code);
    if (code === '53100') {
      return new ServiceError(507, "The disk of the service's database is full. Its operators must free some space.");
    }
    return isAway(error) && !(error instanceof ServiceError) ? unreachable(error) : error;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }
}
