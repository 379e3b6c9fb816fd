import { randomBytes, randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type {
  Backend,
  BindAppRequest,
  BindJobRequest,
  Cluster,
  InfoItem,
  Instance,
  InstanceData,
  Request,
  Requester,
  Status,
  Variables,
} from './backend.js';
import { messageOf, ServiceError } from './errors.js';
import { Locks, turnOf } from './locks.js';
import { checkParameters, type Plans } from './plans.js';
import type { Store, StoredBind, StoredInstance } from './store.js';
import { isObject, sameJson, type JsonObject } from './values.js';

/** Milliseconds. Tsuru waits 300 s for an answer: what takes longer than these ends in an error that its user can read. */
const PATIENCE = {
  /** for another operation on the same instance to end */
  turn: 60_000,
  /** for one call of the backend while Tsuru waits */
  call: 240_000,
  /** for a creation in the background */
  background: 3_600_000,
};

/** An app that comes back within an hour of its unbind gets its old variables: Tsuru undoes a failed unbind so. */
const REMEMBERED = 3_600_000;

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const INSTANCE_NAME = /^[A-Za-z][-a-zA-Z0-9_]+$/;

export type Provisioning = 'inline' | 'background';

/** What Tsuru says of an instance in create and update. */
export type Asked = Pick<Instance, 'name' | 'team' | 'plan' | 'description' | 'tags' | 'parameters'>;

/** The app or the job of a bind, as Tsuru describes it. */
export type Target = { kind: 'app'; app: BindAppRequest['app'] } | { kind: 'job'; job: BindJobRequest['job'] };

/** The app or the job of an unbind. */
export type TargetKey = { kind: 'app' | 'job'; name: string };

export interface LifeCycleParts {
  store: Store;
  backend: Backend;
  plans: Plans;
  provisioning: Provisioning;
  log: Logger;
  /** The time now; tests turn the clock. */
  now?: () => Date;
}

interface Creation {
  ended: Promise<void>;
  abort: AbortController;
}

/**
 * The states of instances and binds, and what may follow what. It knows nothing of HTTP beyond the status in an
 * error, and asks the backend for everything that is real.
 *
 * An instance: nothing → pending → ready or failed → removing → nothing. While it is pending only a creation of it
 * runs; everything else that changes it holds its lock.
 */
export class LifeCycle {
  readonly #store: Store;
  readonly #backend: Backend;
  readonly #plans: Plans;
  readonly #background: boolean;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #locks = new Locks();
  readonly #creations = new Map<string, Creation>();
  readonly #stopping = new AbortController();

  constructor(parts: LifeCycleParts) {
    this.#store = parts.store;
    this.#backend = parts.backend;
    this.#plans = parts.plans;
    this.#background = parts.provisioning === 'background';
    this.#log = parts.log;
    this.#now = parts.now ?? (() => new Date());
  }

  /**
   * Takes up what the last run of the service left: a creation in the background goes on; one that somebody waited
   * for is failed, since its answer never came, and Tsuru's user creates it again.
   */
  async resume(): Promise<void> {
    await this.#store.forgetUnbound(this.#rememberedSince());
    for (const instance of await this.#store.pending()) {
      if (this.#background) {
        this.#start(instance);
      } else {
        await this.#settle(instance, {
          state: 'failed',
          error: 'The service stopped while it was being created.',
        });
      }
    }
  }

  /**
   * Lets what is running end: the requests, and the creations in the background. What is left after the grace is
   * aborted; a creation in the background then stays pending in the store, and the next start takes it up.
   * @param requests ends when the last request has been answered
   * @param grace milliseconds
   */
  async stop(requests: Promise<unknown>, grace: number): Promise<void> {
    const creations = [...this.#creations.values()].map(({ ended }) => ended);
    const running = Promise.allSettled([requests, ...creations]);
    await turnOf(running, grace, 'shutdown').catch(() => {
      this.#stopping.abort(new Error('the service is stopping'));
    });
    await running;
  }

  /**
   * Creates an instance. Inline it is ready afterwards; in the background it is pending.
   *
   * Tsuru asks only for names that it does not have itself, so one that the store has is left over from a call whose
   * answer was lost: the same team, plan and parameters are taken as that instance, a failed one is created again.
   *
   * @throws ServiceError 400 for the name, the plan or the parameters; 409 for what exists and differs or is bound;
   *   the backend's own refusal; 500 when it failed
   */
  async create(asked: Asked, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    if (!INSTANCE_NAME.test(asked.name)) {
      throw new ServiceError(
        400,
        'The instance name must start with a letter and have two or more letters, digits, "-" or "_".',
      );
    }
    if (asked.name === 'plans') {
      throw new ServiceError(400, 'An instance cannot be named "plans": choose another name.');
    }
    const parameters = await checkParameters(this.#plans.find(asked.plan), asked.parameters);
    const wanted = { ...asked, parameters };

    const creation = await this.#alone(asked.name, async () => {
      const existing = await this.#store.find(asked.name);
      if (existing?.state === 'removing') {
        await this.#remove(existing, requestedBy, cluster);
      } else if (existing && existing.state !== 'failed') {
        await this.#refuseDifferent(existing, wanted, cluster);
        if (existing.state === 'ready') {
          await this.#store.save({ ...existing, description: asked.description, tags: asked.tags });
          return undefined;
        }
        const running = this.#creations.get(asked.name);
        if (running) return running;
      }
      const again = existing?.state === 'removing' ? undefined : existing;
      const instance: StoredInstance = {
        ...wanted,
        id: again?.id ?? randomUUID(),
        data: again?.data ?? {},
        state: 'pending',
        error: '',
        requestedBy,
        cluster,
      };
      await this.#store.save(instance);
      return this.#start(instance, again);
    });
    if (creation && !this.#background) await creation.ended;
  }

  /**
   * Changes an instance; what is empty in `asked` becomes empty.
   * @throws ServiceError 400, 409 when it is not ready, 410 when it does not exist (Tsuru takes a 404 as success)
   */
  async update(asked: Asked, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    await this.#alone(asked.name, async () => {
      const previous = await this.#store.find(asked.name);
      if (previous === undefined) {
        throw new ServiceError(410, `The service has no instance "${asked.name}": remove and create it.`);
      }
      refuseUnready(previous, 409);
      const plan = this.#plans.find(asked.plan);
      const instance = { ...previous, ...asked, parameters: await checkParameters(plan, asked.parameters) };
      const data = await this.#call(PATIENCE.call, (signal) =>
        this.#backend.update({
          ...this.#request(instance, requestedBy, cluster, signal),
          previous: publicPart(previous),
        }),
      );
      await this.#store.save({ ...instance, requestedBy, data: dataOf(data, previous.data) });
    });
  }

  /**
   * Destroys an instance, whatever state it is in: a creation under way is aborted first, and what is still bound is
   * revoked, since Tsuru checks for apps before it calls but not for jobs.
   * @throws ServiceError 404 when there is none, 500 when the backend failed; then destroy can be called again
   */
  async destroy(name: string, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    await this.#alone(name, async () => {
      const instance = await this.#store.find(name);
      if (instance === undefined) throw new ServiceError(404, `The service has no instance "${name}".`);
      await this.#remove(instance, requestedBy, cluster);
    });
  }

  /**
   * Binds an app or a job. Bound already, it gets the same variables again.
   * @returns the variables, checked
   * @throws ServiceError 404 without the instance, 412 while it is pending, 409 when it failed or is being removed
   */
  async bind(
    name: string,
    target: Target,
    parameters: JsonObject,
    requestedBy: Requester,
    cluster?: Cluster,
  ): Promise<Variables> {
    return this.#alone(name, async () => {
      const instance = await this.#usable(name);
      const kind = target.kind;
      const bound = kind === 'app' ? target.app.name : target.job.name;
      const before = await this.#rememberedBind(instance.id, kind, bound);
      if (before?.state === 'bound') return before.variables;

      const bind: StoredBind = {
        kind,
        name: bound,
        state: 'binding',
        secret: before?.secret ?? randomBytes(32).toString('base64url'),
        variables: before?.variables ?? {},
        unboundAt: undefined,
      };
      await this.#store.saveBind(instance.id, bind);
      try {
        const variables = checkVariables(
          await this.#call(PATIENCE.call, (signal) => {
            const request = {
              ...this.#request(instance, requestedBy, cluster, signal),
              parameters,
              secret: bind.secret,
              previous: before && Object.keys(before.variables).length > 0 ? before.variables : undefined,
            };
            return target.kind === 'app'
              ? this.#backend.bindApp({ ...request, app: target.app })
              : this.#backend.bindJob({ ...request, job: target.job });
          }),
        );
        await this.#store.saveBind(instance.id, { ...bind, state: 'bound', variables });
        return variables;
      } catch (error) {
        if (error instanceof ServiceError && error.refused) await this.#putBack(instance.id, bind, before);
        throw error;
      }
    });
  }

  /**
   * Unbinds an app or a job; one that is not bound is already as it should be.
   * @throws ServiceError 404 without the instance, 500 when the backend failed; then unbind can be called again
   */
  async unbind(name: string, target: TargetKey, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    await this.#alone(name, async () => {
      const instance = await this.#store.find(name);
      if (instance === undefined) throw new ServiceError(404, `The service has no instance "${name}".`);
      const bind = await this.#store.findBind(instance.id, target.kind, target.name);
      if (bind === undefined || bind.state === 'unbound') return;
      // From here on its access is uncertain until this is done: a bind that comes first has to make it anew.
      await this.#store.saveBind(instance.id, { ...bind, state: 'binding' });
      await this.#revoke(instance, bind, requestedBy, cluster);
      await this.#store.saveBind(instance.id, { ...bind, state: 'unbound', unboundAt: this.#now() });
      await this.#store.forgetUnbound(this.#rememberedSince());
    });
  }

  /** How the instance is. @throws ServiceError 404 without it */
  async status(name: string, cluster?: Cluster): Promise<Status> {
    const instance = await this.find(name);
    if (instance.error !== '') return 'down';
    if (instance.state !== 'ready') return 'pending';
    const status = await this.#call(PATIENCE.call, async (signal) =>
      this.#backend.status?.(this.#request(instance, instance.requestedBy, ownCluster(instance, cluster), signal)),
    );
    return status ?? 'up';
  }

  /** What a team member may read of the instance. @throws ServiceError 404 without it */
  async info(name: string, cluster?: Cluster): Promise<InfoItem[]> {
    const instance = await this.find(name);
    const binds = await this.#store.activeBinds(instance.id);
    const names = (kind: StoredBind['kind']) =>
      binds
        .filter((bind) => bind.kind === kind)
        .map((bind) => bind.name)
        .join(', ') || 'none';
    const own: InfoItem[] = [
      { label: 'State', value: instance.error === '' ? instance.state : `${instance.state}: ${instance.error}` },
      { label: 'Plan', value: this.#plans.of(instance).name },
      { label: 'Apps', value: names('app') },
      { label: 'Jobs', value: names('job') },
    ];
    if (instance.state !== 'ready') return own;
    const more = await this.#call(PATIENCE.call, async (signal) =>
      this.#backend.info?.(this.#request(instance, instance.requestedBy, ownCluster(instance, cluster), signal)),
    );
    return [...own, ...(more ?? []).map(({ label, value }) => ({ label: String(label), value: String(value) }))];
  }

  /** The instance, in whatever state. @throws ServiceError 404 without it */
  async find(name: string): Promise<StoredInstance> {
    const instance = await this.#store.find(name);
    if (instance === undefined) throw new ServiceError(404, `The service has no instance "${name}".`);
    return instance;
  }

  /** The apps and jobs that are bound to the instance. */
  async bound(instance: Instance): Promise<TargetKey[]> {
    const binds = await this.#store.activeBinds(instance.id);
    return binds.map(({ kind, name }) => ({ kind, name }));
  }

  #alone<T>(name: string, task: () => Promise<T>): Promise<T> {
    return this.#locks.run(name, PATIENCE.turn, task);
  }

  /** Runs a creation beside the requests; `before` is what stood there, and stands there again when it is refused. */
  #start(instance: StoredInstance, before?: StoredInstance): Creation {
    const abort = new AbortController();
    const patience = this.#background ? PATIENCE.background : PATIENCE.call;
    const run = async () => {
      try {
        const data = await this.#call(
          patience,
          (signal) => this.#backend.create(this.#request(instance, instance.requestedBy, instance.cluster, signal)),
          abort.signal,
        );
        await this.#settle(instance, { state: 'ready', error: '', data: dataOf(data, instance.data) });
      } catch (error) {
        if (abort.signal.aborted) {
          throw new ServiceError(409, `The instance "${instance.name}" was removed while it was being created.`);
        }
        if (this.#stopping.signal.aborted && this.#background) return;
        const refused = error instanceof ServiceError && error.refused;
        if (!refused || this.#background) await this.#settle(instance, { state: 'failed', error: messageOf(error) });
        else if (before) await this.#store.save(before);
        else await this.#store.remove(instance.id);
        throw error;
      }
    };
    const ended = run().finally(() => this.#creations.delete(instance.name));
    ended.catch((error: unknown) => {
      this.#log.warn({ err: error, instance: instance.name }, 'creation ended without an instance');
    });
    const creation = { ended, abort };
    this.#creations.set(instance.name, creation);
    return creation;
  }

  async #settle(instance: StoredInstance, outcome: Partial<StoredInstance>): Promise<void> {
    await this.#store.save({ ...instance, cluster: withoutSecret(instance.cluster), ...outcome });
  }

  async #remove(instance: StoredInstance, requestedBy: Requester, cluster: Cluster | undefined): Promise<void> {
    const creation = this.#creations.get(instance.name);
    if (creation) {
      creation.abort.abort(new Error('the instance is being destroyed'));
      await turnOf(creation.ended, PATIENCE.call, `the instance "${instance.name}"`);
    }
    const removing: StoredInstance = {
      ...instance,
      ...(await this.#store.find(instance.name)),
      state: 'removing',
      error: '',
    };
    await this.#store.save(removing);
    try {
      for (const bind of await this.#store.activeBinds(instance.id)) {
        await this.#revoke(removing, bind, requestedBy, cluster);
        await this.#store.removeBind(instance.id, bind.kind, bind.name);
      }
      await this.#call(PATIENCE.call, (signal) =>
        this.#backend.destroy(this.#request(removing, requestedBy, cluster, signal)),
      );
    } catch (error) {
      await this.#store.save({ ...removing, error: messageOf(error) });
      throw failure(error);
    }
    await this.#store.remove(instance.id);
  }

  async #revoke(
    instance: StoredInstance,
    bind: StoredBind,
    requestedBy: Requester,
    cluster: Cluster | undefined,
  ): Promise<void> {
    try {
      await this.#call(PATIENCE.call, (signal) => {
        const request = this.#request(instance, requestedBy, cluster, signal);
        return bind.kind === 'app'
          ? this.#backend.unbindApp({ ...request, app: { name: bind.name } })
          : this.#backend.unbindJob({ ...request, job: { name: bind.name } });
      });
    } catch (error) {
      throw failure(error);
    }
  }

  async #usable(name: string): Promise<StoredInstance> {
    const instance = await this.find(name);
    refuseUnready(instance, 412);
    return instance;
  }

  async #rememberedBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<StoredBind | undefined> {
    const bind = await this.#store.findBind(instanceId, kind, name);
    return bind?.unboundAt && bind.unboundAt < this.#rememberedSince() ? undefined : bind;
  }

  #rememberedSince(): Date {
    return new Date(this.#now().getTime() - REMEMBERED);
  }

  async #putBack(instanceId: string, bind: StoredBind, before: StoredBind | undefined): Promise<void> {
    if (before) await this.#store.saveBind(instanceId, before);
    else await this.#store.removeBind(instanceId, bind.kind, bind.name);
  }

  async #refuseDifferent(existing: StoredInstance, asked: Asked, cluster: Cluster | undefined): Promise<void> {
    const differences = (['team', 'plan'] as const)
      .filter((field) => existing[field] !== asked[field])
      .map((field) => `its ${field} is "${existing[field]}", not "${asked[field]}"`);
    if (!sameJson(existing.parameters, asked.parameters)) differences.push('its parameters are others');
    if (existing.cluster?.pool !== cluster?.pool) {
      differences.push(`its pool is "${existing.cluster?.pool ?? ''}", not "${cluster?.pool ?? ''}"`);
    }
    const [bind] = await this.#store.activeBinds(existing.id);
    if (bind) differences.push(`the ${bind.kind} "${bind.name}" is bound to it`);
    if (differences.length === 0) return;
    throw new ServiceError(
      409,
      `The instance "${existing.name}" exists: ${differences.join('; ')}. Choose another name.`,
    );
  }

  #request(
    instance: StoredInstance,
    requestedBy: Requester,
    cluster: Cluster | undefined,
    signal: AbortSignal,
  ): Request {
    return {
      instance: publicPart(instance),
      plan: this.#plans.of(instance),
      parameters: instance.parameters,
      requestedBy,
      cluster: cluster ?? instance.cluster,
      signal,
    };
  }

  /** Calls the backend with a signal that ends it in time; what is no ServiceError becomes one. */
  async #call<T>(patience: number, task: (signal: AbortSignal) => Promise<T>, more?: AbortSignal): Promise<T> {
    const signals = [this.#stopping.signal, AbortSignal.timeout(patience)];
    try {
      return await task(AbortSignal.any(more ? [...signals, more] : signals));
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      throw new ServiceError(500, `The service's backend failed: ${messageOf(error)}`, {}, { cause: error });
    }
  }
}

function refuseUnready(instance: StoredInstance, whilePending: 409 | 412): void {
  const { name, state, error } = instance;
  if (state === 'pending') {
    throw new ServiceError(
      whilePending,
      `The instance "${name}" is still being created: try again when its status is up.`,
    );
  }
  if (state === 'failed') {
    throw new ServiceError(409, `The instance "${name}" could not be created: ${error} Remove it and create it again.`);
  }
  if (state === 'removing') throw new ServiceError(409, `The instance "${name}" is being removed.`);
}

/** Removal and unbind cannot be refused: by then something was changed. */
function failure(error: unknown): ServiceError {
  if (error instanceof ServiceError && !error.refused) return error;
  return new ServiceError(500, messageOf(error), {}, { cause: error });
}

/** Tsuru fails a bind whose answer is not one object of strings, and never unbinds it: so such an answer never leaves. */
function checkVariables(variables: unknown): Variables {
  const problem = variablesProblem(variables);
  if (problem !== undefined) {
    throw new ServiceError(500, `The service's backend returned variables that Tsuru cannot take: ${problem}.`);
  }
  return variables as Variables;
}

function variablesProblem(variables: unknown): string | undefined {
  if (!isObject(variables)) return 'not an object of names and values';
  for (const [name, value] of Object.entries(variables)) {
    if (!VARIABLE_NAME.test(name)) return `the name ${JSON.stringify(name)} is not one of letters, digits and "_"`;
    if (typeof value !== 'string') return `the value of ${name} is not a string`;
  }
  return undefined;
}

function dataOf(returned: InstanceData | void, before: InstanceData): InstanceData {
  return returned ?? before;
}

/**
 * The cluster of a read, which may have come through Tsuru's proxy: there a user can make the headers up when the
 * instance has no pool, so they count only for the pool that the instance was created in.
 */
export function ownCluster(instance: StoredInstance, cluster: Cluster | undefined): Cluster | undefined {
  return cluster?.pool === instance.cluster?.pool ? cluster : instance.cluster;
}

function withoutSecret(cluster: Cluster | undefined): Cluster | undefined {
  if (cluster === undefined) return undefined;
  const { kubeConfig: _secret, ...rest } = cluster;
  return rest;
}

/** What of an instance others may see. */
export function publicPart({ id, name, team, plan, description, tags, parameters, data }: StoredInstance): Instance {
  return { id, name, team, plan, description, tags, parameters, data };
}
