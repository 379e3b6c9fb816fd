import type { Logger } from 'pino';

import type { Provisioning } from './creations.js';
import type { Method, ServiceRequest, ServiceResponse } from './http.js';
import type { Store } from './store.js';

/** A request that has reached one of the calls, as metrics and traces name it: neither value holds a name of a user's. */
export interface ObservedCall {
  /** Such as `bind_app`, or `endpoint:backups` for an endpoint of that name. */
  name: string;
  method: Method;
  /** With `:parameters`. */
  route: string;
}

/** A call of one method of the backend. */
export interface ObservedMethod {
  name: string;
  /** The id of the instance; undefined for `health`. */
  instance: string | undefined;
  signal: AbortSignal | undefined;
}

/** Sees requests and the calls of the backend. It runs each once, and passes on its result or error. */
export interface Observer {
  request(call: ObservedCall, request: ServiceRequest, run: () => Promise<ServiceResponse>): Promise<ServiceResponse>;
  /** A request with a wrong password, or none. It reaches no call. */
  unauthorized(): void;
  backend(method: ObservedMethod, run: () => Promise<unknown>): Promise<unknown>;
}

/** `GET /metrics` on the service's own port. */
export interface MetricsPage {
  /** @throws ServiceError 401 when it is not the password of the metrics */
  authenticate: (authorization: string | undefined) => void;
  read: () => Promise<ServiceResponse>;
}

export interface Telemetry {
  observer?: Observer;
  metrics?: MetricsPage;
  /** Sends what is left, for a limited time, after which the process ends. To be called when all else has stopped. */
  stop(): Promise<void>;
}

export interface TelemetryOptions {
  /** The service's id in Tsuru. */
  service: string;
  provisioning: Provisioning;
  /** The service's own address, and its passwords. */
  config: { host: string; port: number; password: string; oldPassword: string };
  /** Such as `process.env`. */
  variables: Readonly<Record<string, string | undefined>>;
  store: Store;
  log: Logger;
}

const METHODS = [
  ...(['create', 'update', 'destroy', 'bindApp', 'unbindApp', 'bindJob', 'unbindJob'] as const),
  ...(['status', 'info', 'health', 'close'] as const),
];

/** The backend with every method observed; the backend itself when there is no observer. */
export function observedBackend<B extends object>(backend: B, observer: Observer | undefined): B {
  if (observer === undefined) return backend;
  const observed = Object.create(backend) as B;
  for (const name of METHODS) {
    const method: unknown = Reflect.get(backend, name);
    if (typeof method !== 'function') continue;
    const value = (request?: unknown) =>
      observer.backend({ name, ...subjectOf(request) }, async () => (await method.call(backend, request)) as unknown);
    Object.defineProperty(observed, name, { value });
  }
  return observed;
}

function subjectOf(request: unknown): Pick<ObservedMethod, 'instance' | 'signal'> {
  if (request instanceof AbortSignal) return { instance: undefined, signal: request };
  const { instance, signal } = Object(request) as { instance?: { id: string }; signal?: AbortSignal };
  return { instance: instance?.id, signal };
}

/** A check of the password whose refusals are observed; the check itself when there is no observer. */
export function observedCheck(check: MetricsPage['authenticate'], observer: Observer | undefined): typeof check {
  if (observer === undefined) return check;
  return (authorization) => {
    try {
      check(authorization);
    } catch (error) {
      observer.unauthorized();
      throw error;
    }
  };
}
