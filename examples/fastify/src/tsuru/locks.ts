import { ServiceError } from './errors.js';

/**
 * One holder of a key at a time, in the order in which they came; different keys do not wait for each other. A lock is
 * free only when its holder lets go of it: a waiter that gives up takes nothing with it.
 */
export class Locks {
  /** The waiters of each key that is held. */
  readonly #queues = new Map<string, Set<() => void>>();

  /**
   * Waits for a key.
   * @param patience milliseconds to wait
   * @returns what lets go of it again; to be called once
   * @throws ServiceError 503 when it did not become free in time
   */
  async acquire(key: string, patience: number): Promise<() => void> {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, new Set());
    else await turnIn(queue, patience, key);
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

function turnIn(queue: Set<() => void>, patience: number, key: string): Promise<void> {
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
