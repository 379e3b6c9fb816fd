import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { Logger, makeWorkerUtils, runTaskList, type WorkerEvents, type WorkerPool, type WorkerUtils } from 'graphile-worker';
import pg from 'pg';

import type { Log } from './http.js';
import { messageOf, ServiceError } from './errors.js';
import { connectionOptions, isAway, whenBack } from './store-connection.js';
import { LostLock, type CreationQueue, type Lock } from './store-engine.js';
import { FREE_KEYS, type LockSessions } from './store-sessions.js';

/** Creations that one process works on at a time. */
const CONCURRENCY = 10;
/** Connections of the queue: one that listens, and some for the short queries of its workers. */
const MAX_CONNECTIONS = 4;
/** Milliseconds between two attempts to take the lock of a worker. */
const RETRY_INTERVAL = 1_000;
/** Milliseconds between two attempts to take the lock of the migrations. */
const MIGRATION_INTERVAL = 50;
/** Milliseconds that its jobs have left when it is closed. */
const LAST_WAIT = 1_000;
const TASK = 'create';

/**
 * The queue of graphile-worker, in a schema of its own on the store's database: one job for each instance.
 *
 * Each worker holds a lock with its name for as long as it lives. The queue itself would free the job of a dead worker
 * after four hours.
 */
export class JobQueue implements CreationQueue {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #locks: LockSessions;
  readonly #patience: number;
  readonly #log: Log;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #utils: Promise<WorkerUtils> | undefined;
  #workers: WorkerPool | undefined;

  /**
   * @param schema of the store
   * @param patience milliseconds to wait for a database that is away, or for another process that makes the tables
   */
  constructor(url: string, schema: string, { locks, log, patience }: { locks: LockSessions; log: Log; patience: number }) {
    this.#pool = new pg.Pool({ ...connectionOptions(url), max: MAX_CONNECTIONS });
    const onError = (error: Error) => log.debug({ err: error }, 'a connection to the database was closed');
    this.#pool.on('error', onError).on('connect', (client) => client.on('error', onError));
    this.#schema = schema === 'public' ? 'graphile_worker' : `${schema}_jobs`;
    this.#locks = locks;
    this.#patience = patience;
    this.#log = log;
    this.#logger = new Logger(() => (level: string, message) => {
      log[level === 'error' ? 'warn' : 'debug']({ queue: this.#schema }, messageOf(message));
    });
  }

  async add({ id, name }: { id: string; name: string }, isNew: boolean): Promise<boolean> {
    const utils = await this.#migrated();
    const job = await utils.addJob(TASK, { name }, { jobKey: id, jobKeyMode: isNew ? 'replace' : 'unsafe_dedupe' });
    return job.attempts < job.max_attempts || job.locked_by !== null;
  }

  async start(create: (name: string) => Promise<void>): Promise<void> {
    try {
      await this.#migrated();
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
    if (!this.#stopping.signal.aborted) this.#workers ??= this.#run(create);
  }

  async recover(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const utils = await this.#migrated();
    const { rows } = await this.#pool.query<{ locked_by: string }>(
      `select distinct locked_by from ${pg.escapeIdentifier(this.#schema)}.jobs where locked_by is not null`,
    );
    const { rows: free } = await this.#pool.query<{ key: string }>(FREE_KEYS, [rows.map((row) => lockOf(row.locked_by))]);
    const dead = free.map(({ key }) => key.slice(lockOf('').length));
    if (dead.length > 0) await utils.forceUnlockWorkers(dead);
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#workers?.gracefulShutdown();
  }

  /** Ends its connections. Jobs that do not end now are left to the others. */
  async close(): Promise<void> {
    await Promise.race([this.stop(), pause(LAST_WAIT)]);
    await (await this.#utils?.catch(() => undefined))?.release();
    await this.#pool.end();
  }

  #migrated(): Promise<WorkerUtils> {
    this.#utils ??= whenBack(() => this.#migrate(), this.#patience).catch((error: unknown) => {
      this.#utils = undefined;
      throw error;
    });
    return this.#utils;
  }

  /** Makes the queue's tables, one process at a time: two that create its schema at once would fail. */
  async #migrate(): Promise<WorkerUtils> {
    const lock = await this.#migrationLock();
    try {
      return await makeWorkerUtils({ pgPool: this.#pool, schema: this.#schema, logger: this.#logger });
    } catch (error) {
      // Another process may have begun meanwhile.
      throw lock.lost.aborted ? new LostLock(error) : error;
    } finally {
      await lock.release();
    }
  }

  /** @throws ServiceError 503 when it is not free in time, or the queue is stopped */
  async #migrationLock(): Promise<Lock> {
    const deadline = performance.now() + this.#patience;
    while (!this.#stopping.signal.aborted && performance.now() < deadline) {
      const lock = await this.#locks.tryLock('queue/migration');
      if (lock !== undefined) return lock;
      await pause(MIGRATION_INTERVAL);
    }
    throw new ServiceError(503, 'The queue of creations is not ready. Try again in a minute.');
  }

  #run(create: (name: string) => Promise<void>): WorkerPool {
    const events: WorkerEvents = new EventEmitter();
    const gone = new AbortController();
    events.on('worker:create', ({ worker }) => void this.#keepLocked(lockOf(worker.workerId), gone.signal));
    const workers = runTaskList(
      { schema: this.#schema, logger: this.#logger, events, concurrency: CONCURRENCY, noHandleSignals: true },
      { [TASK]: (payload) => create((payload as { name: string }).name) },
      this.#pool,
    );
    const end = () => gone.abort();
    workers.promise.then(end, end);
    // Every queue of the database hears it. The workers would end, although it may be about the queue of another service.
    events.on('pool:listen:notification', ({ message }) => {
      if (message.channel !== 'worker:migrate') return;
      message.channel = '';
      void this.#endIfOutdated(workers);
    });
    // A worker ends when it cannot report the end of its job, and no other one takes its place.
    events.once('worker:fatalError', () => {
      if (this.#stopping.signal.aborted) return;
      this.#log.warn({ queue: this.#schema }, 'a worker has lost its database; starting new ones');
      this.#workers = this.#run(create);
      void workers.gracefulShutdown();
    });
    return workers;
  }

  /** Ends the workers when a newer version has changed the tables so that this one must not use them. */
  async #endIfOutdated(workers: WorkerPool): Promise<void> {
    try {
      await (await this.#migrated()).migrate();
    } catch (error) {
      if (isAway(error) || this.#stopping.signal.aborted) return;
      this.#log.error({ err: error, queue: this.#schema }, 'the queue belongs to a newer version; this one takes no more creations');
      await workers.gracefulShutdown();
    }
  }

  /** Holds the lock of a worker until the worker is gone; takes it again when it is lost. */
  async #keepLocked(key: string, gone: AbortSignal): Promise<void> {
    while (!gone.aborted && !this.#stopping.signal.aborted) {
      const lock = await this.#locks.tryLock(key).catch(() => undefined);
      if (lock === undefined) {
        await pause(RETRY_INTERVAL);
        continue;
      }
      await aborted(AbortSignal.any([gone, lock.lost]));
      await lock.release();
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

function lockOf(workerId: string): string {
  return `worker/${workerId}`;
}
