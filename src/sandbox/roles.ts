import { found, has } from './find.ts';
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
  const [isThere, error] = CONTEXT_RULES[context](state, value);
  if (!isThere) throw new ApiError(400, error);
}

/** Whether there is what the value names, and the error if there is not. */
const CONTEXT_RULES: Record<Exclude<Context['CtxType'], 'global'>, (state: State, value: string) => [boolean, string]> = {
  app: ({ apps }, value) => [has(apps, value), 'App not found'],
  job: ({ jobs }, value) => [has(jobs, value), 'Job not found'],
  team: ({ teams }, value) => [has(teams, value), 'team not found'],
  user: ({ users }, value) => [users.some(({ email }) => email === value), isEmail(value) ? 'user not found' : 'invalid email'],
  pool: ({ pools }, value) => [has(pools, value), 'Pool does not exist.'],
  service: ({ services }, value) => [has(services, value), 'Service not found.'],
  'service-instance': ({ instances }, value) => [has(instances, value), `service instance ${value}, not found`],
  volume: () => [false, 'volume not found'],
  router: (_, value) => [value === 'fake', `router ${quoted(value)} not found`],
};
