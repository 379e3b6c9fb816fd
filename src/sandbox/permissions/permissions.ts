import type { PermissionContext, Role, State, User } from '../state/records.ts';
import { ApiError } from '../http/answer.ts';
import { userOf, type ApiRequest } from '../http/request.ts';

/** A permission that a user has, and where. */
export interface Permission {
  /** Such as `service-instance.update`; `''` stands for all. */
  name: string;
  context: PermissionContext;
}

export const GLOBAL: PermissionContext = { CtxType: 'global', Value: '' };

/** The error of an action that is not allowed. */
export function unauthorized(): ApiError {
  return new ApiError(403, "You don't have permission to do this action");
}

/** The permissions that a user has, to itself and by its roles; those to actions of services apart. */
export function permissionsOf(state: State, user: User): { permissions: Permission[]; actions: Permission[] } {
  const roles = user.roles.flatMap(({ name, value }) => {
    const role = state.roles.find((one) => one.name === name);
    if (role === undefined) return [];
    const context: PermissionContext = role.context === 'global' ? GLOBAL : { CtxType: role.context, Value: value };
    return [{ role, context }];
  });
  return {
    permissions: [
      { name: 'user', context: { CtxType: 'user', Value: user.email } },
      ...roles.flatMap(({ role, context }) => permissionsFor(role, context)),
    ],
    actions: roles.flatMap(({ role, context }) => [...role.actions].sort().map((name) => ({ name, context }))),
  };
}

/** What a role permits in a context, sorted; `*` stands for all. */
export function permissionsFor({ permissions }: Role, context: PermissionContext): Permission[] {
  return [...permissions].sort().map((name) => ({ name: name === '*' ? '' : name, context }));
}

/** Whether a permission is another one, or an ancestor of it. */
export function covers(granted: string, wanted: string): boolean {
  return granted === '' || granted === wanted || wanted.startsWith(`${granted}.`);
}

/** Whether a user may do what a permission stands for, in one of the contexts of what it is done to. */
export function isAllowed(state: State, user: User, wanted: string, contexts: readonly PermissionContext[] = []): boolean {
  return grants(permissionsOf(state, user).permissions, wanted, contexts);
}

/** Whether one of the permissions covers another one in one of its contexts. */
export function grants(permissions: readonly Permission[], wanted: string, contexts: readonly PermissionContext[]): boolean {
  return permissions.some(
    ({ name, context }) =>
      covers(name, wanted) &&
      (context.CtxType === 'global' || contexts.some(({ CtxType, Value }) => CtxType === context.CtxType && Value === context.Value)),
  );
}

/** @throws ApiError with 403 unless its user may, as `isAllowed` says */
export function requireAllowed(request: ApiRequest, state: State, wanted: string, contexts: readonly PermissionContext[] = []): void {
  if (!isAllowed(state, userOf(request), wanted, contexts)) throw unauthorized();
}

/** The contexts in which a user has a permission. */
export function contextsFor(state: State, user: User, wanted: string): PermissionContext[] {
  return permissionsOf(state, user)
    .permissions.filter(({ name }) => covers(name, wanted))
    .map(({ context }) => context);
}

/**
 * The only team in which a user may do something, where a request names none.
 *
 * @throws ApiError with 403 if there is none, with 400 if there are several, or if it may everywhere
 */
export function teamFor(state: State, user: User, wanted: string): string {
  const contexts = contextsFor(state, user, wanted);
  const teams = contexts.filter(({ CtxType }) => CtxType === 'team').map(({ Value }) => Value);
  const isGlobal = contexts.some(({ CtxType }) => CtxType === 'global');
  if (!isGlobal && teams.length === 0) throw unauthorized();
  const [team, ...others] = teams;
  if (!isGlobal && team !== undefined && others.length === 0) return team;
  throw new ApiError(400, 'You must provide a team to execute this action.');
}

export function teamContexts(teams: readonly string[]): PermissionContext[] {
  return teams.map((Value) => ({ CtxType: 'team', Value }));
}
