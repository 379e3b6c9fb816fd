import { found } from '../state/find.ts';
import { ApiError } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { first } from '../http/values.ts';
import { cleanTags } from '../names.ts';
import { teamFor } from '../permissions/permissions.ts';
import { findPool } from '../pools.ts';
import type { App, Job, State, User } from '../state/records.ts';

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

/** Whether an app or a job is one that the filters of a request let through. @throws Error for a name that is no regular expression */
export function isWanted({ query }: ApiRequest, one: App | Job): boolean {
  const isSame = (field: 'teamOwner' | 'owner' | 'pool'): boolean => ['', one[field]].includes(first(query, field));
  const tags = cleanTags(query.get('tag') ?? []);
  return (
    matches(one.name, first(query, 'name')) && isSame('teamOwner') && isSame('owner') && isSame('pool') && tags.every((tag) => one.tags.includes(tag))
  );
}

/** Whether a name matches a regular expression. @throws Error if it is none */
function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    throw new Error(`Regular expression is invalid: ${pattern}`);
  }
}
