import { isSchedule } from './cron.ts';
import { ApiError } from './http/answer.ts';
import { quoted } from './http/go-text.ts';
import { inputOf, type Input } from './http/input.ts';
import type { ApiRequest } from './http/request.ts';
import { changedMetadata, lowered, metadataChange, requireMetadata, textOf } from './metadata.ts';
import { isName, NAME_RULE } from './names.ts';
import { planFor } from './plans.ts';
import type { Job, Json, State } from './records.ts';
import { requireTeamInPool } from './workloads.ts';

/** What a request says about a job. */
export interface JobInput {
  input: Input;
  image: string;
  command: string[];
  /** Undefined if none was given. */
  deadline: number | undefined;
}

/** A schedule that never comes. */
const NEVER = '* * 31 2 *';

/** @throws ApiError with 409 for a job that is both by hand and by a schedule */
export function jobInput(request: ApiRequest): JobInput {
  const input = inputOf(request);
  if (input.isTrue('manual') && input.text('schedule') !== '') throw new ApiError(409, "you can't set schedule and manual job at the same time");
  const container = lowered(input.object('container') ?? {});
  const options = lowered(input.object('deployoptions') ?? {});
  const seconds = Number(input.value('activedeadlineseconds') ?? NaN);
  return {
    input,
    image: textOf(options['image']) || textOf(container['image']),
    command: commandOf(container['command']),
    deadline: seconds >= 0 ? seconds : undefined,
  };
}

function commandOf(given: Json | undefined): string[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.values(given).filter((part): part is string => typeof part === 'string');
}

/** Adds a job. @throws ApiError with 400 */
export function addJob(state: State, given: JobInput, team: string, owner: string): void {
  const { input, image, command, deadline = 0 } = given;
  const name = input.text('name');
  const failed = (error: string) => new ApiError(400, `tsuru failed to create job ${quoted(name)}: ${error}`);
  if (!isName(name)) throw failed(`your job ${NAME_RULE}`);
  if (state.jobs.some((job) => job.name === name)) throw failed('a job with the same name already exists');
  const pool = input.text('pool');
  if (!state.pools.some((one) => one.name === pool)) throw failed('Pool does not exist.');
  const isManual = input.isTrue('manual');
  const job: Omit<Job, 'plan'> = {
    name,
    teamOwner: team,
    teams: [team],
    owner,
    pool,
    description: input.text('description'),
    tags: input.texts('tags') ?? [],
    metadata: changedMetadata({ labels: [], annotations: [] }, metadataChange(input.object('metadata'))),
    variables: [],
    bound: [],
    schedule: isManual ? NEVER : input.text('schedule'),
    isManual,
    image,
    command,
    activeDeadlineSeconds: deadline,
    concurrencyPolicy: input.text('concurrencypolicy'),
  };
  const made = { ...job, plan: attempt(() => planFor(state, input.text('plan')), failed) };
  requireJob(state, made);
  state.jobs.push(made);
}

/** Changes a job: what is not given stays. @throws Error or ApiError */
export function updateJob(state: State, job: Job, given: JobInput): void {
  const { input, image, command, deadline } = given;
  const change = metadataChange(input.object('metadata'));
  requireMetadata(change);
  const [schedule, tags] = [input.text('schedule'), input.texts('tags') ?? []];
  const isManual = input.isTrue('manual') || (job.isManual && schedule === '');
  const next: Job = {
    ...job,
    teamOwner: input.text('teamowner') || job.teamOwner,
    description: input.text('description') || job.description,
    tags: tags.length > 0 ? tags : job.tags,
    metadata: changedMetadata(job.metadata, change),
    plan: planFor(state, input.text('plan') || job.plan.name),
    schedule: input.isTrue('manual') ? NEVER : schedule || job.schedule,
    isManual,
    image: image || job.image,
    command: command.length > 0 ? command : job.command,
    activeDeadlineSeconds: deadline ?? job.activeDeadlineSeconds,
    concurrencyPolicy: input.text('concurrencypolicy') || job.concurrencyPolicy,
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
