import { orNull } from './http/answer.ts';
import { grants, permissionsFor, type Permission } from './permissions/permissions.ts';
import type { PermissionContext, State, User } from './state/records.ts';

interface RoleView {
  Name: string;
  ContextType: string;
  ContextValue: string;
}

/** A user as Tsuru's API shows it. */
export interface UserView {
  Email: string;
  Roles: RoleView[];
  Permissions: readonly RoleView[] | null;
  Groups: null;
}

/**
 * Shows a user with those of its roles that permit nothing that the reader may not do (tsuru/api `createAPIUser`).
 *
 * @param all shows the user though all those roles are global
 * @returns undefined for a user that the reader does not see
 */
export function userView(state: State, readers: readonly Permission[], user: User, all: boolean): UserView | undefined {
  const seen = user.roles.flatMap(({ name, value }) => {
    const role = state.roles.find((one) => one.name === name);
    if (role === undefined) return [];
    const context: PermissionContext = { CtxType: role.context, Value: value };
    const permissions = permissionsFor(role, context);
    const isSeen = permissions.every((one) => grants(readers, one.name, [context]));
    return isSeen && (all || permissions.length > 0) ? [{ role, context, permissions }] : [];
  });
  if (!all && seen.every(({ role }) => role.context === 'global')) return undefined;
  const permissions = seen.flatMap((one) => one.permissions.map(({ name }) => shown(name, one.context)));
  return {
    Email: user.email,
    Roles: seen.map(({ role, context }) => shown(role.name, context)),
    Permissions: orNull(permissions),
    Groups: null,
  };
}

function shown(Name: string, { CtxType, Value }: PermissionContext): RoleView {
  return { Name, ContextType: CtxType, ContextValue: Value };
}
