import type { Kysely } from 'kysely';
import pg from 'pg';

import { REFUSE_STANDBY } from './store-checks.js';
import { connectionOptions, isAway, tablesThrough, whenBack } from './store-connection.js';
import { LostLock, type Lock } from './store-engine.js';
import type { Tables } from './store-tables.js';

/** Connections that hold locks. An operation waits for the queries of others on the same one, but not for their work. */
const MAX_SESSIONS = 8;
/** Milliseconds between two signs of life. */
const HEARTBEAT = 10_000;
/** Milliseconds after which a query without a reply means that the session is lost. */
const REPLY_TIMEOUT = 15_000;
/**
 * Milliseconds without a sign of life after which the server ends a session, with its locks. More than the two above:
 * a process that is cut off notices it before another one gets its locks.
 */
const IDLE_TIMEOUT = 30_000;

/** Ends the locks of a process that hangs or is cut off. */
const SETTINGS = `
  set idle_session_timeout = ${IDLE_TIMEOUT};
  set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
  ${REFUSE_STANDBY}`;

/** A lock's number in PostgreSQL. Locks belong to a database, so the schema is part of it. */
const NUMBER = "hashtextextended(current_schema() || '/' || $1, 0)";

/**
 * Locks of PostgreSQL's sessions, so that a lock ends with its holder. All queries under a lock go
 * through the session that holds it. The server ends the lock only after the session's last query, so nothing is
 * written under a lock that was lost.
 */
export class LockSessions {
  readonly #url: string;
  readonly #patience: number;
  readonly #sessions = new Set<Session>();
  readonly #held = new Set<string>();
  readonly #heartbeat: NodeJS.Timeout;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  /** @param patience milliseconds to wait for a database that is away */
  constructor(url: string, patience: number) {
    this.#url = url;
    this.#patience = patience;
    this.#heartbeat = setInterval(() => {
      for (const session of this.#sessions) session.query('select 1', []).catch(() => {});
    }, HEARTBEAT).unref();
  }

  async tryLock(key: string): Promise<Lock | undefined> {
    if (this.#held.has(key)) return undefined;
    this.#held.add(key);
    try {
      const lock = await whenBack(() => this.#attempt(key), this.#patience);
      if (lock === undefined) this.#held.delete(key);
      return lock;
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  async #attempt(key: string): Promise<Lock | undefined> {
    const session = await this.#session();
    let lock: Lock | undefined;
    session.load++;
    try {
      const { rows } = await session.query(`select pg_try_advisory_lock(${NUMBER}) as taken`, [key]);
      const isTaken = (rows as { taken: boolean }[])[0]?.taken;
      if (isTaken) lock = new SessionLock(session, () => this.#unlock(session, key));
      return lock;
    } finally {
      if (lock === undefined) session.load--;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    await this.#opening?.catch(() => {});
    await Promise.all([...this.#sessions].map((session) => session.end()));
  }

  async #unlock(session: Session, key: string): Promise<void> {
    try {
      await session.query(`select pg_advisory_unlock(${NUMBER})`, [key]);
    } catch (error) {
      // The lock ends with its session.
      session.lose(error);
    } finally {
      session.load--;
      this.#held.delete(key);
    }
  }

  /**
   * The session with the smallest load; a new one when all have some. One is opened at a time, and all who wait for it
   * get its error, so that a server that hangs is waited for once. A server that takes no more connections leaves the
   * sessions that there are.
   */
  async #session(): Promise<Session> {
    for (;;) {
      const session = this.#leastLoaded();
      if (session && (session.load === 0 || this.#sessions.size >= MAX_SESSIONS)) return session;
      if (this.#isClosed) throw new Error('the store is closed');
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
      try {
        await this.#opening;
      } catch (error) {
        const other = this.#leastLoaded();
        if (other === undefined) throw error;
        return other;
      }
    }
  }

  #leastLoaded(): Session | undefined {
    return [...this.#sessions].sort((a, b) => a.load - b.load)[0];
  }

  async #open(): Promise<void> {
    const timeouts = { statement_timeout: 12_000, query_timeout: REPLY_TIMEOUT };
    const client = new pg.Client({ ...connectionOptions(this.#url), ...timeouts });
    const session = new Session(client, () => this.#sessions.delete(session));
    try {
      await client.connect();
      await client.query(SETTINGS);
    } catch (error) {
      session.lose(error);
      throw error;
    }
    this.#sessions.add(session);
  }
}

/** A connection, from its start to its loss. */
class Session {
  readonly locks = new Set<SessionLock>();
  /** The locks that it holds, and those that are being taken. */
  load = 0;
  readonly #client: pg.Client;
  readonly #onEnd: () => void;
  /** Settles with the last query: a client takes one at a time. */
  #last = Promise.resolve();
  #isLost = false;

  constructor(client: pg.Client, onEnd: () => void) {
    this.#client = client;
    this.#onEnd = onEnd;
    client.on('error', (error) => this.lose(error));
    client.on('end', () => this.lose(undefined));
  }

  /** @throws LostLock when the session is lost */
  async query(sql: string, values: unknown[]): Promise<pg.QueryResult> {
    const result = this.#last.then(() => {
      if (this.#isLost) throw new LostLock();
      return this.#client.query(sql, values);
    });
    this.#last = result.then(
      () => {},
      () => {},
    );
    try {
      return await result;
    } catch (error) {
      if (!this.#isLost && !isAway(error)) throw error;
      this.lose(error);
      throw new LostLock(error);
    }
  }

  /** Adds a lock, which may have been lost while the reply to its query was on its way. */
  add(lock: SessionLock): void {
    if (this.#isLost) lock.lose(undefined);
    else this.locks.add(lock);
  }

  lose(cause: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#onEnd();
    for (const lock of this.locks) lock.lose(cause);
    // What hangs does not answer a polite end.
    this.#client.connection.stream.destroy();
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

class SessionLock implements Lock {
  readonly db: Kysely<Tables>;
  readonly #session: Session;
  readonly #unlock: () => Promise<void>;
  readonly #lost = new AbortController();
  #isReleased = false;

  constructor(session: Session, unlock: () => Promise<void>) {
    this.#session = session;
    this.#unlock = unlock;
    session.add(this);
    this.db = tablesThrough(async (sql, values) => {
      if (this.#isReleased) throw new Error('the store was used under a lock that is released');
      return session.query(sql, values);
    });
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    this.#session.locks.delete(this);
    await this.#unlock();
  }

  lose(cause: unknown): void {
    this.#lost.abort(new LostLock(cause));
  }
}

/** Selects those of the keys in the first parameter whose locks no session holds. */
export const FREE_KEYS = `
  select key from unnest($1::text[]) as key
  where not exists (
    select from pg_locks
    where locktype = 'advisory' and objsubid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())
      and (classid::bigint << 32) | objid::bigint = hashtextextended(current_schema() || '/' || key, 0)
  )`;
