import type {
  AnyBackend,
  BindAppRequest,
  BindJobRequest,
  Cluster,
  InfoItem,
  InstanceData,
  Request,
  Requester,
  Status,
  Variables,
} from './backend.js';
import { checkData, checkVariables } from './backend-results.js';
import { ServiceError } from './errors.js';
import { damagedInstance, publicPart } from './instance-state.js';
import { asFailure, backendFailed, timedOut, withText } from './life-cycle-errors.js';
import type { Log } from './http.js';
import type { Operations } from './operations.js';
import type { Plans } from './plans.js';
import { parseWith } from './schema.js';
import { LostLock } from './store-engine.js';
import type { StoredBind, StoredInstance } from './store-rows.js';

/** The requester of a call, and the cluster of its instance. */
export interface Caller {
  requestedBy: Requester;
  /** Only for a multi-cluster service. */
  cluster: Cluster | undefined;
}

/** The app or job of a bind, as Tsuru describes it. */
export type Workload = { kind: 'app'; app: BindAppRequest['app'] } | { kind: 'job'; job: BindJobRequest['job'] };

/** Identifies an app or a job. */
export type WorkloadKey = { kind: 'app' | 'job'; name: string };

/**
 * The backend, as the life cycle calls it. Its results are checked, and its errors become ServiceErrors with a text for
 * Tsuru's user. Only the text of a ServiceError is passed on: that of any other error may contain addresses or
 * secrets, and goes to the log.
 *
 * `action` is always the start of a sentence, such as `Creating the instance "db1"`.
 */
export class BackendCalls {
  readonly #backend: AnyBackend;
  readonly #plans: Plans;
  readonly #operations: Operations;
  readonly #log: Log;

  constructor(backend: AnyBackend, plans: Plans, operations: Operations, log: Log) {
    this.#backend = backend;
    this.#plans = plans;
    this.#operations = operations;
    this.#log = log;
  }

  /**
   * The data for an endpoint of an instance in any state; undefined while there is none.
   * @throws ServiceError 500 when a ready instance has none that the backend's schema accepts
   */
  dataFor(instance: StoredInstance): object | undefined {
    if (this.#backend.data !== undefined && instance.damaged.includes('data')) {
      throw damagedInstance(instance.name, ['data']);
    }
    return this.#dataSoFar(instance);
  }

  /** Whether the backend's schema accepts the data of a created instance. If not, the log says why. */
  canRead(instance: StoredInstance): boolean {
    return this.#dataOf(instance) !== undefined;
  }

  /** @returns the data to store */
  async create(action: string, instance: StoredInstance, signal: AbortSignal): Promise<InstanceData> {
    const data = await this.#call(action, signal, () =>
      this.#backend.create(this.#requestSoFar(instance, instance, signal)),
    );
    return checkData(this.#backend.data, data, instance.data);
  }

  /** @returns the data to store */
  async update(
    action: string,
    instance: StoredInstance,
    previous: StoredInstance,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<InstanceData> {
    const data = await this.#call(action, signal, () => {
      const request = this.#request(instance, caller, signal);
      return this.#backend.update({
        ...request,
        previous: { ...publicPart(previous), data: request.instance.data },
      });
    });
    return checkData(this.#backend.data, data, previous.data);
  }

  async destroy(action: string, instance: StoredInstance, caller: Caller, signal: AbortSignal): Promise<void> {
    await this.#call(action, signal, () => this.#backend.destroy(this.#requestSoFar(instance, caller, signal)));
  }

  async bind(
    action: string,
    instance: StoredInstance,
    workload: Workload,
    bind: Pick<BindAppRequest, 'parameters' | 'secret' | 'previous'>,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<Variables> {
    const variables = await this.#call(action, signal, () => {
      const request = { ...this.#request(instance, caller, signal), ...bind };
      return workload.kind === 'app'
        ? this.#backend.bindApp({ ...request, app: workload.app })
        : this.#backend.bindJob({ ...request, job: workload.job });
    });
    return checkVariables(variables);
  }

  /** Revokes a bind; the backend cannot refuse. */
  async unbind(instance: StoredInstance, bind: StoredBind, caller: Caller, signal: AbortSignal): Promise<void> {
    const action = `Unbinding the ${bind.kind} "${bind.name}" from "${instance.name}"`;
    try {
      await this.#call(action, signal, () => {
        const request = this.#request(instance, caller, signal);
        return bind.kind === 'app'
          ? this.#backend.unbindApp({ ...request, app: { name: bind.name } })
          : this.#backend.unbindJob({ ...request, job: { name: bind.name } });
      });
    } catch (error) {
      throw asFailure(error);
    }
  }

  async status(instance: StoredInstance, cluster: Cluster | undefined): Promise<Status> {
    const status = await this.#read(`Asking for the status of "${instance.name}"`, (signal) =>
      this.#backend.status?.(this.#request(instance, { requestedBy: instance.requestedBy, cluster }, signal)),
    );
    return status ?? 'up';
  }

  async info(instance: StoredInstance, cluster: Cluster | undefined): Promise<InfoItem[]> {
    const items = await this.#read(`Asking for the info of "${instance.name}"`, (signal) =>
      this.#backend.info?.(this.#request(instance, { requestedBy: instance.requestedBy, cluster }, signal)),
    );
    return (items ?? []).map(({ label, value }) => ({ label: String(label), value: String(value) }));
  }

  #read<T>(action: string, task: (signal: AbortSignal) => Promise<T> | undefined): Promise<T | undefined> {
    return this.#operations.read(action, (signal) => this.#call(action, signal, () => task(signal)));
  }

  /** The data, parsed; undefined when the backend's schema refuses it. */
  #dataOf({ name, data }: StoredInstance): object | undefined {
    const schema = this.#backend.data;
    if (schema === undefined) return data;
    const parsed = parseWith(schema, data);
    if (parsed.problem === undefined) return parsed.value;
    const { problem } = parsed;
    this.#log.error({ instance: name, problem }, "the backend's schema refuses the data of an instance");
    return undefined;
  }

  #dataSoFar(instance: StoredInstance): object | undefined {
    const hasNone = this.#backend.data !== undefined && Object.keys(instance.data).length === 0;
    return hasNone ? undefined : this.#dataOf(instance);
  }

  /** @throws ServiceError 500 when the backend's schema refuses the data */
  #request(instance: StoredInstance, caller: Caller, signal: AbortSignal): Request<never> {
    const data = this.#dataOf(instance);
    if (data === undefined) throw damagedInstance(instance.name, ['data']);
    return this.#requestWith(instance, data, caller, signal);
  }

  #requestSoFar(instance: StoredInstance, caller: Caller, signal: AbortSignal): Request<never> {
    return this.#requestWith(instance, this.#dataSoFar(instance), caller, signal);
  }

  #requestWith(
    instance: StoredInstance,
    data: object | undefined,
    { requestedBy, cluster }: Caller,
    signal: AbortSignal,
  ): Request<never> {
    return {
      instance: { ...publicPart(instance), data: data as never },
      plan: this.#plans.of(instance),
      parameters: instance.parameters,
      requestedBy,
      cluster: cluster ?? instance.cluster,
      signal,
    };
  }

  async #call<T>(action: string, signal: AbortSignal, task: () => Promise<T> | undefined): Promise<T | undefined> {
    try {
      signal.throwIfAborted();
      return await task();
    } catch (error) {
      if (signal.reason instanceof LostLock) throw signal.reason;
      if (error instanceof ServiceError) throw withText(action, error);
      if (this.#operations.areAborted) {
        const text = `${action} was interrupted because the service is stopping. Try again in a minute.`;
        throw new ServiceError(503, text, {}, { cause: error });
      }
      throw signal.aborted ? timedOut(action, error) : backendFailed(action, error);
    }
  }
}
