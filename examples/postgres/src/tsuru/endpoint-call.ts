import type { AnyBackend } from './backend.js';
import type { Call } from './calls.js';
import type { AnyEndpoint, Endpoint, EndpointRequest, ServiceEndpoint, ServiceEndpointRequest } from './endpoint.js';
import { bodyOf } from './endpoint-input.js';
import { toServiceResponse } from './endpoint-response.js';
import type { ServiceRequest } from './http.js';
import { publicPart, trustedCluster } from './instance-state.js';
import type { LifeCycle } from './life-cycle.js';
import { clusterOf, requesterOf } from './tsuru-headers.js';

export interface EndpointCallOptions {
  lifeCycle: LifeCycle;
  backend: AnyBackend;
  multiCluster: boolean;
}

/** The call of an endpoint. */
export function endpointCall(endpoint: AnyEndpoint, options: EndpointCallOptions): Call {
  return isOfService(endpoint) ? serviceCall(endpoint, options) : instanceCall(endpoint, options);
}

function isOfService(endpoint: AnyEndpoint): endpoint is ServiceEndpoint {
  return endpoint.scope === 'service' || endpoint.scope === 'authenticated';
}

/** It is a 404 when there is no such instance. */
function instanceCall(endpoint: Endpoint, { lifeCycle, backend, multiCluster }: EndpointCallOptions): Call {
  const names = parametersOf(endpoint);
  return {
    name: nameOf(endpoint),
    method: endpoint.method,
    path: `/resources/:name${endpoint.path}`,
    async handle(request, [name = '', ...values]) {
      const stored = await lifeCycle.instances.find(name);
      const data = lifeCycle.instances.dataOf(stored);
      const response = await endpoint.handle({
        ...sharedPart(request, names, values, backend),
        // The owner's backend has the type of the data, and its schema has parsed it.
        instance: { ...publicPart(stored), data: data as EndpointRequest['instance']['data'] },
        state: stored.state,
        binds: await lifeCycle.binds.of(stored),
        cluster: trustedCluster(stored, multiCluster ? clusterOf(request) : undefined),
      });
      return toServiceResponse(response);
    },
  };
}

function serviceCall(endpoint: ServiceEndpoint, { backend }: EndpointCallOptions): Call {
  const names = parametersOf(endpoint);
  return {
    name: nameOf(endpoint),
    method: endpoint.method,
    path: endpoint.scope === 'service' ? endpoint.path : `/authenticated-resources${endpoint.path}`,
    async handle(request, values) {
      return toServiceResponse(await endpoint.handle(sharedPart(request, names, values, backend)));
    },
  };
}

function nameOf({ name, path }: AnyEndpoint): string {
  return `endpoint:${name ?? path}`;
}

function parametersOf({ path }: AnyEndpoint): string[] {
  return path
    .split('/')
    .filter((part) => part.startsWith(':'))
    .map((part) => part.slice(1));
}

function sharedPart(
  { method, target, headers, body, log }: ServiceRequest,
  names: readonly string[],
  values: readonly string[],
  backend: AnyBackend,
): ServiceEndpointRequest {
  return {
    method,
    params: Object.fromEntries(names.map((parameter, index) => [parameter, values[index] ?? ''])),
    query: new URLSearchParams(target.query),
    headers,
    user: requesterOf(method, headers)?.user,
    body: bodyOf(body),
    // In a test it may be another one.
    backend: backend as unknown as ServiceEndpointRequest['backend'],
    log,
  };
}
