import { randomUUID } from 'node:crypto';

import type { Cluster, Requester } from './backend.js';
import { ServiceError } from './errors.js';
import { header, headerLines, type Headers, type ServiceRequest } from './http.js';
import { isObject, withoutPrototypes, type JsonObject } from './values.js';

/**
 * Whether a request came through Tsuru's proxy. Those have X-Forwarded-For and keep the connection; Tsuru's own calls
 * do neither. A gateway in between may change both.
 */
export function isProxied(headers: Headers): boolean {
  return header(headers, 'x-forwarded-for') !== undefined && header(headers, 'connection')?.toLowerCase() !== 'close';
}

/**
 * The requester in the headers. Undefined for GET and HEAD: Tsuru records no event for them, and passes on these
 * headers as its user wrote them.
 */
export function requesterOf(method: string, headers: Headers): Requester | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  return { user: header(headers, 'x-tsuru-user') ?? '', event: header(headers, 'x-tsuru-eventid') ?? '' };
}

/**
 * The id that Tsuru sends when its operator configured a header for it, or else a new one. It has 1 to 128 visible
 * characters.
 * @param name of the header, in lower case
 */
export function requestId(headers: Headers, name: string): string {
  const given = header(headers, name);
  return given !== undefined && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
}

/**
 * Reads the pool and the cluster that Tsuru adds to the calls of a multi-cluster service. Each address has its own
 * header line, since it may contain a comma.
 * @returns undefined when the call names no pool
 * @throws ServiceError 400 when the kube config is not base64 of a JSON object
 */
export function clusterOf({
  headers,
  rawHeaders,
}: Pick<ServiceRequest, 'headers' | 'rawHeaders'>): Cluster | undefined {
  const pool = header(headers, 'x-tsuru-pool-name');
  if (pool === undefined) return undefined;
  const kubeConfig = header(headers, 'x-tsuru-cluster-kube-config');
  return {
    pool,
    poolProvisioner: header(headers, 'x-tsuru-pool-provisioner') ?? '',
    name: header(headers, 'x-tsuru-cluster-name') ?? '',
    provisioner: header(headers, 'x-tsuru-cluster-provisioner') ?? '',
    addresses: headerLines(rawHeaders, 'x-tsuru-cluster-addresses'),
    ...(kubeConfig !== undefined && { kubeConfig: decodeKubeConfig(kubeConfig) }),
  };
}

function decodeKubeConfig(base64: string): JsonObject {
  try {
    const config = withoutPrototypes(JSON.parse(Buffer.from(base64, 'base64').toString('utf8')));
    if (isObject(config)) return config;
  } catch {
    // The text is a secret, which the parser's error quotes.
  }
  throw new ServiceError(400, 'The header X-Tsuru-Cluster-Kube-Config is not base64 of a JSON object.');
}
