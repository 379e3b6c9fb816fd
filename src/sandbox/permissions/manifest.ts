import { ApiError } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { sentPath } from '../http/url.ts';
import { makeMux, type Mux } from './mux.ts';
import { covers } from './permissions.ts';
import type { ProxiedOperation, PermissionsManifest, Role } from '../state/records.ts';

/** Where Tsuru registers the routes of a manifest: the place is part of the words for a conflict of two. */
const PLACE = 'github.com/tsuru/tsuru/service/service.go:132';

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** The permission that an action of a service's manifest stands for. */
export function actionPermission(service: string, action: string): string {
  return `service-action.${service}.${action}`;
}

/** The operation that a request matches, by its path below the instance. */
export function operationFor({ operations }: PermissionsManifest, method: string, path: string): ProxiedOperation | undefined {
  try {
    const found = muxOf(operations ?? []).find(method, sentPath(`http://manifest.local${patternPath(path)}`).path);
    return found === undefined ? undefined : operations?.find((operation) => patternOf(operation) === found);
  } catch {
    return undefined;
  }
}

/** @throws ApiError with 400 and Tsuru's words for the first thing that is wrong (tsuru/service `validateManifest`) */
export function validateManifest({ operations }: Pick<PermissionsManifest, 'operations'>): void {
  const refuse = (problem: string): never => {
    throw new ApiError(400, problem);
  };
  const seen = new Set<string>();
  for (const { method, path, action } of operations ?? []) {
    const route = `${method}\0${patternPath(path)}`;
    if (action === '') refuse(`manifest action is required for operation ${quoted(path)}`);
    if (seen.has(action)) refuse(`duplicate manifest operation action ${quoted(action)}`);
    if (!METHODS.includes(method)) refuse(`invalid manifest method ${quoted(method)} for operation ${quoted(action)}`);
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(action)) refuse(`invalid manifest action ${quoted(action)} for operation ${quoted(path)}`);
    if (path.trim() === '') refuse(`manifest path is required for operation ${quoted(action)}`);
    if (seen.has(route)) refuse(`duplicate manifest route ${method} ${path}`);
    seen.add(action).add(route);
  }
  muxOf(operations ?? []);
}

/** The actions that a new manifest takes from roles, each with the roles that would be left with a permission for nothing. */
export function orphanedGrants(
  service: string,
  roles: readonly Role[],
  operations: readonly ProxiedOperation[],
  next: readonly ProxiedOperation[],
): { action: string; roles: string[] }[] {
  const actionsOf = (list: readonly ProxiedOperation[]) => [...new Set(list.map(({ action }) => action.trim()))].filter((action) => action !== '');
  const kept = actionsOf(next);
  const all = actionPermission(service, '').slice(0, -1);
  const isOrphan = (grant: string) => covers(all, grant) && !kept.some((action) => covers(grant, actionPermission(service, action)));
  return actionsOf(operations)
    .filter((action) => !kept.includes(action))
    .sort()
    .map((action) => ({
      action,
      roles: roles
        .filter((role) => role.actions.some((grant) => isOrphan(grant) && covers(grant, actionPermission(service, action))))
        .map(({ name }) => name)
        .sort(),
    }))
    .filter((conflict) => conflict.roles.length > 0);
}

function muxOf(operations: readonly ProxiedOperation[]): Mux {
  const mux = makeMux(PLACE);
  for (const operation of operations) {
    const pattern = patternOf(operation);
    try {
      mux.add(pattern);
    } catch (error) {
      throw new ApiError(400, `invalid manifest route ${quoted(pattern)}: ${(error as Error).message}`);
    }
  }
  return mux;
}

function patternOf({ method, path }: ProxiedOperation): string {
  return `${method} ${patternPath(path)}`;
}

function patternPath(path: string): string {
  const trimmed = path.trim();
  return trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
}
