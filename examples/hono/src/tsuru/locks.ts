import { ServiceError } from './errors.js';

/**
 * A lock for each key, with one holder at a time, first come, first served. Only the holder releases it: a waiter that
 * gives up changes nothing.
 */
export class Locks {
  /** The waiters for each locked key. */
  readonly #queues = new Map<string, Set<() => void>>();

  /**
   * @param patience milliseconds to wait
   * @returns releases the lock; to be called once
   * @throws ServiceError 503 when it is not free in time
   */
  async acquire(key: string, patience: number): Promise<() => void> {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, new Set());
    else await waitForTurn(queue, patience, key);
    return () => {
      this.#release(key);
    };
  }

  #release(key: string): void {
    const queue = this.#queues.get(key);
    const [next] = queue ?? [];
    if (queue === undefined || next === undefined) {
      this.#queues.delete(key);
      return;
    }
    queue.delete(next);
    next();
  }
}

function waitForTurn(queue: Set<() => void>, patience: number, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const turn = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      queue.delete(turn);
      reject(new ServiceError(503, `Another operation on "${key}" is still running. Try again in a minute.`));
    }, patience);
    queue.add(turn);
  });
}
