import type { Logger } from 'pino';

import { basicAuth } from './auth.js';
import type { AnyBackend } from './backend.js';
import { tsuruCalls, type Call } from './calls.js';
import type { Provisioning } from './creations.js';
import type { AnyEndpoint } from './endpoint.js';
import { endpointCall } from './endpoint-call.js';
import { ServiceError } from './errors.js';
import { healthCheck } from './health.js';
import { errorResponse, hasBody, header, HEALTHCHECK, jsonResponse, type Headers, type Route } from './http.js';
import { LifeCycle } from './life-cycle.js';
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
   * Admits a request, before the framework routes it or reads its body. Only the health check needs no password.
   * @throws ServiceError 401 for wrong credentials; 400 for a refused target; 415 for an invalid Content-Type, and for
   *   a compressed body, whose real size would be known too late
   */
  admit(method: string, target: RequestTarget, headers: Headers): void;
}

export function createService(options: ServiceOptions): Service {
  const { backend, basePath, bodyLimit, multiCluster, refuseProxied, log } = options;
  const authenticate = basicAuth(options.username, options.password);
  const plans = new Plans(options.plans);
  const lifeCycle = new LifeCycle({ ...options, plans });
  const calls = [
    ...tsuruCalls({ lifeCycle, plans, multiCluster, refuseProxied }),
    ...options.endpoints.map((endpoint) => endpointCall(endpoint, { lifeCycle, backend, multiCluster })),
  ];
  const checkHealth = healthCheck(options);
  const health: Call = {
    method: 'GET',
    path: HEALTHCHECK,
    async handle() {
      await checkHealth();
      return jsonResponse(200, { status: 'WORKING' });
    },
  };
  return {
    routes: [toRoute(health, ''), ...calls.map((call) => toRoute(call, basePath))],
    bodyLimit,
    headersTimeout: options.headersTimeout ?? 10_000,
    log,
    lifeCycle,
    requestId: (headers) => requestId(headers, options.requestIdHeader),
    admit(method, target, headers) {
      if (!isHealthCheck(method, target.path)) authenticate(header(headers, 'authorization'));
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

function isHealthCheck(method: string, path: string): boolean {
  return !hasBody(method) && path === HEALTHCHECK;
}

/**
 * Parameters are read from the parsed path by their place in it, not from the framework, which may have decoded them in
 * its own way. Errors become responses here, so that the framework's error handler sees only the framework's own
 * errors.
 */
function toRoute(call: Call, basePath: string): Route {
  const parts = (basePath + call.path).split('/');
  const places = parts.flatMap((part, index) => (part.startsWith(':') ? [index] : []));
  return {
    method: call.method,
    path: parts.map((part, index) => (part.startsWith(':') ? `:p${index}` : part)).join('/'),
    async handle(request) {
      try {
        if (places.length === 0) return await call.handle(request, []);
        const { segments } = request.target;
        return await call.handle(
          request,
          places.map((index) => segments[index - 1] ?? ''),
        );
      } catch (error) {
        return errorResponse(error, request.log);
      }
    },
  };
}
