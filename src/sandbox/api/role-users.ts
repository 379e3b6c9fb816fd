import { changeUnderEvent } from '../events/events.ts';
import { about } from '../state/find.ts';
import { ApiError } from '../http/answer.ts';
import { inputValue } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first } from '../http/values.ts';
import { GLOBAL, grants, permissionsFor, permissionsOf } from '../permissions/permissions.ts';
import type { Role, User } from '../state/records.ts';
import { findRole, requireContextValue } from '../permissions/roles.ts';
import type { World } from '../world.ts';
import { findUser } from './auth.ts';

export const ROLE_USERS_ROUTES = routes({
  '1.0 POST /roles/{name}/user': assignRole,
  '1.0 DELETE /roles/{name}/user/{email}': dissociateRole,
});

function assignRole(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  return changeUnderEvent(request, world, { ...about('role', name), kind: 'role.update.assign' }, () => {
    const [email, value] = [inputValue(request, 'email'), inputValue(request, 'context')];
    const user = userOfRole(world, email);
    const role = findRole(world.state, name);
    requireContextValue(world.state, role, value);
    requireUse(request, world, role, value);
    if (!user.roles.some((one) => one.name === name && one.value === value)) user.roles.push({ name, value });
  });
}

function dissociateRole(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  return changeUnderEvent(request, world, { ...about('role', name), kind: 'role.update.dissociate' }, () => {
    const user = userOfRole(world, param(request, 'email'));
    const value = first(request.query, 'context');
    requireUse(request, world, findRole(world.state, name), value);
    user.roles = user.roles.filter((one) => one.name !== name || one.value !== value);
  });
}

/** For a role, a user that is missing is an error of Tsuru's own: 500. */
function userOfRole({ state }: World, email: string): User {
  return findUser(state, email, 400, 500);
}

/** @throws ApiError with 403 if the role permits what the user that makes the request may not do */
function requireUse(request: ApiRequest, { state }: World, role: Role, value: string): void {
  const { permissions } = permissionsOf(state, userOf(request));
  const context = { CtxType: role.context, Value: value };
  for (const { name } of permissionsFor(role, context)) {
    if (grants(permissions, name, [role.context === 'global' ? GLOBAL : context])) continue;
    throw new ApiError(403, `User not authorized to use permission ${name}(${role.context}${value === '' ? '' : ` ${value}`})`);
  }
}
