import { found, has } from '../state/find.ts';
import { ApiError, requireAll } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { isEmail } from '../names.ts';
import type { PermissionContext, Role, State } from '../state/records.ts';

/** The contexts that a role can be of. */
export const CONTEXT_TYPES: readonly PermissionContext['CtxType'][] = [
  ...(['global', 'app', 'team', 'user', 'pool', 'service', 'service-instance', 'volume', 'router', 'job'] as const),
];

/** @throws ApiError with 404 */
export function findRole({ roles }: State, name: string): Role {
  return found(roles, name, 'role not found');
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
 * Checks the value of the context that a role is assigned for (tsuru/api `validateContextValue`).
 *
 * @throws ApiError with 400
 */
export function requireContextValue(state: State, { context }: Role, value: string): void {
  if (context === 'global') return;
  if (value === '') throw new ApiError(400, `Global context value is not valid for role with context type ${context}`);
  const isUser = state.users.some(({ email }) => email === value);
  const rules: Record<typeof context, [boolean, string]> = {
    app: [has(state.apps, value), 'App not found'],
    job: [has(state.jobs, value), 'Job not found'],
    team: [has(state.teams, value), 'team not found'],
    user: [isUser, isEmail(value) ? 'user not found' : 'invalid email'],
    pool: [has(state.pools, value), 'Pool does not exist.'],
    service: [has(state.services, value), 'Service not found.'],
    'service-instance': [has(state.instances, value), `service instance ${value}, not found`],
    volume: [false, 'volume not found'],
    router: [value === 'fake', `router ${quoted(value)} not found`],
  };
  requireAll([rules[context]]);
}
