import type { Logger } from 'pino';

import { basicAuth } from './auth.js';
import type { AnyBackend } from './backend.js';
import { tsuruCalls, type Call } from './calls.js';
import type { Provisioning } from './creations.js';
import type { AnyEndpoint } from './endpoint.js';
import { endpointCall } from './endpoint-call.js';
import { ServiceError } from './errors.js';
import { healthCheck } from './health.js';
import {
  errorResponse,
  hasBody,
  header,
  HEALTHCHECK,
  jsonResponse,
  METRICS,
  type Headers,
  type Route,
  type ServiceRequest,
} from './http.js';
import { LifeCycle } from './life-cycle.js';
import { observedBackend, observedCheck, type MetricsPage, type Observer } from './observer.js';
import type { Timeouts } from './operations.js';
import { Plans, type Plan } from './plans.js';
import { acceptedTarget, type RequestTarget } from './request-target.js';
import type { Store } from './store.js';
import { requestId } from './tsuru-headers.js';

/** The service, apart from the web framework that serves it. */
export interface ServiceOptions {
  /** The service's id in Tsuru. */
  service: string;
  username: string;
  password: string;
  /** Accepted as well while the password changes. */
  oldPassword?: string;
  /** The path before `/resources` in the endpoint that is registered in Tsuru; `''` for none. */
  basePath: string;
  provisioning: Provisioning;
  multiCluster: boolean;
  refuseProxied: boolean;
  /** Bytes of the largest body accepted. */
  bodyLimit: number;
  /** The header with the id of a request, in lower case. */
  requestIdHeader: string;
  /** Milliseconds for the headers of a request to arrive; 10 s by default. */
  headersTimeout?: number;
  plans: readonly Plan[];
  endpoints: readonly AnyEndpoint[];
  backend: AnyBackend;
  store: Store;
  log: Logger;
  now?: () => Date;
  timeouts?: Partial<Timeouts>;
  observer?: Observer | undefined;
  /** Serves `GET /metrics`, with a password of its own. */
  metrics?: MetricsPage | undefined;
}

/** The service, as the routes of the web framework use it. */
export interface Service {
  /** Where a plain route and one with a parameter both match, the plain one comes first. */
  routes: readonly Route[];
  bodyLimit: number;
  headersTimeout: number;
  log: Logger;
  lifeCycle: LifeCycle;
  /** The id of a request, for the log. */
  requestId(headers: Headers): string;
  /**
   * Admits a request, before the framework routes it or reads its body. Only the health check needs no password, and the
   * metrics have their own.
   * @throws ServiceError 401 for wrong credentials; 400 for a refused target; 415 for an invalid Content-Type, and for
   *   a compressed body, whose real size would be known too late
   */
  admit(method: string, target: RequestTarget, headers: Headers): void;
}

export function createService(given: ServiceOptions): Service {
  const { observer, metrics } = given;
  const options = { ...given, backend: observedBackend(given.backend, observer) };
  const { basePath, bodyLimit, multiCluster, refuseProxied, log } = options;
  const authenticate = observedCheck(basicAuth(options.username, options.password, options.oldPassword), observer);
  if (options.oldPassword) log.warn('SERVICE_OLD_PASSWORD is still accepted: remove it once Tsuru has the new one');
  const plans = new Plans(options.plans);
  const lifeCycle = new LifeCycle({ ...options, plans });
  const calls = [
    ...tsuruCalls({ lifeCycle, plans, multiCluster, refuseProxied }),
    ...options.endpoints.map((endpoint) => endpointCall(endpoint, { lifeCycle, backend: given.backend, multiCluster })),
  ];
  const checkHealth = healthCheck(options);
  const health: Call = {
    name: 'healthcheck',
    method: 'GET',
    path: HEALTHCHECK,
    async handle() {
      await checkHealth();
      return jsonResponse(200, { status: 'WORKING' });
    },
  };
  const open = metrics === undefined ? [health] : [health, metricsCall(metrics)];
  return {
    routes: [
      ...open.map((call) => toRoute(call, '', observer)),
      ...calls.map((call) => toRoute(call, basePath, observer)),
    ],
    bodyLimit,
    headersTimeout: options.headersTimeout ?? 10_000,
    log,
    lifeCycle,
    requestId: (headers) => requestId(headers, options.requestIdHeader),
    admit(method, target, headers) {
      const isMetrics = metrics !== undefined && isReading(method, target.path, METRICS);
      const check = isMetrics ? metrics.authenticate : authenticate;
      if (!isReading(method, target.path, HEALTHCHECK)) check(header(headers, 'authorization'));
      acceptedTarget(target);
      const encoding = header(headers, 'content-encoding');
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
        throw new ServiceError(415, 'Send the body without Content-Encoding.');
      }
      if (hasBody(method) && !MEDIA_TYPE.test(typeOf(headers))) {
        throw new ServiceError(415, 'The Content-Type is not a media type such as "application/json".');
      }
    },
  };
}

/** A media type by RFC 9110, section 8.3.1: two tokens. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;

/** The Content-Type without its parameters. */
function typeOf(headers: Headers): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? (type.split(';', 1)[0] ?? '').trim() : 'application/octet-stream';
}

function isReading(method: string, path: string, wanted: string): boolean {
  return !hasBody(method) && path === wanted;
}

function metricsCall({ read }: MetricsPage): Call {
  return { name: 'metrics', method: 'GET', path: METRICS, handle: read };
}

/**
 * Parameters are read from the parsed path by their place in it, not from the framework, which may have decoded them in
 * its own way. Errors become responses here, so that the framework's error handler sees only the framework's own
 * errors.
 */
function toRoute(call: Call, basePath: string, observer: Observer | undefined): Route {
  const route = basePath + call.path;
  const parts = route.split('/');
  const places = parts.flatMap((part, index) => (part.startsWith(':') ? [index] : []));
  const respond = async (request: ServiceRequest, values: readonly string[]) => {
    try {
      return await call.handle(request, values);
    } catch (error) {
      return errorResponse(error, request.log);
    }
  };
  return {
    method: call.method,
    path: parts.map((part, index) => (part.startsWith(':') ? `:p${index}` : part)).join('/'),
    handle(request) {
      const { segments } = request.target;
      const values = places.map((index) => segments[index - 1] ?? '');
      if (observer === undefined) return respond(request, values);
      const name = typeof call.name === 'string' ? call.name : call.name(values);
      return observer.request({ name, method: call.method, route }, request, () => respond(request, values));
    },
  };
}
