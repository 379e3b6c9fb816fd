import { isSchedule } from './cron.ts';
import { ApiError } from './http/answer.ts';
import { decoded } from './http/decode.ts';
import { quoted } from './http/go-text.ts';
import type { ApiRequest } from './http/request.ts';
import { BOOL, INT, pointer, STRING, STRINGS, struct } from './http/shapes.ts';
import { changedMetadata, METADATA, requireMetadata, type MetadataChange } from './metadata.ts';
import { isName, NAME_RULE } from './names.ts';
import { planFor } from './plans.ts';
import type { Job, State } from './records.ts';
import { requireTeamInPool } from './workloads.ts';

/** What a request says about a job. */
export interface JobInput extends Record<'teamOwner' | 'plan' | 'name' | 'description' | 'pool' | 'schedule', string> {
  metadata: MetadataChange;
  tags: string[] | null;
  deployOptions: { image: string } | null;
  container: { image: string; command: string[] | null };
  manual: boolean;
  activeDeadlineSeconds: number | null;
  concurrencyPolicy: string | null;
}

const OPTIONS = struct('job.DeployOptions', {
  ...{ JobName: STRING, kind: STRING, image: STRING, fileSize: INT, dockerfile: STRING, Message: STRING, User: STRING },
});

const INPUT = struct('api.inputJob', {
  ...{ teamOwner: STRING, plan: STRING, name: STRING, description: STRING, pool: STRING, metadata: METADATA, tags: STRINGS },
  deployOptions: pointer(OPTIONS),
  container: struct('job.ContainerInfo', { internalRegistryImage: STRING, image: STRING, command: STRINGS }),
  ...{ schedule: STRING, manual: BOOL, trigger: BOOL, activeDeadlineSeconds: pointer(INT), concurrencyPolicy: pointer(STRING) },
});

/** A schedule that never comes. */
const NEVER = '* * 31 2 *';

/** @throws ApiError with 400, or with 409 for a job that is both by hand and by a schedule */
export function jobInput(request: ApiRequest): JobInput {
  const input = decoded(request, INPUT) as JobInput;
  if (input.manual && input.schedule !== '') throw new ApiError(409, "you can't set schedule and manual job at the same time");
  return input;
}

function imageOf({ deployOptions, container }: JobInput): string {
  return deployOptions?.image || container.image;
}

/** Undefined for none, and for one below 0. */
function deadlineOf({ activeDeadlineSeconds }: JobInput): number | undefined {
  return activeDeadlineSeconds !== null && activeDeadlineSeconds >= 0 ? activeDeadlineSeconds : undefined;
}

/** Adds a job. @throws ApiError with 400 */
export function addJob(state: State, given: JobInput, team: string, owner: string): void {
  const { name, pool } = given;
  const failed = (error: string) => new ApiError(400, `tsuru failed to create job ${quoted(name)}: ${error}`);
  if (!isName(name)) throw failed(`your job ${NAME_RULE}`);
  if (state.jobs.some((job) => job.name === name)) throw failed('a job with the same name already exists');
  if (!state.pools.some((one) => one.name === pool)) throw failed('Pool does not exist.');
  const isManual = given.manual;
  const job: Omit<Job, 'plan'> = {
    name,
    teamOwner: team,
    teams: [team],
    owner,
    pool,
    description: given.description,
    tags: given.tags ?? [],
    metadata: changedMetadata({ labels: [], annotations: [] }, given.metadata),
    variables: [],
    bound: [],
    schedule: isManual ? NEVER : given.schedule,
    isManual,
    image: imageOf(given),
    command: given.container.command ?? [],
    activeDeadlineSeconds: deadlineOf(given) ?? 0,
    concurrencyPolicy: given.concurrencyPolicy ?? '',
  };
  const made = { ...job, plan: attempt(() => planFor(state, given.plan), failed) };
  requireJob(state, made);
  state.jobs.push(made);
}

/** Changes a job: what is not given stays. @throws Error or ApiError */
export function updateJob(state: State, job: Job, given: JobInput): void {
  const { metadata, schedule, manual } = given;
  const [tags, command] = [given.tags ?? [], given.container.command ?? []];
  requireMetadata(metadata);
  const next: Job = {
    ...job,
    teamOwner: given.teamOwner || job.teamOwner,
    description: given.description || job.description,
    tags: tags.length > 0 ? tags : job.tags,
    metadata: changedMetadata(job.metadata, metadata),
    plan: planFor(state, given.plan || job.plan.name),
    schedule: manual ? NEVER : schedule || job.schedule,
    isManual: manual || (job.isManual && schedule === ''),
    image: imageOf(given) || job.image,
    command: command.length > 0 ? command : job.command,
    activeDeadlineSeconds: deadlineOf(given) ?? job.activeDeadlineSeconds,
    concurrencyPolicy: given.concurrencyPolicy || job.concurrencyPolicy,
  };
  requireJob(state, next);
  Object.assign(job, next, { teams: [next.teamOwner] });
}

function requireJob(state: State, { teamOwner, pool, isManual, schedule, concurrencyPolicy }: Job): void {
  requireTeamInPool(state, 'Job', teamOwner, pool, 400);
  if (!isManual && !isSchedule(schedule)) throw new ApiError(400, 'invalid schedule');
  if (!['', 'Allow', 'Forbid', 'Replace'].includes(concurrencyPolicy)) {
    throw new ApiError(400, 'invalid concurrency policy, allowed values are: Allow, Forbid, Replace');
  }
}

function attempt<T>(make: () => T, failed: (error: string) => Error): T {
  try {
    return make();
  } catch (error) {
    throw failed((error as Error).message);
  }
}
