import { ServiceError } from './errors.js';

/** Runs the tasks of one key one after the other, in the order they came; those of different keys side by side. */
export class Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * @param patience milliseconds to wait for the key's turn
   * @throws ServiceError 503 when the turn did not come in time; the task is then never run
   */
  async run<T>(key: string, patience: number, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const result = before === undefined ? task() : turnOf(before, patience, key).then(task);
    const tail = Promise.allSettled([before, result]);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

/** Waits for a promise, whichever way it ends, but no longer than `patience` milliseconds. @throws ServiceError 503 */
export async function turnOf(before: Promise<unknown>, patience: number, key: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServiceError(503, `Another operation on ${key} is still running: try again in a minute.`));
    }, patience);
  });
  try {
    await Promise.race([Promise.allSettled([before]), late]);
  } finally {
    clearTimeout(timer);
  }
}
