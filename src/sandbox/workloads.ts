import { found } from './find.ts';
import { ApiError } from './http/answer.ts';
import { contextsFor, teamFor } from './permissions.ts';
import { findPool } from './pools.ts';
import type { App, Context, State, User } from './records.ts';

/**
 * The team of an app or a job whose request names none (tsuru/api `autoTeamOwner`).
 *
 * @throws ApiError with 403 if the user may nowhere, with 400 if it may in several teams
 */
export function teamForWorkload(state: State, user: User, permission: string): string {
  const [only, ...others] = state.teams;
  try {
    return teamFor(state, user, permission);
  } catch (error) {
    if (error instanceof ApiError && error.status === 400 && only !== undefined && others.length === 0) return only.name;
    throw error;
  }
}

/** @throws ApiError with 400 unless there is that team, or with the status for a pool that is missing */
export function requireTeamInPool(state: State, team: string, pool: string, missing: number): void {
  findPool(state, pool, missing);
  found(state.teams, team, 'team not found', 400);
}

/** What is bound to an app or a job, as Tsuru's API shows it. */
export function bindsOf({ instances }: State, kind: 'apps' | 'jobs', name: string) {
  return instances.filter((one) => one[kind].includes(name)).map(({ service, name: instance, plan }) => ({ service, instance, plan }));
}

/** Whether a user sees an app or a job of these teams. */
type Sight = (one: Pick<App, 'name' | 'pool'>, teams: readonly string[]) => boolean;

/** For lists: which apps or jobs a user sees by the contexts of its permissions; undefined if it sees none at all. */
export function sightOf(state: State, user: User, permissions: readonly string[]): Sight | undefined {
  const contexts = permissions.flatMap((permission) => contextsFor(state, user, permission));
  if (contexts.length === 0) return undefined;
  if (contexts.some(({ CtxType }) => CtxType === 'global')) return () => true;
  const values = (...types: Context['CtxType'][]): string[] => contexts.filter(({ CtxType }) => types.includes(CtxType)).map(({ Value }) => Value);
  const [teams, names, pools] = [values('team'), values('app', 'job'), values('pool')];
  return (one, own) => own.some((team) => teams.includes(team)) || names.includes(one.name) || pools.includes(one.pool);
}

/** Whether a filter lets a value through; `''` asks for any. */
export function isSame(asked: string, value: string): boolean {
  return asked === '' || asked === value;
}

/** Whether a name matches a regular expression. @throws Error if it is none */
export function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    throw new Error(`Regular expression is invalid: ${pattern}`);
  }
}
