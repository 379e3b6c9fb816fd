import type { Logger } from 'pino';

import type { BackendCalls, Caller } from './backend-calls.js';
import type { Creations } from './creations.js';
import { ServiceError } from './errors.js';
import { asFailure } from './life-cycle-errors.js';
import type { LockedOperation, Operations } from './operations.js';
import type { Store } from './store.js';
import type { StoredInstance } from './store-rows.js';

/** The removals of instances under way. */
export class Removals {
  readonly #store: Store;
  readonly #backend: BackendCalls;
  readonly #operations: Operations;
  readonly #creations: Creations;
  readonly #log: Logger;
  readonly #running = new Set<string>();

  constructor(store: Store, backend: BackendCalls, operations: Operations, creations: Creations, log: Logger) {
    this.#store = store;
    this.#backend = backend;
    this.#operations = operations;
    this.#creations = creations;
    this.#log = log;
  }

  /** Whether an instance is being removed now, here or by another replica. */
  async isRunning(name: string): Promise<boolean> {
    if (this.#running.has(name)) return true;
    return (await this.#store.coordination.free([`instance/${name}`])).length === 0;
  }

  /**
   * Removes an instance in any state, with its binds.
   * @throws ServiceError 5xx; the instance then stays `removing`, and the removal can be repeated
   */
  async remove(instance: StoredInstance, operation: LockedOperation, caller: Caller): Promise<void> {
    const { name } = instance;
    const { store, signal, replyWith } = operation;
    this.#running.add(name);
    try {
      await this.#cancelCreation(instance, operation);
      const current = await store.find(name);
      if (current === undefined) return;
      const removing: StoredInstance = { ...current, state: 'removing', error: '' };
      await store.saveSettled(removing);
      try {
        const binds = await store.activeBinds(removing.id);
        const canUnbind = binds.length > 0 && this.#backend.canRead(removing);
        for (const bind of binds) {
          if (canUnbind) await this.#backend.unbind(removing, bind, caller, signal);
          else this.#log.error({ instance: name, [bind.kind]: bind.name }, 'skipped an unbind: the data is unreadable');
          await store.removeBind(removing.id, bind.kind, bind.name);
        }
        await this.#backend.destroy(`Removing the instance "${name}"`, removing, caller, signal);
      } catch (error) {
        const problem = asFailure(error);
        await store.saveSettled({ ...removing, error: problem.message }).catch((unwritten: unknown) => {
          this.#log.error({ err: unwritten, instance: name }, 'could not store why a removal failed');
        });
        throw problem;
      }
      await this.#operations.persist(() => store.remove(removing.id), replyWith);
    } finally {
      this.#running.delete(name);
    }
  }

  async #cancelCreation({ id, name }: StoredInstance, { store, signal, replyWith }: LockedOperation): Promise<void> {
    const creation = this.#creations.running(name);
    if (creation === undefined) {
      if (!(await this.#creations.isElsewhere(name))) return;
      await store.setState(id, 'removing');
      await this.#store.coordination.announceRemoval(name);
      await this.#creations.endElsewhere(`Removing the instance "${name}"`, name, signal);
      return;
    }
    creation.cancel();
    // Before the wait: should the service stop meanwhile, its next start must not resume the creation.
    await store.setState(id, 'removing');
    creation.reply.catch((error: unknown) => {
      if (error instanceof ServiceError && error.status === 507) replyWith(error);
    });
    await creation.ended;
  }
}
