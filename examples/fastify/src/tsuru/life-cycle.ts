import { randomBytes, randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type {
  Backend,
  BindAppRequest,
  BindJobRequest,
  Cluster,
  InfoItem,
  Instance,
  Request,
  Requester,
  Status,
  Variables,
} from './backend.js';
import { withBudget, type Budget } from './budget.js';
import { messageOf, ServiceError } from './errors.js';
import { Locks } from './locks.js';
import { checkParameters, type Plans } from './plans.js';
import {
  asServiceError,
  failed,
  failure,
  interrupted,
  inWords,
  notThere,
  refuseDamaged,
  refuseUnready,
  sentence,
  stateOf,
  tookTooLong,
} from './refusals.js';
import { checkVariables, dataOf } from './returned.js';
import { setBack } from './set-back.js';
import type { Store, StoredBind, StoredInstance } from './store.js';
import { sameJson, type JsonObject } from './values.js';
import { Works } from './works.js';

/** Milliseconds. Tsuru waits 300 s for an answer: what takes longer than these ends in an error that its user can read. */
export interface Patience {
  /** for another operation on the same instance to end */
  turn: number;
  /** for a whole request that changes something, from when its backend is asked to stop */
  work: number;
  /** and until it is answered, even when the backend goes on */
  answer: number;
  /** for the status and the info of an instance */
  read: number;
  /** for a creation in the background */
  background: number;
  /** before a result that could not be written is written again; twice as long each time */
  rewrite: number;
}

const PATIENCE: Patience = {
  turn: 60_000,
  work: 230_000,
  answer: 240_000,
  read: 60_000,
  background: 3_600_000,
  rewrite: 1000,
};

/** An app that comes back within an hour of its unbind gets its old variables: Tsuru undoes a failed unbind so. */
const REMEMBERED = 3_600_000;
/** Milliseconds between looks for what need not be remembered any more. */
const FORGET_EVERY = 600_000;

const INSTANCE_NAME = /^[A-Za-z][-a-zA-Z0-9_]{1,254}$/;

export type Provisioning = 'inline' | 'background';

/** What Tsuru says of an instance in create and update. */
export type Asked = Pick<Instance, 'name' | 'team' | 'plan' | 'description' | 'tags' | 'parameters'>;

/** The app or the job of a bind, as Tsuru describes it. */
export type Target = { kind: 'app'; app: BindAppRequest['app'] } | { kind: 'job'; job: BindJobRequest['job'] };

/** The app or the job of an unbind. */
export type TargetKey = { kind: 'app' | 'job'; name: string };

export interface LifeCycleParts {
  /** The service's id in Tsuru, for the commands in what its users read. */
  service: string;
  store: Store;
  backend: Backend;
  plans: Plans;
  provisioning: Provisioning;
  log: Logger;
  /** The time now; tests turn the clock. */
  now?: () => Date;
  /** Other times than the usual ones. */
  patience?: Partial<Patience>;
}

interface Creation {
  /** What its requester is told. It may come before the end, when the result cannot be written yet. */
  answer: Promise<void>;
  /** When its result is in the store; never rejected. */
  ended: Promise<void>;
  /** Asks it to end, since the instance is being destroyed. */
  remove(): void;
}

/**
 * The states of instances and binds, and what may follow what. It knows nothing of HTTP beyond the status in an
 * error, and asks the backend for everything that is real.
 *
 * An instance: nothing → pending → ready or failed → removing → nothing. While it is pending only a creation of it
 * runs; everything else that changes it holds its lock.
 *
 * A request is answered in time, but its work ends when it ends: until then it keeps the lock, and what it comes to is
 * written, late or not. A result that cannot be written is tried again until it can.
 */
export class LifeCycle {
  readonly #service: string;
  readonly #store: Store;
  readonly #backend: Backend;
  readonly #plans: Plans;
  readonly #background: boolean;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #patience: Patience;
  readonly #locks = new Locks();
  readonly #creations = new Map<string, Creation>();
  /** The names of the instances whose removal is at work. */
  readonly #removals = new Set<string>();
  /** The names of those whose removal ended after its answer: the next one is told that it is done. */
  readonly #removedLate = new Set<string>();
  readonly #works: Works;
  #forgetting: NodeJS.Timeout | undefined;

  constructor(parts: LifeCycleParts) {
    this.#service = parts.service;
    this.#store = parts.store;
    this.#backend = parts.backend;
    this.#plans = parts.plans;
    this.#background = parts.provisioning === 'background';
    this.#log = parts.log;
    this.#now = parts.now ?? (() => new Date());
    this.#patience = { ...PATIENCE, ...parts.patience };
    this.#works = new Works(parts.log, this.#patience.rewrite);
  }

  /**
   * Takes up what the last run of the service left: a creation in the background goes on; one that a request waited
   * for is failed, since its answer never came, and Tsuru's user creates it again. Requests may come at the same time.
   */
  async resume(): Promise<void> {
    await this.#forget();
    this.#forgetting = setInterval(() => void this.#forget(), FORGET_EVERY).unref();
    const names = await this.#store.pending();
    const works = names.map((name) =>
      this.#works.track(this.#takeUp(name)).catch((error: unknown) => {
        this.#log.error({ err: error, instance: name }, 'a creation that was cut short could not be taken up');
      }),
    );
    await Promise.all(works);
  }

  /**
   * Lets what is running end: the requests, what goes on after their answers, and the creations in the background. What
   * is left after the grace is aborted; a creation in the background then stays pending in the store, and the next start
   * takes it up.
   * @param requests ends when the last request has been answered
   * @param grace milliseconds
   */
  async stop(requests: Promise<unknown>, grace: number): Promise<void> {
    clearInterval(this.#forgetting);
    await this.#works.stop(requests, grace);
  }

  /**
   * Creates an instance. Inline it is ready afterwards; in the background it is pending.
   *
   * Tsuru asks only for names that it does not have itself, so one that the store has is left over from a call whose
   * answer was lost: the same team, plan and parameters are taken as that instance, a failed one is created again.
   *
   * @throws ServiceError 400 for the name, the plan or the parameters; 422 for what exists and differs or is bound (the
   *   text of a 409 never reaches Tsuru's user); 410 when it was removed meanwhile; the backend's own refusal; 500 when it
   *   failed; 504 when it takes too long
   */
  async create(asked: Asked, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    if (!INSTANCE_NAME.test(asked.name)) {
      throw new ServiceError(
        400,
        'The instance name must start with a letter and have 2 to 255 letters, digits, "-" or "_".',
      );
    }
    if (asked.name === 'plans') {
      throw new ServiceError(400, 'An instance cannot be named "plans". Choose another name.');
    }
    const plan = this.#plans.find(asked.plan);
    const what = `Creating the instance "${asked.name}"`;

    await this.#within(what, async (budget) => {
      const wanted = { ...asked, parameters: await checkParameters(plan, asked.parameters) };
      const creation = await this.#locked(asked.name, async () => {
        const existing = await this.#store.find(asked.name);
        if (existing?.state === 'removing') {
          await this.#remove(existing, budget, requestedBy, cluster);
          // A creation that begins when nothing waits for it any more would surprise.
          if (budget.isLate() || budget.signal.aborted) throw tookTooLong(what);
        } else if (existing && existing.state !== 'failed') {
          await this.#refuseDifferent(existing, wanted, cluster);
          if (existing.state === 'ready') {
            await this.#store.save({ ...existing, description: asked.description, tags: asked.tags });
            return undefined;
          }
          const running = this.#creations.get(asked.name);
          if (running) return running;
        }
        const again = existing?.state === 'removing' ? undefined : existing && interrupted(existing);
        if (again) refuseDamaged(again);
        const instance: StoredInstance = {
          ...wanted,
          id: again?.id ?? randomUUID(),
          data: again?.data ?? {},
          state: 'pending',
          error: '',
          requestedBy,
          cluster,
          damaged: [],
        };
        await this.#store.save(instance);
        this.#removedLate.delete(asked.name);
        return this.#start(instance, this.#background ? undefined : budget.signal, again);
      });
      if (creation && !this.#background) await creation.answer;
    });
  }

  /**
   * Changes an instance; what is empty in `asked` becomes empty.
   *
   * Tsuru keeps what it asked for even when it is refused, and sends it with every later update: so a refusal says what
   * still holds, and the command that sets Tsuru back to it.
   *
   * @throws ServiceError 400, 409 when it is not ready, 410 when it does not exist (Tsuru takes a 404 as success)
   */
  async update(asked: Asked, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    const what = `Updating the instance "${asked.name}"`;
    await this.#alone(asked.name, what, async (budget) => {
      const previous = await this.#store.find(asked.name);
      if (previous === undefined) {
        throw new ServiceError(
          410,
          `The service has lost its instance "${asked.name}". Remove it with: tsuru service instance remove ${this.#service} ${asked.name} --ignore-errors, and create it again.`,
        );
      }
      try {
        refuseUnready(previous, 409);
        const parameters = await checkParameters(this.#plans.find(asked.plan), asked.parameters);
        const instance = { ...previous, ...asked, parameters, requestedBy };
        const returned = await this.#call(what, budget.signal, (signal) =>
          this.#backend.update({
            ...this.#request(instance, requestedBy, cluster, signal),
            previous: publicPart(previous),
          }),
        );
        const data = dataOf(returned, previous.data);
        await this.#works.write(() => this.#store.save({ ...instance, data }), budget.fail);
      } catch (error) {
        if (!(error instanceof ServiceError && error.refused)) throw error;
        const { message, fields } = error;
        // Tsuru takes a 404 as success.
        const status = error.status === 404 ? 422 : error.status;
        const back = setBack(this.#service, previous, this.#plans.of(previous).name, asked);
        throw new ServiceError(status, [sentence(messageOf(message)), ...back].join(' '), fields, { cause: error });
      }
    });
  }

  /**
   * Destroys an instance, whatever state it is in: a creation under way is aborted first, and what is still bound is
   * revoked, since Tsuru checks for apps before it calls but not for jobs.
   * @throws ServiceError 404 when there is none, 500 when the backend failed, 504 when it takes too long; then destroy
   *   can be called again
   */
  async destroy(name: string, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    await this.#alone(name, `Removing the instance "${name}"`, async (budget) => {
      const instance = await this.#store.find(name);
      if (instance === undefined) {
        if (this.#removedLate.delete(name)) return;
        throw notThere(name);
      }
      await this.#remove(instance, budget, requestedBy, cluster);
      if (budget.isLate()) this.#removedLate.add(name);
    });
  }

  /**
   * Binds an app or a job. Bound already, it gets the same variables again. Without parameters it is bound as it was
   * within the last hour: Tsuru binds again without them when it undoes an unbind.
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
    const kind = target.kind;
    const bound = kind === 'app' ? target.app.name : target.job.name;
    const what = `Binding the ${kind} "${bound}" to "${name}"`;
    return this.#alone(name, what, async (budget) => {
      const instance = await this.find(name);
      refuseUnready(instance, 412);
      const stored = await this.#store.findBind(instance.id, kind, bound);
      const before = stored?.unboundAt && stored.unboundAt < this.#rememberedSince() ? undefined : stored;
      if (before?.state === 'bound') return before.variables;

      // Until it is bound the row has the parameters of the last bind that succeeded, for one that comes without any.
      const bind: StoredBind = {
        kind,
        name: bound,
        state: 'binding',
        secret: before?.secret ?? randomBytes(32).toString('base64url'),
        variables: before?.variables ?? {},
        parameters: before?.parameters ?? {},
        unboundAt: undefined,
      };
      const asked = Object.keys(parameters).length === 0 ? bind.parameters : parameters;
      if (stored === before) await this.#store.saveBind(instance.id, bind);
      else await this.#store.saveBindAnew(instance.id, bind);
      try {
        const variables = checkVariables(
          await this.#call(what, budget.signal, (signal) => {
            const request = {
              ...this.#request(instance, requestedBy, cluster, signal),
              parameters: asked,
              secret: bind.secret,
              previous: before && Object.keys(before.variables).length > 0 ? before.variables : undefined,
            };
            return target.kind === 'app'
              ? this.#backend.bindApp({ ...request, app: target.app })
              : this.#backend.bindJob({ ...request, job: target.job });
          }),
        );
        await this.#works.write(
          () => this.#store.saveBind(instance.id, { ...bind, state: 'bound', variables, parameters: asked }),
          budget.fail,
        );
        return variables;
      } catch (error) {
        if (!(error instanceof ServiceError && error.refused)) throw error;
        await this.#works.write(() => this.#putBack(instance.id, bind, before), budget.fail);
        // After a 404 Tsuru tries another path, and then says that the instance does not exist.
        throw withStatus(error.status === 404 ? 422 : error.status, error);
      }
    });
  }

  /**
   * Unbinds an app or a job; one that is not bound is already as it should be.
   * @throws ServiceError 404 without the instance, 500 when the backend failed; then unbind can be called again
   */
  async unbind(name: string, target: TargetKey, requestedBy: Requester, cluster?: Cluster): Promise<void> {
    const what = `Unbinding the ${target.kind} "${target.name}" from "${name}"`;
    await this.#alone(name, what, async (budget) => {
      const instance = await this.find(name);
      const bind = await this.#store.findBind(instance.id, target.kind, target.name);
      if (bind === undefined || bind.state === 'unbound') return;
      // From here on its access is uncertain until this is done: a bind that comes first has to make it anew.
      await this.#store.saveBind(instance.id, { ...bind, state: 'binding' });
      await this.#revoke(instance, bind, budget.signal, requestedBy, cluster);
      const unbound: StoredBind = { ...bind, state: 'unbound', unboundAt: this.#now() };
      await this.#works.write(() => this.#store.saveBind(instance.id, unbound), budget.fail);
      await this.#forget();
    });
  }

  /** How the instance is. @throws ServiceError 404 without it */
  async status(name: string, cluster?: Cluster): Promise<Status> {
    const instance = await this.find(name);
    if (instance.damaged.length > 0) return 'down';
    switch (instance.state) {
      case 'pending':
        return 'pending';
      case 'failed':
        return 'down';
      case 'removing':
        return this.#removals.has(name) ? 'pending' : 'down';
      case 'ready': {
        const status = await this.#read(`Asking for the status of "${name}"`, (signal) =>
          this.#backend.status?.(this.#request(instance, instance.requestedBy, ownCluster(instance, cluster), signal)),
        );
        return status ?? 'up';
      }
    }
  }

  /**
   * What a team member may read of the instance. Its plan, apps and jobs are left out: Tsuru shows them itself.
   * @throws ServiceError 404 without it
   */
  async info(name: string, cluster?: Cluster): Promise<InfoItem[]> {
    const instance = await this.find(name);
    const own = [{ label: 'State', value: stateOf(instance) }];
    if (instance.state !== 'ready' || instance.damaged.length > 0) return own;
    const more = await this.#read(`Asking for the info of "${name}"`, (signal) =>
      this.#backend.info?.(this.#request(instance, instance.requestedBy, ownCluster(instance, cluster), signal)),
    );
    return [...own, ...(more ?? []).map(({ label, value }) => ({ label: String(label), value: String(value) }))];
  }

  /** The instance, in whatever state. @throws ServiceError 404 without it */
  async find(name: string): Promise<StoredInstance> {
    const instance = await this.#store.find(name);
    if (instance === undefined) throw notThere(name);
    return instance;
  }

  /** The apps and jobs that are bound to the instance. */
  async bound(instance: Instance): Promise<TargetKey[]> {
    const binds = await this.#store.activeBinds(instance.id);
    return binds.map(({ kind, name }) => ({ kind, name }));
  }

  /** Runs the work of a request and answers in time. */
  #within<T>(what: string, task: (budget: Budget) => Promise<T>): Promise<T> {
    const { answer, work } = this.#works.start(what, this.#patience, task);
    work.catch((error: unknown) => {
      this.#log.debug({ err: error }, `${what} ended with an error`);
    });
    return answer;
  }

  /** Asks the backend for what changes nothing; a stop waits for its answer only. */
  #read<T>(what: string, task: (signal: AbortSignal) => Promise<T> | undefined): Promise<T | undefined> {
    const { read } = this.#patience;
    const times = { work: read, answer: read };
    const { answer, abort } = withBudget(
      times,
      () => tookTooLong(what),
      ({ signal }) => this.#call(what, signal, task),
    );
    return this.#works.track(answer, abort);
  }

  /** Runs the work of a request that has to be alone with its instance, which stays locked until the work has ended. */
  #alone<T>(name: string, what: string, task: (budget: Budget) => Promise<T>): Promise<T> {
    return this.#within(what, (budget) => this.#locked(name, () => task(budget)));
  }

  async #locked<T>(name: string, task: () => Promise<T>, patience = this.#patience.turn): Promise<T> {
    const letGo = await this.#locks.acquire(name, patience);
    try {
      return await task();
    } finally {
      letGo();
    }
  }

  /** Goes on with a creation that the last run of the service left, or ends it. */
  async #takeUp(name: string): Promise<void> {
    await this.#locked(
      name,
      async () => {
        const instance = await this.#store.find(name);
        if (instance?.state !== 'pending' || this.#creations.has(name)) return;
        if (this.#background && instance.damaged.length === 0) {
          this.#start(instance, undefined);
          return;
        }
        await this.#works.write(
          () => this.#settle(interrupted(instance)),
          () => {},
        );
      },
      this.#patience.background,
    );
  }

  /**
   * Runs a creation beside the requests.
   * @param budget ends with the request that waits for it; undefined in the background
   * @param before what stood there, and stands there again when the backend refuses
   */
  #start(instance: StoredInstance, budget: AbortSignal | undefined, before?: StoredInstance): Creation {
    const { name } = instance;
    const what = `Creating the instance "${name}"`;
    let isRemoved = false;

    const outcome = async (own: AbortSignal): Promise<{ after: StoredInstance | undefined; error?: ServiceError }> => {
      try {
        const returned = await this.#call(what, budget ? AbortSignal.any([budget, own]) : own, (signal) =>
          this.#backend.create(this.#request(instance, instance.requestedBy, instance.cluster, signal)),
        );
        return { after: { ...instance, state: 'ready', data: dataOf(returned, instance.data) } };
      } catch (error) {
        const problem = asServiceError(error);
        const text = sentence(problem.message);
        if (problem.refused && !this.#background) {
          // What Tsuru shows after a 409 is "already exists", and not the text.
          const status = problem.status === 409 ? 422 : problem.status;
          if (before === undefined) return { after: undefined, error: withStatus(status, problem) };
          const left = `${text} What an earlier attempt left of the instance "${name}" stays in the service.`;
          return { after: before, error: new ServiceError(status, left, problem.fields, { cause: error }) };
        }
        const kept = `${text} The instance "${name}" stays in the service as failed until it is created again or removed.`;
        return {
          after: { ...instance, state: 'failed', error: problem.message },
          error: new ServiceError(problem.status, kept, problem.fields, { cause: error }),
        };
      }
    };

    const { background } = this.#patience;
    const { work, answer, abort } = this.#works.start(what, { work: background, answer: background }, async (own) => {
      const { after, error } = await outcome(own.signal);
      // The next start takes it up again.
      if (error && this.#background && this.#works.areStopped && !isRemoved) return;
      const settled = () => (after && isRemoved ? { ...after, state: 'removing' as const, error: '' } : after);
      await this.#works.write(async () => {
        const result = settled();
        await (result ? this.#settle(result) : this.#store.remove(instance.id));
      }, own.fail);
      if (isRemoved) throw new ServiceError(410, `The instance "${name}" was removed while it was being created.`);
      if (error) throw error;
    });
    answer.catch(() => {});
    const ended = work
      .catch((error: unknown) => {
        this.#log.warn({ err: error, instance: name }, 'creation ended without an instance');
      })
      .finally(() => {
        if (this.#creations.get(name) === creation) this.#creations.delete(name);
      });
    const creation: Creation = {
      answer,
      ended,
      remove: () => {
        isRemoved = true;
        abort(new Error('the instance is being destroyed'));
      },
    };
    this.#creations.set(name, creation);
    return creation;
  }

  async #settle(instance: StoredInstance): Promise<void> {
    const { cluster } = instance;
    if (cluster?.kubeConfig === undefined) await this.#store.save(instance);
    else await this.#store.saveWithoutSecret({ ...instance, cluster: withoutSecret(cluster) });
  }

  async #remove(
    instance: StoredInstance,
    budget: Budget,
    requestedBy: Requester,
    cluster: Cluster | undefined,
  ): Promise<void> {
    const { name } = instance;
    this.#removals.add(name);
    try {
      const creation = this.#creations.get(name);
      if (creation) {
        creation.remove();
        // Before the wait: should the service stop in it, the next start must not go on creating.
        await this.#store.setState(instance.id, 'removing');
        creation.answer.catch((error: unknown) => {
          if (error instanceof ServiceError && error.status === 507) budget.fail(error);
        });
        await creation.ended;
      }
      const current = await this.#store.find(name);
      if (current === undefined) return;
      const removing: StoredInstance = { ...current, state: 'removing', error: '' };
      await this.#settle(removing);
      try {
        for (const bind of await this.#store.activeBinds(removing.id)) {
          await this.#revoke(removing, bind, budget.signal, requestedBy, cluster);
          await this.#store.removeBind(removing.id, bind.kind, bind.name);
        }
        await this.#call(`Removing the instance "${name}"`, budget.signal, (signal) =>
          this.#backend.destroy(this.#request(removing, requestedBy, cluster, signal)),
        );
      } catch (error) {
        const problem = failure(error);
        await this.#settle({ ...removing, error: problem.message }).catch((unwritten: unknown) => {
          this.#log.error({ err: unwritten, instance: name }, 'why a removal failed is in this log only');
        });
        throw problem;
      }
      await this.#works.write(() => this.#store.remove(removing.id), budget.fail);
    } finally {
      this.#removals.delete(name);
    }
  }

  async #revoke(
    instance: StoredInstance,
    bind: StoredBind,
    budget: AbortSignal,
    requestedBy: Requester,
    cluster: Cluster | undefined,
  ): Promise<void> {
    const what = `Unbinding the ${bind.kind} "${bind.name}" from "${instance.name}"`;
    try {
      await this.#call(what, budget, (signal) => {
        const request = this.#request(instance, requestedBy, cluster, signal);
        return bind.kind === 'app'
          ? this.#backend.unbindApp({ ...request, app: { name: bind.name } })
          : this.#backend.unbindJob({ ...request, job: { name: bind.name } });
      });
    } catch (error) {
      throw failure(error);
    }
  }

  /** Forgets the binds that ended more than an hour ago; what is in the way puts it off to the next time. */
  async #forget(): Promise<void> {
    await this.#store.forgetUnbound(this.#rememberedSince()).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'binds that ended are not forgotten yet');
    });
  }

  #rememberedSince(): Date {
    return new Date(this.#now().getTime() - REMEMBERED);
  }

  async #putBack(instanceId: string, bind: StoredBind, before: StoredBind | undefined): Promise<void> {
    if (before) await this.#store.saveBind(instanceId, before);
    else await this.#store.removeBind(instanceId, bind.kind, bind.name);
  }

  async #refuseDifferent(existing: StoredInstance, asked: Asked, cluster: Cluster | undefined): Promise<void> {
    const { name } = existing;
    refuseDamaged(existing);
    const [has, wants] = [existing, asked].map(({ team, plan }) => ({ team, plan: this.#plans.of({ plan }).name }));
    const differences = (['team', 'plan'] as const)
      .filter((field) => has?.[field] !== wants?.[field])
      .map((field) => `its ${field} is "${String(has?.[field])}", not "${String(wants?.[field])}"`);
    if (!sameJson(existing.parameters, asked.parameters)) differences.push('its parameters are others');
    if (existing.cluster?.pool !== cluster?.pool) {
      differences.push(`its pool is "${existing.cluster?.pool ?? ''}", not "${cluster?.pool ?? ''}"`);
    }
    const [bind] = await this.#store.activeBinds(existing.id);
    if (bind) differences.push(`the ${bind.kind} "${bind.name}" is bound to it`);
    if (differences.length === 0) return;
    const orSame = bind === undefined ? ', create it with the same values to take it over,' : '';
    throw new ServiceError(
      422,
      `The service has an instance "${name}" from an earlier attempt, and ${differences.join('; ')}. Choose another name${orSame} or ask the service's operators to remove it.`,
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

  /**
   * Calls the backend. What it throws becomes a ServiceError with a text for Tsuru's user: its own words only when it
   * threw a ServiceError, since others have addresses and worse in them; those are in the log.
   * @param what the beginning of a sentence
   */
  async #call<T>(
    what: string,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<T> | undefined,
  ): Promise<T | undefined> {
    try {
      signal.throwIfAborted();
      return await task(signal);
    } catch (error) {
      if (error instanceof ServiceError) throw inWords(what, error);
      if (this.#works.areStopped) {
        const text = `${what} was cut short, since the service is stopping. Try again in a minute.`;
        throw new ServiceError(503, text, {}, { cause: error });
      }
      throw signal.aborted ? tookTooLong(what, error) : failed(what, error);
    }
  }
}

function withStatus(status: number, error: ServiceError): ServiceError {
  return status === error.status ? error : new ServiceError(status, error.message, error.fields, { cause: error });
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
