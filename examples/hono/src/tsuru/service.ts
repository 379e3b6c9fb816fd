import type { Logger } from 'pino';

import { basicAuth } from './auth.js';
import type { Backend } from './backend.js';
import { tsuruCalls, type Call } from './calls.js';
import { endpointCall, type Endpoint } from './endpoint.js';
import { ServiceError } from './errors.js';
import { errorAnswer, header, hasBody, HEALTHCHECK, json, type Headers, type Route } from './http.js';
import { LifeCycle, type Patience, type Provisioning } from './life-cycle.js';
import { Plans, type Plan } from './plans.js';
import type { Store } from './store.js';
import { parseTarget } from './target.js';
import { requestId } from './tsuru-headers.js';

/** What the service is, apart from the web framework that serves it. */
export interface ServiceOptions {
  /** The service's id in Tsuru. */
  service: string;
  username: string;
  password: string;
  /** What stands before `/resources` in the endpoint that Tsuru knows; `''` for nothing. */
  basePath: string;
  provisioning: Provisioning;
  multiCluster: boolean;
  refuseProxied: boolean;
  /** The largest body taken, in bytes. */
  bodyLimit: number;
  /** The header that carries the id of a request, in lower case. */
  requestIdHeader: string;
  /** Milliseconds for the headers of a request to arrive; 10 s when it is not said. */
  headersTimeout?: number;
  plans: readonly Plan[];
  endpoints: readonly Endpoint[];
  backend: Backend;
  store: Store;
  log: Logger;
  now?: () => Date;
  patience?: Partial<Patience>;
}

/** What a flavour's routes serve. */
export interface Service {
  /** Where a route with a parameter and a plain one both fit, the plain one stands first. */
  routes: readonly Route[];
  bodyLimit: number;
  headersTimeout: number;
  log: Logger;
  lifeCycle: LifeCycle;
  /** What the log calls a request by. */
  requestId(headers: Headers): string;
  /**
   * Lets a request in, or throws: 401 for wrong credentials, 400 for a path that is not in its one plain spelling, 415 for
   * a compressed body, whose size would be known only when it is too late, and for a Content-Type that is none. It runs
   * before the framework routes the request or reads its body; the health check alone asks for no password.
   */
  admit(method: string, target: string, headers: Headers): void;
}

export function createService(options: ServiceOptions): Service {
  const { basePath, bodyLimit, multiCluster, refuseProxied, log, store } = options;
  const authenticate = basicAuth(options.username, options.password);
  const plans = new Plans(options.plans);
  const lifeCycle = new LifeCycle({ ...options, plans });
  const calls = [
    ...tsuruCalls({ lifeCycle, plans, multiCluster, refuseProxied }),
    ...options.endpoints.map((endpoint) => endpointCall(endpoint, lifeCycle, multiCluster)),
  ];
  const health: Call = {
    method: 'GET',
    path: HEALTHCHECK,
    async handle() {
      await store.ping();
      return json(200, { status: 'WORKING' });
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
      if (!isHealthCheck(method, target)) authenticate(header(headers, 'authorization'));
      parseTarget(target);
      const encoding = header(headers, 'content-encoding');
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
        throw new ServiceError(415, 'Send the body without Content-Encoding.');
      }
      if (hasBody(method) && !MEDIA_TYPE.test(typeOf(headers))) {
        throw new ServiceError(415, 'The Content-Type is not one: send it as in "application/json".');
      }
    },
  };
}

/** A media type by RFC 9110, section 8.3.1: its type and its subtype, which are tokens. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;

/** The Content-Type up to its parameters; an absent one may be anything. */
function typeOf(headers: Headers): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? (type.split(';', 1)[0] ?? '').trim() : 'application/octet-stream';
}

function isHealthCheck(method: string, target: string): boolean {
  return !hasBody(method) && (target === HEALTHCHECK || target.startsWith(`${HEALTHCHECK}?`));
}

/**
 * Parameters are read off the raw path, decoded once, by their place in it: they are the same whichever framework routed
 * the request, and whatever an endpoint calls its own. What is thrown becomes an answer here, so that the framework's
 * error handler sees none but the framework's own errors.
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
        const { segments } = parseTarget(request.target);
        return await call.handle(
          request,
          places.map((index) => segments[index - 1] ?? ''),
        );
      } catch (error) {
        return errorAnswer(error, request.log);
      }
    },
  };
}
