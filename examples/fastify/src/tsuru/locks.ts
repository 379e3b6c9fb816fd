import { setTimeout as pause } from 'node:timers/promises';

import { ServiceError } from './errors.js';
import { LostLock, type Coordination, type Lock } from './store-engine.js';

/** Milliseconds between two attempts to take a lock that another process holds. */
const FIRST_WAIT = 10;
const LONGEST_WAIT = 100;

/**
 * A lock for each instance, with one holder at a time among all processes that use the store. In this process the order
 * is first come, first served. Only the holder releases it: a waiter that gives up changes nothing.
 */
export class Locks {
  readonly #coordination: Coordination;
  /** Aborted when the service gives up waiting. */
  readonly #stopping: AbortSignal;
  /** The waiters of this process for each locked instance. */
  readonly #queues = new Map<string, Set<() => void>>();

  constructor(coordination: Coordination, stopping: AbortSignal) {
    this.#coordination = coordination;
    this.#stopping = stopping;
  }

  /**
   * Runs a task that holds the lock of an instance. When the lock is lost, the task runs again with a new one.
   * @param patience milliseconds to wait
   * @param over aborted when it must not run again
   * @throws ServiceError 503 when it is not free in time
   */
  async hold<T>(
    name: string,
    patience: number,
    task: (lock: Lock) => Promise<T>,
    over?: AbortSignal,
  ): Promise<T> {
    const start = performance.now();
    await this.#takeTurn(name, patience);
    let releasing = Promise.resolve();
    try {
      for (let deadline = start + patience; ; deadline = performance.now() + patience) {
        const lock = await this.#acquire(name, deadline);
        try {
          return await task(lock);
        } catch (error) {
          if (!(error instanceof LostLock) || this.#stopping.aborted || over?.aborted) throw error;
        } finally {
          releasing = lock.release();
        }
      }
    } finally {
      // The reply does not wait for it, but the next operation does.
      void releasing.finally(() => this.#passTurn(name));
    }
  }

  async #acquire(name: string, deadline: number): Promise<Lock> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      const lock = await this.#coordination.tryLock(`instance/${name}`);
      if (lock) return lock;
      if (performance.now() >= deadline) throw busy(name);
      await pause(wait * (0.5 + Math.random()), undefined, { signal: this.#stopping });
    }
  }

  async #takeTurn(name: string, patience: number): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, new Set());
    else await waitForTurn(queue, patience, name);
  }

  #passTurn(name: string): void {
    const queue = this.#queues.get(name);
    const [next] = queue ?? [];
    if (queue === undefined || next === undefined) {
      this.#queues.delete(name);
      return;
    }
    queue.delete(next);
    next();
  }
}

function waitForTurn(queue: Set<() => void>, patience: number, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      queue.delete(turn);
      reject(busy(name));
    }, patience);
    queue.add(turn);
  });
}

function busy(name: string): ServiceError {
  return new ServiceError(503, `Another operation on "${name}" is still running. Try again in a minute.`);
}
