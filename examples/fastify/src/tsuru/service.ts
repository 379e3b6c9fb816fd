import type { Logger } from 'pino';

import { basicAuth } from './auth.js';
import type { Backend } from './backend.js';
import { tsuruCalls, type Call } from './calls.js';
import { endpointCall, type Endpoint } from './endpoint.js';
import { ServiceError } from './errors.js';
import { header, json, type Headers, type Route } from './http.js';
import { LifeCycle, type Patience, type Provisioning } from './life-cycle.js';
import { Plans, type Plan } from './plans.js';
import type { Store } from './store.js';
import { parseTarget } from './target.js';

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
  log: Logger;
  lifeCycle: LifeCycle;
  /**
   * Lets a request in, or throws: 400 for a path that is not in its one plain spelling, 401 for wrong credentials,
   * 415 for a compressed body, whose size would be known only when it is too late. It runs before the framework routes the request or reads its body.
   */
  admit(target: string, headers: Headers): void;
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
  const health: Route = {
    method: 'GET',
    path: HEALTHCHECK,
    async handle() {
      await store.ping();
      return json(200, { status: 'WORKING' });
    },
  };
  return {
    routes: [health, ...calls.map((call) => toRoute(call, basePath))],
    bodyLimit,
    log,
    lifeCycle,
    admit(target, headers) {
      parseTarget(target);
      // There is one spelling of a path from here on.
      if (target !== HEALTHCHECK) authenticate(header(headers, 'authorization'));
      const encoding = header(headers, 'content-encoding');
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
        throw new ServiceError(415, 'Send the body without Content-Encoding.');
      }
    },
  };
}

const HEALTHCHECK = '/healthcheck';

/** Parameters are read off the raw path, decoded once, and so are the same whichever framework routed the request. */
function toRoute(call: Call, basePath: string): Route {
  const path = basePath + call.path;
  const parameters = path
    .split('/')
    .flatMap((part, index) => (part.startsWith(':') ? [{ name: part.slice(1), index }] : []));
  return {
    method: call.method,
    path,
    handle(request) {
      const values: Record<string, string> = {};
      if (parameters.length > 0) {
        const { segments } = parseTarget(request.target);
        for (const { name, index } of parameters) values[name] = segments[index - 1] ?? '';
      }
      return call.handle(request, values);
    },
  };
}
