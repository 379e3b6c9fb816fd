import type { Call } from './calls.ts';
import type { HttpHeaders } from './http.ts';

/** The pool, and its cluster if it has one, that a call to a multi-cluster service is about. */
export interface Pool {
  name: string;
  provisioner?: string;
  cluster?: {
    name: string;
    provisioner?: string;
    addresses?: readonly string[];
    /** Base64 of JSON. */
    kubeConfig?: string;
  };
}

/** The headers that Tsuru adds to every call to a multi-cluster service ("Every request" in the contract). */
export function poolHeaders({ name, provisioner, cluster }: Pool): HttpHeaders {
  return {
    'X-Tsuru-Pool-Name': name,
    ...(provisioner !== undefined && { 'X-Tsuru-Pool-Provisioner': provisioner }),
    ...(cluster && {
      'X-Tsuru-Cluster-Name': cluster.name,
      ...(cluster.provisioner !== undefined && { 'X-Tsuru-Cluster-Provisioner': cluster.provisioner }),
      ...(cluster.addresses && { 'X-Tsuru-Cluster-Addresses': [...cluster.addresses] }),
      ...(cluster.kubeConfig !== undefined && { 'X-Tsuru-Cluster-Kube-Config': cluster.kubeConfig }),
    }),
  };
}

/** The same call from another pool, or from none. */
export function fromPool(call: Call, pool: Pool | undefined): Call {
  const others = Object.entries(call.request.headers).filter(([name]) => !/^x-tsuru-(pool|cluster)/i.test(name));
  const headers = { ...Object.fromEntries(others), ...(pool && poolHeaders(pool)) };
  return { ...call, request: { ...call.request, headers } };
}
