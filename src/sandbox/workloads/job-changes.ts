import { has } from '../state/find.ts';
import { ApiError } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { quoted } from '../http/go-text.ts';
import type { ApiRequest } from '../http/request.ts';
import { isName, NAME_RULE } from '../names.ts';
import { planFor } from '../plans.ts';
import type { Job, State } from '../state/records.ts';
import { requireTeamInPool } from './workloads.ts';

const INPUT = struct('api.inputJob', {
  ...{ teamOwner: 'string', plan: 'string', name: 'string', description: 'string', pool: 'string', tags: '[]string' },
  deployOptions: struct('job.DeployOptions', { image: 'string' }),
  container: struct('job.ContainerInfo', { image: 'string', command: '[]string' }),
  ...{ schedule: 'string', manual: 'bool' },
});

/** A schedule that never comes. */
const NEVER = '* * 31 2 *';

/** Five fields of cron, or a name such as `@daily` or `@every 1h30m`. */
const SCHEDULE = /^(?:(?:CRON_)?TZ=\S+\s+)?(?:@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every -?[\dhmsunµ.]+)|[\w*/,?-]+(?:\s+[\w*/,?-]+){4})$/;

/** What a request says about a job. @throws ApiError with 400, or with 409 for a job that is both by hand and by a schedule */
export function jobInput(request: ApiRequest) {
  const input = decoded(request, INPUT);
  if (input.manual && input.schedule !== '') throw new ApiError(409, "you can't set schedule and manual job at the same time");
  return input;
}

/** Adds a job. @throws ApiError with 400 */
export function addJob(state: State, given: ReturnType<typeof jobInput>, teamOwner: string, owner: string): void {
  const { name, pool, description, container, manual: isManual } = given;
  const failed = (error: string) => new ApiError(400, `tsuru failed to create job ${quoted(name)}: ${error}`);
  if (!isName(name)) throw failed(`your job ${NAME_RULE}`);
  if (has(state.jobs, name)) throw failed('a job with the same name already exists');
  if (!has(state.pools, pool)) throw failed('Pool does not exist.');
  const job: Job = {
    ...{ name, teamOwner, teams: [teamOwner], owner, pool, description, tags: given.tags ?? [], variables: [], bound: [] },
    plan: planFor(state, given.plan, failed),
    schedule: isManual ? NEVER : given.schedule,
    isManual,
    image: given.deployOptions.image || container.image,
    command: container.command ?? [],
  };
  requireTeamInPool(state, teamOwner, pool, 400);
  if (!SCHEDULE.test(job.schedule.trim())) throw new ApiError(400, 'invalid schedule');
  state.jobs.push(job);
}
