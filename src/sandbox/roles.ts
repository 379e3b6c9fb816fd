import { ApiError } from './http/answer.ts';
import { quoted } from './http/go-text.ts';
import { isEmail } from './names.ts';
import type { Context, Role, State } from './records.ts';

/** The contexts that a role can be of. */
export const CONTEXT_TYPES: readonly Context['CtxType'][] = [
  ...(['global', 'app', 'team', 'user', 'pool', 'service', 'service-instance', 'volume', 'router', 'job'] as const),
];

/** @throws ApiError with 404 */
export function findRole({ roles }: State, name: string): Role {
  const role = roles.find((one) => one.name === name);
  if (role === undefined) throw new ApiError(404, 'role not found');
  return role;
}

/** A role as Tsuru's API shows it. */
export function roleView({ name, context, description, permissions, actions }: Role) {
  return {
    name,
    context,
    Description: description,
    ...(permissions.length > 0 && { scheme_names: [...permissions].sort() }),
    ...(actions.length > 0 && { dynamic_scheme_names: actions }),
  };
}

/**
 * Changes a role. With a new name, its users get it for the context that is called like the type of its context, and actions of
 * services get lost: that is what Tsuru does (tsuru/auth `UpdateRoleFromAllUsers`).
 *
 * @throws ApiError with 400
 */
export function updateRole(state: State, name: string, change: { newName: string; context: string; description: string }): void {
  const { newName, context, description } = change;
  const role = state.roles.find((one) => one.name === name);
  if (role === undefined) throw new ApiError(400, 'role not found');
  const type = context === '' ? role.context : CONTEXT_TYPES.find((one) => one === context);
  if (type === undefined) throw new ApiError(400, `invalid context type ${quoted(context)}`);
  const next: Role = { ...role, context: type, description: description === '' ? role.description : description };
  if (newName === '' || newName === name) {
    Object.assign(role, next);
    return;
  }
  if (newName.trim() === '') throw new ApiError(400, 'invalid role name');
  if (state.roles.some((one) => one.name === newName.trim())) throw new ApiError(400, 'role already exists');
  state.roles = [...state.roles.filter((one) => one !== role), { ...next, name: newName.trim(), actions: [] }];
  for (const user of state.users) {
    if (!user.roles.some((one) => one.name === name)) continue;
    user.roles = [...user.roles.filter((one) => one.name !== name), { name: newName.trim(), value: type }];
  }
}

/**
 * Checks the value of the context that a role is assigned for (tsuru/api `validateContextValue`).
 *
 * @throws ApiError with 400
 */
export function requireContextValue(state: State, { context }: Role, value: string): void {
  if (context === 'global') return;
  if (value === '') throw new ApiError(400, `Global context value is not valid for role with context type ${context}`);
  const error = CONTEXT_ERRORS[context](state, value);
  if (error !== undefined) throw new ApiError(400, error);
}

const has = (list: readonly { name: string }[], value: string, error: string) => (list.some(({ name }) => name === value) ? undefined : error);

const CONTEXT_ERRORS: Record<Exclude<Context['CtxType'], 'global'>, (state: State, value: string) => string | undefined> = {
  app: ({ apps }, value) => has(apps, value, 'App not found'),
  job: ({ jobs }, value) => has(jobs, value, 'Job not found'),
  team: ({ teams }, value) => has(teams, value, 'team not found'),
  user: ({ users }, value) => (users.some(({ email }) => email === value) ? undefined : isEmail(value) ? 'user not found' : 'invalid email'),
  pool: ({ pools }, value) => has(pools, value, 'Pool does not exist.'),
  service: ({ services }, value) => has(services, value, 'Service not found.'),
  'service-instance': ({ instances }, value) => has(instances, value, `service instance ${value}, not found`),
  volume: () => 'volume not found',
  router: (_, value) => (value === 'fake' ? undefined : `router ${quoted(value)} not found`),
};
