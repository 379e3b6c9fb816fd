import type { Logger } from 'pino';

import type { AnyBackend } from './backend.js';
import { BackendCalls } from './backend-calls.js';
import { Binds } from './binds.js';
import { Creations, type Provisioning } from './creations.js';
import { Instances } from './instances.js';
import { Operations, TIMEOUTS, type Timeouts } from './operations.js';
import type { Plans } from './plans.js';
import { Removals } from './removals.js';
import type { Store } from './store.js';

/** Milliseconds between two removals of old binds. */
const FORGET_INTERVAL = 600_000;
/** Milliseconds between two searches for creations whose replica has died. */
const RECOVER_INTERVAL = 5_000;

export interface LifeCycleOptions {
  /** The service's id in Tsuru, for the commands in error messages. */
  service: string;
  store: Store;
  backend: AnyBackend;
  plans: Plans;
  provisioning: Provisioning;
  log: Logger;
  /** The current time; tests set it. */
  now?: () => Date;
  timeouts?: Partial<Timeouts>;
  /** Milliseconds between two searches for creations whose replica has died. */
  recoverInterval?: number;
}

/**
 * The states of instances and binds, and their order. It knows nothing of HTTP beyond the status of an error, and
 * leaves the provisioning to the backend.
 *
 * An instance: nothing → pending → ready or failed → removing → nothing. While it is pending only its creation runs;
 * everything else that changes it holds its lock.
 */
export class LifeCycle {
  readonly instances: Instances;
  readonly binds: Binds;
  readonly #creations: Creations;
  readonly #operations: Operations;
  readonly #recoverInterval: number | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: LifeCycleOptions) {
    const { store, plans, log, now = () => new Date(), timeouts } = options;
    const operations = new Operations(store, log, { ...TIMEOUTS, ...timeouts });
    const backend = new BackendCalls(options.backend, plans, operations, log);
    this.#operations = operations;
    this.#recoverInterval = store.coordination.isShared ? (options.recoverInterval ?? RECOVER_INTERVAL) : undefined;
    this.#creations = new Creations(store, backend, operations, options);
    const removals = new Removals(store, backend, operations, this.#creations, log);
    this.instances = new Instances(store, backend, operations, this.#creations, removals, options);
    this.binds = new Binds(store, backend, operations, this.instances, { now, log, service: options.service });
  }

  /**
   * Continues where the last run of the service stopped, and where replicas stop from now on. Requests may come at the
   * same time.
   */
  resume(): Promise<void> {
    // A stop waits for it: the store must not be closed under it.
    return this.#operations.track(this.#resume());
  }

  async #resume(): Promise<void> {
    await this.binds.forgetOld();
    this.#timers.push(setInterval(() => void this.binds.forgetOld(), FORGET_INTERVAL).unref());
    await this.#creations.resume();
    if (this.#recoverInterval === undefined) return;
    this.#timers.push(setInterval(() => void this.#creations.recover(), this.#recoverInterval).unref());
  }

  /**
   * Waits for everything that is running: requests, their work after a late reply, and creations in the background.
   * After the grace period the rest is aborted; a creation in the background then stays pending, and the next start or
   * another replica continues it.
   * @param requests settles when the last request has had its reply
   * @param grace milliseconds
   */
  async stop(requests: Promise<unknown>, grace: number): Promise<void> {
    this.#timers.forEach(clearInterval);
    const ended = this.#creations.stop();
    await this.#operations.stop(requests, grace);
    // Those that a start that was not over has set since.
    this.#timers.forEach(clearInterval);
    await ended;
  }
}
