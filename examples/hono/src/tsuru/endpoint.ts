import { validateHeaderName, validateHeaderValue } from 'node:http';

import type { Cluster, Instance } from './backend.js';
import { decodeText, parseJson } from './body.js';
import type { Call } from './calls.js';
import { json, type Answer, type Headers, type Incoming, type Method } from './http.js';
import { ownCluster, publicPart, type LifeCycle, type TargetKey } from './life-cycle.js';
import type { InstanceState } from './store.js';
import { parseTarget } from './target.js';
import { clusterOf, requesterOf } from './tsuru-headers.js';
import type { JsonValue } from './values.js';

/** A request to an endpoint of the service's own, `/resources/{name}/...`. It depends on no web framework. */
export interface EndpointRequest {
  method: string;
  /** The instance that the path names: it exists, in whatever state. */
  instance: Instance;
  state: InstanceState;
  /** What is bound to the instance. */
  binds: TargetKey[];
  /** The path's own parameters, decoded: `{id: '7'}` for `/backups/{id}`. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Lower-case names. Those of a user's own making come through Tsuru's proxy as well: trust none of them. */
  headers: Headers;
  /** Who asked, in Tsuru's word. Known only where Tsuru records an event: undefined for GET and HEAD, where anybody can make one up. */
  user: string | undefined;
  /** Of a multi-cluster service: the pool that the instance was created in. */
  cluster: Cluster | undefined;
  body: EndpointBody;
  log: Incoming['log'];
}

export interface EndpointBody {
  readonly bytes: Uint8Array;
  /** @throws ServiceError 400 when it is not UTF-8 */
  text(): string;
  /** @throws ServiceError 400 when it is not JSON, or has a number that JavaScript would round */
  json(): JsonValue;
}

/** What an endpoint answers: `status` is 200 to 599; `body` is sent as JSON, a string as text, bytes as they are; `headers` can say otherwise. */
export interface EndpointAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type EndpointHandler = (request: EndpointRequest) => EndpointAnswer | Promise<EndpointAnswer>;

export interface Endpoint {
  method: Method;
  /** Below the instance, with `:parameters` of any names. */
  path: string;
  handle: EndpointHandler;
}

/** Makes a call out of an endpoint: the instance is looked up first, 404 when there is none. */
export function endpointCall(endpoint: Endpoint, lifeCycle: LifeCycle, multiCluster: boolean): Call {
  const names = endpoint.path
    .split('/')
    .filter((part) => part.startsWith(':'))
    .map((part) => part.slice(1));
  return {
    method: endpoint.method,
    path: `/resources/:name${endpoint.path}`,
    async handle(request, [name = '', ...values]) {
      const { method, target, headers, body, log } = request;
      const stored = await lifeCycle.find(name);
      const instance = publicPart(stored);
      const answer = await endpoint.handle({
        method,
        instance,
        state: stored.state,
        binds: await lifeCycle.bound(instance),
        params: Object.fromEntries(names.map((parameter, index) => [parameter, values[index] ?? ''])),
        query: new URLSearchParams(parseTarget(target).query),
        headers,
        user: requesterOf(method, headers)?.user,
        cluster: ownCluster(stored, multiCluster ? clusterOf(request) : undefined),
        body: bodyOf(body),
        log,
      });
      return toAnswer(answer);
    },
  };
}

function bodyOf(bytes: Uint8Array): EndpointBody {
  return { bytes, text: () => decodeText(bytes), json: () => parseJson(decodeText(bytes)) };
}

/** What the server itself says of how an answer is sent; that of another server's answer would not fit. */
const FRAMING = ['connection', 'content-length', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'];
const WITHOUT_BODY = [204, 205, 304];

/** @throws Error for what cannot be sent: each web framework would make something else of it */
function toAnswer({ status, headers, body }: EndpointAnswer): Answer {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`an endpoint answered with ${status}, which is not the status of an answer`);
  }
  const own = ownHeaders(headers);
  if (body === undefined || WITHOUT_BODY.includes(status)) return { status, headers: own };
  if (typeof body === 'string') {
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...own }, body };
  }
  if (body instanceof Uint8Array) {
    return { status, headers: { 'content-type': 'application/octet-stream', ...own }, body: new Uint8Array(body) };
  }
  const answer = json(status, body);
  return { ...answer, headers: { ...answer.headers, ...own } };
}

function ownHeaders(headers: EndpointAnswer['headers'] = {}): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    validateHeaderName(given);
    validateHeaderValue(given, value);
    const name = given.toLowerCase();
    if (!FRAMING.includes(name)) own[name] = value;
  }
  return own;
}
