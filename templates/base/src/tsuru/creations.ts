import { setTimeout as pause } from 'node:timers/promises';

import type { Logger } from 'pino';

import type { BackendCalls } from './backend-calls.js';
import { ServiceError } from './errors.js';
import { interrupted } from './instance-state.js';
import { asServiceError, sentence, timedOut, withStatus } from './life-cycle-errors.js';
import type { Operations } from './operations.js';
import type { CreationQueue, Lock } from './store-engine.js';
import type { LockedStore } from './store-locked.js';
import type { Store } from './store.js';
import type { StoredInstance } from './store-rows.js';

export type Provisioning = 'inline' | 'background';

export interface Creation {
  /** The reply to its request. It may come before the end, when the result cannot be written yet. */
  reply: Promise<void>;
  /** Resolves when the result is in the store; never rejects. */
  ended: Promise<void>;
  /** Aborts it because the instance is being removed. */
  cancel(): void;
}

interface Outcome {
  /** The instance to keep in the store; undefined to remove it. */
  instance: StoredInstance | undefined;
  error?: ServiceError;
}

/** Milliseconds between two looks at a creation of another replica. */
const LOOK_INTERVAL = 100;

/**
 * The creations under way, whether a request waits for them or not. At most one for each instance: it holds the
 * instance's second lock, so that the other replicas can see whether it is alive.
 */
export class Creations {
  readonly #store: Store;
  readonly #backend: BackendCalls;
  readonly #operations: Operations;
  readonly #inBackground: boolean;
  readonly #queue: CreationQueue | undefined;
  readonly #log: Logger;
  readonly #running = new Map<string, Creation>();
  #recovering: Promise<void> | undefined;

  constructor(
    store: Store,
    backend: BackendCalls,
    operations: Operations,
    { provisioning, log }: { provisioning: Provisioning; log: Logger },
  ) {
    this.#store = store;
    this.#backend = backend;
    this.#operations = operations;
    this.#inBackground = provisioning === 'background';
    this.#queue = this.#inBackground ? store.coordination.queue : undefined;
    this.#log = log;
    store.coordination.onRemoval((name) => this.#running.get(name)?.cancel());
  }

  running(name: string): Creation | undefined {
    return this.#running.get(name);
  }

  /** Whether it waits in the queue, or another replica took it from there. */
  async isQueued(instance: StoredInstance): Promise<boolean> {
    await this.#queue?.add(instance, false);
    return this.#queue !== undefined;
  }

  /** Whether another replica is creating it now. */
  async isElsewhere(name: string): Promise<boolean> {
    return (await this.#store.coordination.free([lockOf(name)])).length === 0;
  }

  /** Waits until no other replica is creating it. @throws ServiceError 504 when that takes too long */
  async endElsewhere(action: string, name: string, signal: AbortSignal): Promise<void> {
    while (await this.isElsewhere(name)) {
      if (signal.aborted) throw signal.reason instanceof ServiceError ? signal.reason : timedOut(action);
      await pause(LOOK_INTERVAL);
    }
  }

  /** Waits until another replica has created it. @throws ServiceError when it is not ready then */
  async replyFromElsewhere(action: string, name: string, signal: AbortSignal): Promise<void> {
    await this.endElsewhere(action, name, signal);
    const instance = await this.#store.find(name);
    if (instance?.state === 'ready') return;
    if (instance?.state === 'pending') throw new ServiceError(503, `${action} was interrupted. Try again in a minute.`);
    if (instance?.state === 'failed') throw new ServiceError(500, `${sentence(instance.error)} ${kept(name)}`);
    throw new ServiceError(410, `The instance "${name}" was refused or removed while it was being created. Try again.`);
  }

  /**
   * Saves a pending instance, and starts or queues its creation.
   * @param store of the holder of the instance's lock
   * @param requestSignal of the request that waits for it; ignored in the background
   * @param before the failed instance of that name, restored when the backend refuses to create it again
   * @returns undefined when it is queued
   */
  async begin(
    store: LockedStore,
    instance: StoredInstance,
    requestSignal: AbortSignal | undefined,
    before?: StoredInstance,
  ): Promise<Creation | undefined> {
    const lock = this.#queue ? undefined : await this.#lock(instance.name);
    try {
      await store.save(instance);
      await store.forgetRemoval(instance.name);
      await this.#queue?.add(instance, true);
    } catch (error) {
      await lock?.release();
      throw error;
    }
    return lock && this.#start(lock, instance, requestSignal, before);
  }

  #start(lock: Lock, instance: StoredInstance, requestSignal?: AbortSignal, before?: StoredInstance): Creation {
    const { name } = instance;
    const action = `Creating the instance "${name}"`;
    const store = this.#store.under(lock);
    let isCancelled = false;

    const { work, reply, abort } = this.#operations.startInBackground(action, async (operation) => {
      try {
        const signals = [operation.signal, lock.lost, ...(requestSignal && !this.#inBackground ? [requestSignal] : [])];
        const { instance: created, error } = await this.#create(action, instance, AbortSignal.any(signals), before);
        // It stays pending in the store, and the next start of the service or another replica resumes it.
        if (error && this.#inBackground && this.#operations.areAborted && !isCancelled) return;
        await this.#operations.persist(async () => {
          if (created === undefined) await store.remove(instance.id);
          else await store.saveSettled(isCancelled ? { ...created, state: 'removing', error: '' } : created);
        }, operation.replyWith);
        if (isCancelled) throw new ServiceError(410, `The instance "${name}" was removed while it was being created.`);
        if (error) throw error;
      } finally {
        await lock.release();
      }
    });
    reply.catch(() => {});
    const ended = work
      .catch((error: unknown) => {
        this.#log.warn({ err: error, instance: name }, 'a creation ended without an instance');
      })
      .finally(() => {
        if (this.#running.get(name) === creation) this.#running.delete(name);
      });
    const creation: Creation = {
      reply,
      ended,
      cancel: () => {
        isCancelled = true;
        abort(new Error('the instance is being destroyed'));
      },
    };
    this.#running.set(name, creation);
    return creation;
  }

  /** Takes creations from the queue, and continues those that the last run of the service left pending. */
  async resume(): Promise<void> {
    await this.#queue?.start((name) => this.#createQueued(name));
    await this.recover();
  }

  /**
   * Continues the creations whose process has ended. Those that a request waited for become failed instead: their reply
   * was never sent, and Tsuru's user creates the instance again. So do those that end their process each time.
   * Concurrent calls share one search.
   */
  async recover(): Promise<void> {
    this.#recovering ??= this.#operations
      .track(this.#recover())
      .catch((error: unknown) => {
        this.#log.error({ err: error }, 'could not look for interrupted creations');
      })
      .finally(() => {
        this.#recovering = undefined;
      });
    await this.#recovering;
  }

  /** Takes nothing from the queue any more. Resolves when what was taken has ended. */
  async stop(): Promise<void> {
    await this.#queue?.stop();
  }

  async #recover(): Promise<void> {
    await this.#queue?.recover();
    // The announcement of a removal may not have arrived.
    for (const [name, creation] of this.#running) {
      if ((await this.#store.find(name))?.state === 'removing') creation.cancel();
    }
    const names = (await this.#store.pending()).filter((name) => !this.#running.has(name));
    const dead = new Set(await this.#store.coordination.free(names.map(lockOf)));
    const all = names
      .filter((name) => dead.has(lockOf(name)))
      .map((name) =>
        this.#recoverOne(name).catch((error: unknown) => {
          this.#log.error({ err: error, instance: name }, 'could not resume an interrupted creation');
        }),
      );
    await Promise.all(all);
  }

  async #recoverOne(name: string): Promise<void> {
    await this.#operations.lockedInBackground(name, async (store) => {
      const instance = await store.find(name);
      if (instance?.state !== 'pending' || this.#running.has(name)) return;
      const canCreate = this.#inBackground && instance.damaged.length === 0;
      if (canCreate && (await this.#queue?.add(instance, false))) return;
      const lock = await this.#store.coordination.tryLock(lockOf(name));
      if (lock === undefined) return;
      const pending = await this.#pendingUnder(lock, name);
      if (pending === undefined) return;
      if (canCreate && this.#queue === undefined) {
        this.#start(lock, pending);
        return;
      }
      try {
        await this.#operations.persist(() => store.saveSettled(interrupted(pending)));
      } finally {
        await lock.release();
      }
    });
  }

  /** @throws Error when it is to be taken from the queue again */
  async #createQueued(name: string): Promise<void> {
    const creation = await this.#operations.track(
      this.#operations.lockedInBackground(name, async (store) => {
        const instance = await store.find(name);
        if (instance?.state !== 'pending' || instance.damaged.length > 0) return undefined;
        const running = this.#running.get(name);
        if (running) return running;
        const lock = await this.#lock(name);
        const pending = await this.#pendingUnder(lock, name);
        return pending && this.#start(lock, pending);
      }),
    );
    await creation?.ended;
    if (creation && (await this.#store.find(name))?.state === 'pending') throw new Error('the creation was interrupted');
  }

  /**
   * The instance of a creation whose lock is held: until then, its creation elsewhere may have ended. Releases the lock
   * when it is not pending.
   */
  async #pendingUnder(lock: Lock, name: string): Promise<StoredInstance | undefined> {
    let isPending = false;
    try {
      const instance = await this.#store.under(lock).find(name);
      isPending = instance?.state === 'pending';
      return isPending ? instance : undefined;
    } finally {
      if (!isPending) await lock.release();
    }
  }

  async #lock(name: string): Promise<Lock> {
    const lock = await this.#store.coordination.tryLock(lockOf(name));
    if (lock) return lock;
    throw new ServiceError(503, `The instance "${name}" is still being created. Try again in a minute.`);
  }

  async #create(
    action: string,
    instance: StoredInstance,
    signal: AbortSignal,
    before: StoredInstance | undefined,
  ): Promise<Outcome> {
    try {
      const data = await this.#backend.create(action, instance, signal);
      return { instance: { ...instance, state: 'ready', data } };
    } catch (error) {
      const problem = asServiceError(error);
      const text = sentence(problem.message);
      if (problem.refused && !this.#inBackground) {
        // After a 409 Tsuru shows "already exists" in place of the text.
        const status = problem.status === 409 ? 422 : problem.status;
        if (before === undefined) return { instance: undefined, error: withStatus(status, problem) };
        const left = `${text} The instance "${instance.name}" of an earlier attempt stays in the service.`;
        return { instance: before, error: new ServiceError(status, left, problem.fields, { cause: error }) };
      }
      return {
        instance: { ...instance, state: 'failed', error: problem.message },
        error: new ServiceError(problem.status, `${text} ${kept(instance.name)}`, problem.fields, { cause: error }),
      };
    }
  }
}

function kept(name: string): string {
  return `The instance "${name}" stays in the service as failed until it is created again or removed.`;
}

/** The lock that a creation holds until its result is stored. */
function lockOf(name: string): string {
  return `creation/${name}`;
}
