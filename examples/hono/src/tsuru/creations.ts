import type { Logger } from 'pino';

import type { BackendCalls } from './backend-calls.js';
import { ServiceError } from './errors.js';
import { interrupted } from './instance-state.js';
import { asServiceError, sentence, withStatus } from './life-cycle-errors.js';
import type { Operations } from './operations.js';
import type { Store } from './store.js';
import type { StoredInstance } from './store-rows.js';

export type Provisioning = 'inline' | 'background';

interface Creation {
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

/** The creations under way, whether a request waits for them or not. At most one for each instance. */
export class Creations {
  readonly #store: Store;
  readonly #backend: BackendCalls;
  readonly #operations: Operations;
  readonly #inBackground: boolean;
  readonly #log: Logger;
  readonly #running = new Map<string, Creation>();

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
    this.#log = log;
  }

  running(name: string): Creation | undefined {
    return this.#running.get(name);
  }

  /**
   * Starts the creation of a stored, pending instance.
   * @param requestSignal of the request that waits for it; ignored in the background
   * @param before the failed instance of that name, restored when the backend refuses to create it again
   */
  start(instance: StoredInstance, requestSignal: AbortSignal | undefined, before?: StoredInstance): Creation {
    const { name } = instance;
    const action = `Creating the instance "${name}"`;
    let isCancelled = false;

    const { work, reply, abort } = this.#operations.startInBackground(action, async (operation) => {
      const signals = requestSignal && !this.#inBackground ? [requestSignal, operation.signal] : [operation.signal];
      const { instance: created, error } = await this.#create(action, instance, AbortSignal.any(signals), before);
      // It stays pending in the store, and the next start of the service resumes it.
      if (error && this.#inBackground && this.#operations.areAborted && !isCancelled) return;
      await this.#operations.persist(async () => {
        if (created === undefined) await this.#store.remove(instance.id);
        else await this.#store.saveSettled(isCancelled ? { ...created, state: 'removing', error: '' } : created);
      }, operation.replyWith);
      if (isCancelled) throw new ServiceError(410, `The instance "${name}" was removed while it was being created.`);
      if (error) throw error;
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

  /**
   * Continues the creations that the last run of the service left pending. Those that a request waited for become
   * failed instead: their reply was never sent, and Tsuru's user creates the instance again.
   */
  async resume(): Promise<void> {
    const names = await this.#store.pending();
    const all = names.map((name) =>
      this.#operations.track(this.#resumeOne(name)).catch((error: unknown) => {
        this.#log.error({ err: error, instance: name }, 'could not resume an interrupted creation');
      }),
    );
    await Promise.all(all);
  }

  async #resumeOne(name: string): Promise<void> {
    await this.#operations.lockedInBackground(name, async () => {
      const instance = await this.#store.find(name);
      if (instance?.state !== 'pending' || this.#running.has(name)) return;
      if (this.#inBackground && instance.damaged.length === 0) this.start(instance, undefined);
      else await this.#operations.persist(() => this.#store.saveSettled(interrupted(instance)));
    });
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
      const kept = `The instance "${instance.name}" stays in the service as failed until it is created again or removed.`;
      return {
        instance: { ...instance, state: 'failed', error: problem.message },
        error: new ServiceError(problem.status, `${text} ${kept}`, problem.fields, { cause: error }),
      };
    }
  }
}
