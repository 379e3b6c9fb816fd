import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, has, remove } from '../state/find.ts';
import { ApiError, empty, json, orNull } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { inputValue, inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { actionNames, ACTION_CONTEXTS, isActionName, isKnownAction, permissionNames } from '../permissions/permission-names.ts';
import { isAllowed, requireAllowed, unauthorized } from '../permissions/permissions.ts';
import type { Role } from '../state/records.ts';
import { CONTEXT_TYPES, findRole, roleView } from '../permissions/roles.ts';
import type { World } from '../world.ts';

export const ROLES_ROUTES = routes({
  '1.0 GET /roles': listRoles,
  '1.0 POST /roles': addRole,
  '1.0 GET /roles/{name}': roleInfo,
  '1.0 DELETE /roles/{name}': removeRole,
  '1.0 POST /roles/{name}/permissions': addPermissions,
  '1.0 DELETE /roles/{name}/permissions/{permission}': removePermission,
  '1.0 GET /permissions': listPermissions,
});

async function addRole(request: ApiRequest, world: World) {
  requireAllowed(request, world.state, 'role.create');
  const [name, context] = [inputValue(request, 'name'), inputValue(request, 'context')];
  if (name === '') throw new ApiError(400, 'invalid role name');
  await underEvent(world, request, { ...about('role', name), kind: 'role.create' }, () => {
    const { roles } = world.state;
    const type = CONTEXT_TYPES.find((one) => one === context);
    if (type === undefined) throw new Error(`invalid context type ${quoted(context)}`);
    if (name.trim() === '') throw new ApiError(400, 'invalid role name');
    if (has(roles, name.trim())) throw new ApiError(409, 'role already exists');
    roles.push({ name: name.trim(), context: type, description: inputValue(request, 'description'), permissions: [], actions: [] });
  });
  return empty(201);
}

async function removeRole(request: ApiRequest, world: World) {
  requireAllowed(request, world.state, 'role.delete');
  const role = findRole(world.state, param(request, 'name'));
  return changeUnderEvent(request, world, { ...about('role', role.name), kind: 'role.delete' }, () => {
    if (world.state.users.some(({ roles }) => has(roles, role.name))) {
      throw new ApiError(412, 'role has users assigned. you must dissociate them before remove the role.');
    }
    remove(world.state.roles, role);
  });
}

function listRoles(request: ApiRequest, world: World) {
  requireSight(request, world);
  return json(orNull(world.state.roles.map(roleView)), { end: '' });
}

function roleInfo(request: ApiRequest, world: World) {
  requireSight(request, world);
  return json(roleView(findRole(world.state, param(request, 'name'))), { end: '' });
}

function requireSight(request: ApiRequest, { state }: World): void {
  const names = ['role.update', 'role.update.assign', 'role.update.dissociate', 'role.create', 'role.delete'];
  if (!names.some((name) => isAllowed(state, userOf(request), name))) throw unauthorized();
}

function addPermissions(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  return changeUnderEvent(request, world, { ...about('role', name), kind: 'role.update.permission.add' }, () => {
    const role = findRole(world.state, name);
    const names = inputValues(request, 'permission') ?? [];
    const actions = names.filter(isActionName);
    if (actions.length > 0 && actions.length < names.length) throw new ApiError(400, 'cannot mix static and dynamic permissions in one request');
    for (const one of names) requirePermission(world, role, one);
    if (actions.length > 0) role.actions = [...new Set([...role.actions, ...actions])];
    else role.permissions = [...new Set([...role.permissions, ...names])];
  });
}

/** @throws ApiError if there is no such permission, or if a role of that context cannot have it */
function requirePermission({ state }: World, role: Role, text: string): void {
  if (text === '') throw new ApiError(400, 'invalid permission name');
  const name = text === '*' ? '' : text;
  const known = isActionName(name) ? isKnownAction(state, name) && ACTION_CONTEXTS : permissionNames().find((one) => one.name === name)?.contexts;
  if (known === undefined || known === false) throw new ApiError(400, `permission named ${quoted(name)} not found`);
  if (!known.includes(role.context)) throw new ApiError(409, `permission ${quoted(name)} not allowed with context of type "${role.context}"`);
}

function removePermission(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  return changeUnderEvent(request, world, { ...about('role', name), kind: 'role.update.permission.remove' }, () => {
    const role = findRole(world.state, name);
    const list = isActionName(param(request, 'permission')) ? 'actions' : 'permissions';
    role[list] = role[list].filter((one) => one !== param(request, 'permission'));
  });
}

function listPermissions(request: ApiRequest, { state }: World) {
  requireAllowed(request, state, 'role.update');
  const names = permissionNames().sort((a, b) => (a.name < b.name ? -1 : 1));
  const actions = actionNames(state).map((name) => ({ name, contexts: ACTION_CONTEXTS }));
  return json([...names, ...actions].map(({ name, contexts }) => ({ Name: name, Contexts: contexts })));
}
