import { setTimeout as pause } from 'node:timers/promises';

import { startWithDeadlines, type Deadlines, type Operation, type StartedOperation } from './deadlines.js';
import { ServiceError } from './errors.js';
import type { Log } from './http.js';
import { asServiceError, timedOut } from './life-cycle-errors.js';
import { Locks } from './locks.js';
import { LostLock } from './store-engine.js';
import type { LockedStore } from './store-locked.js';
import type { Store } from './store.js';

/**
 * Milliseconds. Tsuru waits 300 s for a response, so every operation ends earlier, with an error that its user can
 * read.
 */
export interface Timeouts {
  /** To wait for another operation on the same instance. */
  lock: number;
  /** For a request that changes something, until its backend is asked to stop. */
  work: number;
  /** For the same request, until it gets a reply even when the backend has not stopped. */
  reply: number;
  /** For the status and the info of an instance. */
  read: number;
  /** For a creation in the background. */
  background: number;
  /** Until a result that could not be written is written again; doubled each time. */
  retry: number;
}

export const TIMEOUTS: Timeouts = {
  lock: 60_000,
  work: 230_000,
  reply: 240_000,
  read: 60_000,
  background: 3_600_000,
  retry: 1000,
};

/** An operation that holds the lock of its instance. Its signal is also aborted when the lock is lost. */
export interface LockedOperation extends Operation {
  readonly store: LockedStore;
}

/** Milliseconds. */
const LONGEST_RETRY = 30_000;

/**
 * Everything that has started and not ended, whether its request has had a reply or not. A late operation keeps its
 * lock until it ends, and its result is stored all the same.
 */
export class Operations {
  readonly #store: Store;
  readonly #log: Log;
  readonly #timeouts: Timeouts;
  readonly #locks: Locks;
  /** Each operation, and how to abort it. */
  readonly #running = new Map<Promise<unknown>, (reason: Error) => void>();
  readonly #stopping = new AbortController();

  constructor(store: Store, log: Log, timeouts: Timeouts) {
    this.#store = store;
    this.#locks = new Locks(store.coordination, this.#stopping.signal);
    this.#log = log;
    this.#timeouts = timeouts;
  }

  /** Whether the grace period of {@link stop} is over. */
  get areAborted(): boolean {
    return this.#stopping.signal.aborted;
  }

  /**
   * Runs a request that changes something, and replies in time.
   * @param action the start of a sentence, such as `Removing the instance "db1"`
   */
  run<T>(action: string, task: (operation: Operation) => Promise<T>): Promise<T> {
    const { reply, work } = this.start(action, this.#timeouts, task);
    work.catch((error: unknown) => {
      this.#log.debug({ err: error }, `${action} ended with an error`);
    });
    return reply;
  }

  /** The same, for a request that must be the only one on its instance. */
  runLocked<T>(name: string, action: string, task: (operation: LockedOperation) => Promise<T>): Promise<T> {
    return this.run(action, (operation) => this.locked(name, operation, task));
  }

  /** Runs a call that changes nothing. A stop waits for its reply only. */
  read<T>(action: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { read } = this.#timeouts;
    const { reply, abort } = startWithDeadlines(
      { work: read, reply: read },
      () => timedOut(action),
      ({ signal }) => task(signal),
    );
    return this.track(reply, abort);
  }

  /** Starts a creation that may outlive its request. */
  startInBackground<T>(action: string, task: (operation: Operation) => Promise<T>): StartedOperation<T> {
    const { background } = this.#timeouts;
    return this.start(action, { work: background, reply: background }, task);
  }

  start<T>(action: string, deadlines: Deadlines, task: (operation: Operation) => Promise<T>): StartedOperation<T> {
    const seconds = Math.round(deadlines.reply / 1000);
    const text = `${action} is taking longer than ${seconds} seconds and is still running. Try again later.`;
    const overdue = () => new ServiceError(504, text);
    const started = startWithDeadlines(deadlines, overdue, task);
    if (this.areAborted) started.abort(this.#stopping.signal.reason as Error);
    return { ...started, work: this.track(started.work, started.abort) };
  }

  track<T>(work: Promise<T>, abort: (reason: Error) => void = () => {}): Promise<T> {
    this.#running.set(work, abort);
    return work.finally(() => this.#running.delete(work));
  }

  /**
   * Runs a task of an operation while no other one holds the instance of that name. It runs again after its lock was
   * lost, unless the operation's time is over: its user may have asked for something else since.
   * @throws ServiceError 503 when it stays locked
   */
  locked<T>(name: string, operation: Operation, task: (operation: LockedOperation) => Promise<T>): Promise<T> {
    const { signal } = operation;
    return this.#locks.hold(
      name,
      this.#timeouts.lock,
      (lock) => task({ ...operation, signal: AbortSignal.any([signal, lock.lost]), store: this.#store.under(lock) }),
      signal,
    );
  }

  /** The same, as patient as a creation in the background. */
  lockedInBackground<T>(name: string, task: (store: LockedStore) => Promise<T>): Promise<T> {
    return this.#locks.hold(name, this.#timeouts.background, (lock) => task(this.#store.under(lock)));
  }

  /**
   * Writes a result that must not be lost: retries until it is written, its lock is lost or the service stops.
   * @param onError gets the error of each attempt, for a reply that cannot wait
   */
  async persist(write: () => Promise<void>, onError: (error: ServiceError) => void = () => {}): Promise<void> {
    for (let wait = this.#timeouts.retry; ; wait = Math.min(2 * wait, LONGEST_RETRY)) {
      try {
        await write();
        return;
      } catch (error) {
        if (error instanceof LostLock) throw error;
        this.#log.error({ err: error }, 'could not write a result to the store; retrying');
        onError(asServiceError(error));
        await pause(wait, undefined, { signal: this.#stopping.signal });
      }
    }
  }

  /**
   * Waits until everything has ended; after the grace period, aborts what is left.
   * @param requests settles when the last request has had its reply
   * @param grace milliseconds
   */
  async stop(requests: Promise<unknown>, grace: number): Promise<void> {
    const timer = setTimeout(() => {
      const reason = new Error('the service is stopping');
      this.#stopping.abort(reason);
      for (const abort of this.#running.values()) abort(reason);
    }, grace);
    await Promise.allSettled([requests]);
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys());
    clearTimeout(timer);
  }
}
