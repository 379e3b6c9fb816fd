import { setTimeout as pause } from 'node:timers/promises';

import type { Log } from './http.js';
import { withBudget, type Budget, type Budgeted, type Times } from './budget.js';
import { ServiceError } from './errors.js';
import { asServiceError } from './refusals.js';

const LONGEST_REWRITE = 30_000;

/** What the service is doing: everything that has begun and not ended, whether its request was answered or not. */
export class Works {
  readonly #log: Log;
  readonly #rewrite: number;
  /** Each work, and what asks it to end. */
  readonly #running = new Map<Promise<unknown>, (reason: Error) => void>();
  readonly #stopping = new AbortController();

  /** @param rewrite milliseconds before a result that could not be written is written again; twice as long each time */
  constructor(log: Log, rewrite: number) {
    this.#log = log;
    this.#rewrite = rewrite;
  }

  /** Whether the time to end by themselves is over. */
  get areStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /**
   * Starts a work that has a time.
   * @param what the beginning of a sentence, such as `Removing the instance "db1"`
   * @returns its answer is a ServiceError 504 when it takes too long
   */
  start<T>(what: string, times: Times, task: (budget: Budget) => Promise<T>): Budgeted<T> {
    const seconds = Math.round(times.answer / 1000);
    const late = () =>
      new ServiceError(504, `${what} takes longer than ${seconds} seconds and is still running. Try again later.`);
    const started = withBudget(times, late, task);
    if (this.areStopped) started.abort(this.#stopping.signal.reason as Error);
    const work = this.track(started.work, started.abort);
    return { ...started, work };
  }

  /** Remembers what runs until it has ended. */
  track<T>(work: Promise<T>, abort: (reason: Error) => void = () => {}): Promise<T> {
    this.#running.set(work, abort);
    return work.finally(() => this.#running.delete(work));
  }

  /**
   * Writes a result that must not be lost: again and again, until it is written or the works are stopped.
   * @param tell is given the error at once, for the answer that cannot wait
   */
  async write(write: () => Promise<void>, tell: (error: ServiceError) => void): Promise<void> {
    for (let wait = this.#rewrite; ; wait = Math.min(2 * wait, LONGEST_REWRITE)) {
      try {
        await write();
        return;
      } catch (error) {
        this.#log.error({ err: error }, 'a result cannot be written to the store; it is tried again');
        tell(asServiceError(error));
        await pause(wait, undefined, { signal: this.#stopping.signal });
      }
    }
  }

  /**
   * Waits until everything has ended; what has not ended after the grace is asked to.
   * @param requests ends when the last request has been answered
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
