import { randomBytes } from 'node:crypto';

import type { Logger } from 'pino';

import type { Instance, Variables } from './backend.js';
import type { BackendCalls, Caller, Workload, WorkloadKey } from './backend-calls.js';
import { clashError, clashWith, isSuperseded } from './clashes.js';
import { ServiceError } from './errors.js';
import { refuseUnready } from './instance-state.js';
import type { Instances } from './instances.js';
import { withStatus } from './life-cycle-errors.js';
import type { LockedOperation, Operations } from './operations.js';
import type { LockedStore } from './store-locked.js';
import type { StoreQueries } from './store-queries.js';
import type { Store } from './store.js';
import type { StoredBind, StoredInstance } from './store-rows.js';
import type { JsonObject } from './values.js';

/**
 * Milliseconds for which an ended bind is remembered. When an unbind fails in Tsuru, it binds again but keeps the old
 * variables, so the bind must return the same ones.
 */
const MEMORY = 3_600_000;

/** The binds of instances to apps and jobs. */
export class Binds {
  readonly #store: Store;
  readonly #backend: BackendCalls;
  readonly #operations: Operations;
  readonly #instances: Instances;
  readonly #now: () => Date;
  readonly #log: Logger;
  /** The service's id in Tsuru. */
  readonly #service: string;

  constructor(
    store: Store,
    backend: BackendCalls,
    operations: Operations,
    instances: Instances,
    { now, log, service }: { now: () => Date; log: Logger; service: string },
  ) {
    this.#store = store;
    this.#backend = backend;
    this.#operations = operations;
    this.#instances = instances;
    this.#now = now;
    this.#log = log;
    this.#service = service;
  }

  /** The apps and jobs that are bound to an instance. */
  async of(instance: Instance): Promise<WorkloadKey[]> {
    const binds = await this.#store.activeBinds(instance.id);
    return binds.map(({ kind, name }) => ({ kind, name }));
  }

  /**
   * Binds an app or a job. One that is bound already gets the same variables. Without parameters it gets those of its
   * last bind within the hour: Tsuru leaves them out when it undoes an unbind.
   * @returns the variables, checked
   * @throws ServiceError 404 without the instance, 412 while it is pending, 409 when it failed or is being removed; 422
   *   when it would replace variables that the app or job has from another instance; the backend's own refusal, 500 when
   *   it failed, 504 when it takes too long
   */
  async bind(name: string, workload: Workload, parameters: JsonObject, caller: Caller): Promise<Variables> {
    const key = keyOf(workload);
    const known = await this.#store.boundVariables(name, key.kind, key.name);
    // Without the lock: an unbind or a removal that has begun has changed the state first.
    if (known !== undefined) return known;
    const action = `Binding the ${key.kind} "${key.name}" to "${name}"`;
    return this.#operations.runLocked(name, action, async (operation) => {
      const { store } = operation;
      const instance = await this.#instances.find(name, store);
      refuseUnready(instance, 412);
      const stored = await store.findBind(instance.id, key.kind, key.name);
      const previous = stored?.unboundAt && stored.unboundAt < this.#forgottenBefore() ? undefined : stored;
      if (previous?.state === 'bound') return previous.variables;

      const bind = newBind(key, previous);
      if (stored === previous) await store.saveBind(instance.id, bind);
      else await store.replaceBind(instance.id, bind);
      try {
        return await this.#provision(action, instance, workload, { bind, previous, parameters }, caller, operation);
      } catch (error) {
        if (!(error instanceof ServiceError && error.refused)) throw error;
        await this.#operations.persist(() => restore(store, instance.id, bind, previous), operation.replyWith);
        // After a 404 Tsuru tries another path, and then says that the instance does not exist.
        throw withStatus(error.status === 404 ? 422 : error.status, error);
      }
    });
  }

  /**
   * Unbinds an app or a job. Does nothing when it is not bound.
   * @throws ServiceError 404 without the instance, 500 when the backend failed; the unbind can then be repeated
   */
  async unbind(name: string, key: WorkloadKey, caller: Caller): Promise<void> {
    const action = `Unbinding the ${key.kind} "${key.name}" from "${name}"`;
    await this.#operations.runLocked(name, action, async ({ store, signal, replyWith }) => {
      const instance = await this.#instances.find(name, store);
      const bind = await store.findBind(instance.id, key.kind, key.name);
      if (bind === undefined || bind.state === 'unbound') return;
      // Until this succeeds, the access may be half revoked: a bind in between must provision it again.
      await store.saveBind(instance.id, { ...bind, state: 'binding' });
      await this.#backend.unbind(instance, bind, caller, signal);
      const unbound: StoredBind = { ...bind, state: 'unbound', unboundAt: this.#now() };
      await this.#operations.persist(() => store.saveBind(instance.id, unbound), replyWith);
      await this.forgetOld(store);
    });
  }

  /** Forgets the binds that ended more than an hour ago. If that fails, the next call does it. */
  async forgetOld(store: StoreQueries = this.#store): Promise<void> {
    await store.forgetUnbound(this.#forgottenBefore()).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'could not forget old binds yet');
    });
  }

  async #provision(
    action: string,
    instance: StoredInstance,
    workload: Workload,
    { bind, previous, parameters }: { bind: StoredBind; previous: StoredBind | undefined; parameters: JsonObject },
    caller: Caller,
    operation: LockedOperation,
  ): Promise<Variables> {
    const { store, signal, replyWith } = operation;
    const asked = Object.keys(parameters).length === 0 ? bind.parameters : parameters;
    const request = {
      parameters: asked,
      secret: bind.secret,
      previous: previous && Object.keys(previous.variables).length > 0 ? previous.variables : undefined,
    };
    const variables = await this.#backend.bind(action, instance, workload, request, caller, signal);
    const bound: StoredBind = { ...bind, state: 'bound', variables, parameters: asked };
    const elsewhere = () => store.bindsElsewhere(instance.id, bind.kind, bind.name);
    const save = (made: StoredBind) => this.#operations.persist(() => store.saveBind(instance.id, made), replyWith);

    // Saved before the check, so that of two binds at once one sees the other; as `bound` only when it stays.
    const isAlone = (await elsewhere()).length === 0;
    await save(isAlone ? bound : { ...bound, state: 'binding' });
    const others = await elsewhere();
    const clash = clashWith(others, variables, previous?.variables ?? {});
    if (clash !== undefined) {
      await save(bind);
      await this.#backend.unbind(instance, bind, caller, signal);
      const other = await store.nameOf(clash.other.instanceId);
      throw clashError(this.#service, instance.name, bind, other, clash.names);
    }
    if (!isAlone) await save(bound);
    for (const other of others) if (isSuperseded(other.bind, variables)) await store.forgetVariables(other);
    return variables;
  }

  #forgottenBefore(): Date {
    return new Date(this.#now().getTime() - MEMORY);
  }
}

async function restore(
  store: LockedStore,
  instanceId: string,
  bind: StoredBind,
  previous: StoredBind | undefined,
): Promise<void> {
  if (previous) await store.saveBind(instanceId, previous);
  else await store.removeBind(instanceId, bind.kind, bind.name);
}

function keyOf(workload: Workload): WorkloadKey {
  return { kind: workload.kind, name: workload.kind === 'app' ? workload.app.name : workload.job.name };
}

/** A bind that is being made. Until it succeeds, it keeps the parameters of the last one, for a retry without any. */
function newBind({ kind, name }: WorkloadKey, previous: StoredBind | undefined): StoredBind {
  return {
    kind,
    name,
    state: 'binding',
    secret: previous?.secret ?? randomBytes(32).toString('base64url'),
    variables: previous?.variables ?? {},
    parameters: previous?.parameters ?? {},
    unboundAt: undefined,
  };
}
