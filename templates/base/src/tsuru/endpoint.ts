import { validateHeaderName, validateHeaderValue } from 'node:http';

import type { Cluster, Instance } from './backend.js';
import type { WorkloadKey } from './backend-calls.js';
import { decodeText, parseJson } from './body.js';
import type { Call } from './calls.js';
import { jsonResponse, type Headers, type Log, type Method, type ServiceResponse } from './http.js';
import { publicPart, trustedCluster } from './instance-state.js';
import type { LifeCycle } from './life-cycle.js';
import type { InstanceState } from './store-rows.js';
import { clusterOf, requesterOf } from './tsuru-headers.js';
import type { JsonValue } from './values.js';

/** A request to one of the service's own endpoints, `/resources/{name}/...`, the same in every web framework. */
export interface EndpointRequest {
  method: string;
  /** The instance in the path. It exists, in any state. */
  instance: Instance;
  state: InstanceState;
  /** The apps and jobs that are bound to the instance. */
  binds: WorkloadKey[];
  /** The parameters of the path, decoded: `{id: '7'}` for `/backups/{id}`. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Names in lower case. Trust none of them: Tsuru's proxy passes on those that its user sends. */
  headers: Headers;
  /**
   * The user, according to Tsuru. Undefined for GET and HEAD: Tsuru records no event for them, and users could forge it.
   */
  user: string | undefined;
  /** The pool in which the instance was created; only for a multi-cluster service. */
  cluster: Cluster | undefined;
  body: EndpointBody;
  log: Log;
}

export interface EndpointBody {
  readonly bytes: Uint8Array;
  /** @throws ServiceError 400 when it is not UTF-8 */
  text(): string;
  /** @throws ServiceError 400 when it is not JSON, or has a number that JavaScript would round */
  json(): JsonValue;
}

export interface EndpointResponse {
  /** 200 to 599. */
  status: number;
  /** May override the Content-Type that follows from the body. */
  headers?: Record<string, string>;
  /** A string is sent as text, bytes unchanged, and anything else as JSON. */
  body?: unknown;
}

export type EndpointHandler = (request: EndpointRequest) => EndpointResponse | Promise<EndpointResponse>;

export interface Endpoint {
  /** As in tsuru-service.yaml. */
  name?: string;
  method: Method;
  /** Below the instance, with `:parameters` of any names. */
  path: string;
  handle: EndpointHandler;
}

/** The call of an endpoint. It is a 404 when there is no such instance. */
export function endpointCall(endpoint: Endpoint, lifeCycle: LifeCycle, multiCluster: boolean): Call {
  const names = endpoint.path
    .split('/')
    .filter((part) => part.startsWith(':'))
    .map((part) => part.slice(1));
  return {
    name: `endpoint:${endpoint.name ?? endpoint.path}`,
    method: endpoint.method,
    path: `/resources/:name${endpoint.path}`,
    async handle(request, [name = '', ...values]) {
      const { method, target, headers, body, log } = request;
      const stored = await lifeCycle.instances.find(name);
      const instance = publicPart(stored);
      const response = await endpoint.handle({
        method,
        instance,
        state: stored.state,
        binds: await lifeCycle.binds.of(instance),
        params: Object.fromEntries(names.map((parameter, index) => [parameter, values[index] ?? ''])),
        query: new URLSearchParams(target.query),
        headers,
        user: requesterOf(method, headers)?.user,
        cluster: trustedCluster(stored, multiCluster ? clusterOf(request) : undefined),
        body: bodyOf(body),
        log,
      });
      return toServiceResponse(response);
    },
  };
}

function bodyOf(bytes: Uint8Array): EndpointBody {
  return { bytes, text: () => decodeText(bytes), json: () => parseJson(decodeText(bytes)) };
}

/** Headers of a connection: copied from the response of another server, they would be wrong here. */
const CONNECTION_HEADERS = ['connection', 'content-length', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'];
const WITHOUT_BODY = [204, 205, 304];

/** @throws Error for a response that cannot be sent; each web framework would handle it differently */
function toServiceResponse({ status, headers, body }: EndpointResponse): ServiceResponse {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`an endpoint returned the status ${status}; it must be 200 to 599`);
  }
  const own = ownHeaders(headers);
  if (body === undefined || WITHOUT_BODY.includes(status)) return { status, headers: own };
  if (typeof body === 'string') {
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...own }, body };
  }
  if (body instanceof Uint8Array) {
    return { status, headers: { 'content-type': 'application/octet-stream', ...own }, body: new Uint8Array(body) };
  }
  const response = jsonResponse(status, body);
  return { ...response, headers: { ...response.headers, ...own } };
}

function ownHeaders(headers: EndpointResponse['headers'] = {}): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    validateHeaderName(given);
    validateHeaderValue(given, value);
    const name = given.toLowerCase();
    if (!CONNECTION_HEADERS.includes(name)) own[name] = value;
  }
  return own;
}
