import type { Store } from '../store.js';
import type { InstanceState } from '../store-rows.js';

export type Counts = Record<InstanceState, number>;

/** Milliseconds. */
const MAX_AGE = 5_000;
const PATIENCE = 2_000;

/**
 * The number of instances in each state. Scrapes share one query, which runs at most every 5 s; one that the store does
 * not answer within 2 s is not waited for, and no other one is sent before it has ended.
 */
export class StoreCounts {
  readonly #store: Pick<Store, 'countStates'>;
  readonly #now: () => number;
  #latest: { counts: Counts; at: number } | undefined;
  #running: Promise<Counts | undefined> | undefined;

  constructor(store: Pick<Store, 'countStates'>, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** Undefined when the store does not answer. */
  async read(): Promise<Counts | undefined> {
    if (this.#latest !== undefined && this.#now() - this.#latest.at < MAX_AGE) return this.#latest.counts;
    this.#running ??= this.#query().finally(() => {
      this.#running = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), PATIENCE);
    });
    return Promise.race([this.#running, limit]).finally(() => clearTimeout(timer));
  }

  async #query(): Promise<Counts | undefined> {
    try {
      const counts = await this.#store.countStates();
      this.#latest = { counts, at: this.#now() };
      return counts;
    } catch {
      return undefined;
    }
  }
}
