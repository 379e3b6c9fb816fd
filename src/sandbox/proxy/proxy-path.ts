import { ApiError } from '../http/answer.ts';
import { withoutDots } from '../permissions/mux-pattern.ts';

/** Paths below an instance that only Tsuru itself may change. */
const RESERVED = ['', 'bind-app', 'bind-job', 'bind'];

/**
 * The path at the service that a user asks for through the proxy of an instance (tsuru/service `ProxyInstance`): one below the
 * instance, whatever it was written as.
 *
 * @throws Error if it leads out of the instance, ApiError with 400 if it is reserved
 */
export function pathAtService(instance: string, method: string, asked: string): string {
  const prefix = `/resources/${instance}`;
  const clean = withoutDots(asked);
  const below = pathBelowInstance(prefix, clean);
  if (below === undefined && asked.startsWith(prefix) && clean !== asked) throw new Error('invalid proxy path');
  const path = (below ?? clean).replace(/^\/+|\/+$/g, '');
  if (RESERVED.includes(path) && method !== 'GET') throw new ApiError(400, `proxy request ${method} "${path}" is forbidden`);
  return `${prefix}/${path}`;
}

/** The same path as the permissions manifest of the service has it. */
export function pathInManifest(instance: string, asked: string): string {
  const clean = withoutDots(asked);
  return pathBelowInstance(`/resources/${instance}`, clean) ?? clean;
}

/** With its slash; undefined if it is not below the instance. */
function pathBelowInstance(prefix: string, clean: string): string | undefined {
  if (clean === '/' || clean === prefix) return '/';
  return clean.startsWith(`${prefix}/`) ? clean.slice(prefix.length) : undefined;
}
