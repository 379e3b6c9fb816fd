import { randomUUID } from 'node:crypto';

import type { Cluster, InfoItem, Instance, Status } from './backend.js';
import type { BackendCalls, Caller } from './backend-calls.js';
import type { Creation, Creations, Provisioning } from './creations.js';
import { messageOf, ServiceError } from './errors.js';
import { describeState, interrupted, refuseDamaged, refuseUnready, trustedCluster } from './instance-state.js';
import { noSuchInstance, sentence, timedOut } from './life-cycle-errors.js';
import type { LockedOperation, Operations } from './operations.js';
import { checkParameters, type Plans } from './plans.js';
import type { Removals } from './removals.js';
import { revertHint } from './revert-hint.js';
import type { StoreQueries } from './store-queries.js';
import type { Store } from './store.js';
import type { StoredInstance } from './store-rows.js';
import { sameJson } from './values.js';

const NAME = /^[A-Za-z][-a-zA-Z0-9_]{1,254}$/;

/** The fields of an instance that Tsuru sends with create and update. */
export type InstanceSpec = Pick<Instance, 'name' | 'team' | 'plan' | 'description' | 'tags' | 'parameters'>;

/** The instances of the service: created, changed, removed and shown. */
export class Instances {
  /** The service's id in Tsuru. */
  readonly #service: string;
  readonly #store: Store;
  readonly #backend: BackendCalls;
  readonly #operations: Operations;
  readonly #plans: Plans;
  readonly #inBackground: boolean;
  readonly #creations: Creations;
  readonly #removals: Removals;

  constructor(
    store: Store,
    backend: BackendCalls,
    operations: Operations,
    creations: Creations,
    removals: Removals,
    { service, plans, provisioning }: { service: string; plans: Plans; provisioning: Provisioning },
  ) {
    this.#store = store;
    this.#backend = backend;
    this.#operations = operations;
    this.#creations = creations;
    this.#removals = removals;
    this.#service = service;
    this.#plans = plans;
    this.#inBackground = provisioning === 'background';
  }

  /**
   * The instance, in any state.
   * @param store of the lock, for an operation that holds it
   * @throws ServiceError 404 without it
   */
  async find(name: string, store: StoreQueries = this.#store): Promise<StoredInstance> {
    const instance = await this.#find(name, store);
    if (instance === undefined) throw noSuchInstance(name);
    return instance;
  }

  /** @throws ServiceError 500 when a ready instance has unreadable data */
  dataOf(instance: StoredInstance): object | undefined {
    return this.#backend.dataFor(instance);
  }

  /**
   * Creates an instance. Inline it is ready afterwards; in the background it is pending.
   *
   * Tsuru creates only instances that it does not have, so one that the store has is left over from a call whose reply
   * was lost. With the same team, plan and parameters it is taken over; a failed one is created again.
   *
   * @throws ServiceError 400 for the name, the plan or the parameters; 422 when one exists that differs or is bound
   *   (the text of a 409 never reaches Tsuru's user); 410 when it was removed meanwhile; the backend's own refusal; 500
   *   when it failed; 504 when it takes too long
   */
  async create(spec: InstanceSpec, caller: Caller): Promise<void> {
    refuseName(spec.name);
    const plan = this.#plans.find(spec.plan);
    const action = `Creating the instance "${spec.name}"`;

    await this.#operations.run(action, async (operation) => {
      const wanted = { ...spec, parameters: await checkParameters(plan, spec.parameters) };
      const creation = await this.#operations.locked(spec.name, operation, (locked) =>
        this.#startCreation(action, wanted, caller, locked, operation.signal),
      );
      if (creation === 'elsewhere') await this.#creations.replyFromElsewhere(action, spec.name, operation.signal);
      else if (creation && !this.#inBackground) await creation.reply;
    });
  }

  /**
   * Changes an instance; a field that is empty in `spec` becomes empty.
   *
   * Tsuru stores the new values even when the update is refused, and sends them with every later one. So the error says
   * which values the instance keeps, and which command sets Tsuru back to them.
   *
   * @throws ServiceError 400, 409 when it is not ready, 410 when it does not exist (Tsuru takes a 404 as success)
   */
  async update(spec: InstanceSpec, caller: Caller): Promise<void> {
    const action = `Updating the instance "${spec.name}"`;
    await this.#operations.runLocked(spec.name, action, async (operation) => {
      const { store, signal, replyWith } = operation;
      const previous = await this.#find(spec.name, store);
      if (previous === undefined) {
        throw new ServiceError(
          410,
          `The service has lost its instance "${spec.name}". Remove it with: tsuru service instance remove ${this.#service} ${spec.name} --ignore-errors, and create it again.`,
        );
      }
      try {
        refuseUnready(previous, 409);
        const parameters = await checkParameters(this.#plans.find(spec.plan), spec.parameters);
        const instance = { ...previous, ...spec, parameters, requestedBy: caller.requestedBy };
        const data = await this.#backend.update(action, instance, previous, caller, signal);
        await this.#operations.persist(() => store.save({ ...instance, data }), replyWith);
      } catch (error) {
        if (!(error instanceof ServiceError && error.refused)) throw error;
        const { message, fields } = error;
        // Tsuru takes a 404 as success.
        const status = error.status === 404 ? 422 : error.status;
        const hint = revertHint(this.#service, previous, this.#plans.of(previous).name, spec);
        throw new ServiceError(status, [sentence(messageOf(message)), ...hint].join(' '), fields, { cause: error });
      }
    });
  }

  /**
   * Removes an instance in any state. A creation under way is aborted first, and its binds are revoked, since Tsuru
   * looks for bound apps before it calls but not for jobs.
   * @throws ServiceError 404 without it, 500 when the backend failed, 504 when it takes too long; the removal can then
   *   be repeated
   */
  async destroy(name: string, caller: Caller): Promise<void> {
    // When the lock is lost, this runs again, perhaps after it has removed the instance.
    let hasFound = false;
    await this.#operations.runLocked(name, `Removing the instance "${name}"`, async (operation) => {
      const { store } = operation;
      const instance = await store.find(name);
      if (instance === undefined) {
        if ((await store.forgetRemoval(name)) || hasFound) return;
        throw noSuchInstance(name);
      }
      hasFound = true;
      await this.#removals.remove(instance, operation, caller);
      if (operation.hasReplied()) await this.#operations.persist(() => store.rememberRemoval(name));
    });
  }

  /** @throws ServiceError 404 without the instance */
  async status(name: string, cluster: Cluster | undefined): Promise<Status> {
    const instance = await this.find(name);
    if (instance.damaged.length > 0) return 'down';
    switch (instance.state) {
      case 'pending':
        return 'pending';
      case 'failed':
        return 'down';
      case 'removing':
        // One that failed has stored its error, and may still hold the lock for a moment after its reply.
        return instance.error === '' && (await this.#removals.isRunning(name)) ? 'pending' : 'down';
      case 'ready':
        return this.#backend.status(instance, trustedCluster(instance, cluster));
    }
  }

  /**
   * The info of an instance for its team. Its plan, apps and jobs are left out: Tsuru shows them itself.
   * @throws ServiceError 404 without it
   */
  async info(name: string, cluster: Cluster | undefined): Promise<InfoItem[]> {
    const instance = await this.find(name);
    const state = { label: 'State', value: describeState(instance) };
    if (instance.state !== 'ready' || instance.damaged.length > 0) return [state];
    return [state, ...(await this.#backend.info(instance, trustedCluster(instance, cluster)))];
  }

  /** The instance. A ready one is damaged when the backend's schema refuses its data. */
  async #find(name: string, store: StoreQueries): Promise<StoredInstance | undefined> {
    const instance = await store.find(name);
    if (instance?.state !== 'ready' || instance.damaged.includes('data') || this.#backend.canRead(instance)) {
      return instance;
    }
    return { ...instance, data: {}, damaged: [...instance.damaged, 'data'] };
  }

  /**
   * @param requestSignal of the request, which outlives the lock
   * @returns the creation to wait for; undefined when there is none, or it goes on in the background
   */
  async #startCreation(
    action: string,
    wanted: InstanceSpec,
    caller: Caller,
    operation: LockedOperation,
    requestSignal: AbortSignal,
  ): Promise<Creation | 'elsewhere' | undefined> {
    const { store } = operation;
    const existing = await this.#find(wanted.name, store);
    if (existing?.state === 'removing') {
      await this.#removals.remove(existing, operation, caller);
      // Tsuru has given up on this creation, and must not find its instance later.
      if (operation.hasReplied() || requestSignal.aborted) throw timedOut(action);
    } else if (existing && existing.state !== 'failed') {
      await this.#refuseDifferent(store, existing, wanted, caller.cluster);
      if (existing.state === 'ready') {
        await store.save({ ...existing, description: wanted.description, tags: wanted.tags });
        return undefined;
      }
      const running = this.#creations.running(wanted.name);
      if (running) return running;
      if (await this.#creations.isQueued(existing)) return undefined;
      if (await this.#creations.isElsewhere(wanted.name)) return 'elsewhere';
      // It may have ended between the two looks at it.
      const now = await store.find(wanted.name);
      if (now?.state !== 'pending') return this.#startCreation(action, wanted, caller, operation, requestSignal);
    }
    const failed = existing?.state === 'removing' ? undefined : existing && interrupted(existing);
    if (failed) refuseDamaged(failed);
    const instance: StoredInstance = {
      ...wanted,
      id: failed?.id ?? randomUUID(),
      data: failed?.data ?? {},
      state: 'pending',
      error: '',
      requestedBy: caller.requestedBy,
      cluster: caller.cluster,
      damaged: [],
    };
    return this.#creations.begin(store, instance, requestSignal, failed);
  }

  /** @throws ServiceError 422 when an instance from a lost call cannot be taken over */
  async #refuseDifferent(
    store: StoreQueries,
    existing: StoredInstance,
    wanted: InstanceSpec,
    cluster: Cluster | undefined,
  ): Promise<void> {
    const { name } = existing;
    refuseDamaged(existing);
    const fields = [
      ['team', existing.team, wanted.team],
      ['plan', this.#plans.of(existing).name, this.#plans.of(wanted).name],
    ];
    const differences = fields
      .filter(([, has, wants]) => has !== wants)
      .map(([field, has, wants]) => `its ${field} is "${has}", not "${wants}"`);
    if (!sameJson(existing.parameters, wanted.parameters)) differences.push('its parameters differ');
    if (existing.cluster?.pool !== cluster?.pool) {
      differences.push(`its pool is "${existing.cluster?.pool ?? ''}", not "${cluster?.pool ?? ''}"`);
    }
    const [bind] = await store.activeBinds(existing.id);
    if (bind) differences.push(`the ${bind.kind} "${bind.name}" is bound to it`);
    if (differences.length === 0) return;
    const orSame = bind === undefined ? ', create it with the same values to take it over,' : '';
    throw new ServiceError(
      422,
      `The service has an instance "${name}" from an earlier attempt, and ${differences.join('; ')}. Choose another name${orSame} or ask the service's operators to remove it.`,
    );
  }
}

function refuseName(name: string): void {
  if (!NAME.test(name)) {
    throw new ServiceError(
      400,
      'The instance name must start with a letter and have 2 to 255 letters, digits, "-" or "_".',
    );
  }
  if (name === 'plans') throw new ServiceError(400, 'An instance cannot be named "plans". Choose another name.');
}
