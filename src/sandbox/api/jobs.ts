import { underEvent } from '../events.ts';
import { findJob, jobContexts } from '../find.ts';
import { ApiError, empty, goJson, json } from '../http/answer.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { first } from '../http/values.ts';
import { addJob, jobInput, updateJob } from '../job-changes.ts';
import { jobView } from '../job-view.ts';
import { cleanTags } from '../names.ts';
import { requireAllowed } from '../permissions.ts';
import { clusterOf } from '../pools.ts';
import type { Job } from '../records.ts';
import { bindsOf, isSame, matches, sightOf, teamForWorkload } from '../workloads.ts';
import type { World } from '../world.ts';

export const JOBS_ROUTES: Route[] = [
  { version: '1.13', method: 'POST', path: '/jobs', handler: createJob },
  { version: '1.13', method: 'GET', path: '/jobs/{name}', handler: jobInfo },
  { version: '1.13', method: 'DELETE', path: '/jobs/{name}', handler: removeJob },
  { version: '1.13', method: 'PUT', path: '/jobs/{name}', handler: changeJob },
  { version: '1.13', method: 'GET', path: '/jobs', handler: listJobs },
];

function listJobs(request: ApiRequest, { state }: World) {
  const isSeen = sightOf(state, userOf(request), ['job.read']);
  if (isSeen === undefined) return empty(204);
  const asked = (field: string): string => first(request.query, field);
  const tags = cleanTags(request.query.get('tag') ?? []);
  const isAsked = (job: Job): boolean =>
    matches(job.name, asked('name')) &&
    isSame(asked('teamOwner'), job.teamOwner) &&
    isSame(asked('owner'), job.owner) &&
    isSame(asked('pool'), job.pool) &&
    tags.every((tag) => job.tags.includes(tag));
  const jobs = state.jobs.filter((job) => isSeen(job, [job.teamOwner]) && isAsked(job));
  return jobs.length === 0 ? empty(204) : json(jobs.map(jobView), { isText: true });
}

function jobInfo(request: ApiRequest, { state }: World) {
  const job = findJob(state, param(request, 'name'));
  requireAllowed(state, userOf(request), 'job.read', jobContexts(job));
  // Tsuru looks for a cluster of its default provisioner only.
  const cluster = clusterOf(state, 'kubernetes', job.pool);
  const binds = bindsOf(state, 'jobs', job.name);
  return json({ ...(cluster && { cluster: cluster.name }), job: jobView(job), ...(binds.length > 0 && { serviceInstanceBinds: binds }) });
}

async function createJob(request: ApiRequest, world: World) {
  const given = jobInput(request);
  const { state } = world;
  const user = userOf(request);
  const { name, pool } = given;
  const teamOwner = given.teamOwner || teamForWorkload(state, user, 'job.create');
  requireAllowed(state, user, 'job.create', [{ CtxType: 'team', Value: teamOwner }]);
  await underEvent(world, request, { ...aboutJob('job.create', { name, pool, teamOwner }), cancel: 'job.update.events' }, () => {
    addJob(state, given, teamOwner, user.email);
  });
  return { status: 201, headers: { 'Content-Type': 'application/json' }, body: goJson({ jobName: name, status: 'success' }) };
}

async function changeJob(request: ApiRequest, world: World) {
  const given = jobInput(request);
  const job = findJob(world.state, param(request, 'name'));
  requireAllowed(world.state, userOf(request), 'job.update', [{ CtxType: 'team', Value: job.teamOwner }]);
  const { pool, teamOwner } = given;
  if (pool !== '' && pool !== job.pool) throw new ApiError(400, 'Update pool is not implemented yet');
  await underEvent(world, request, { ...aboutJob('job.update', { name: job.name, pool, teamOwner }), hasNoSource: true }, () => {
    updateJob(world.state, job, given);
  });
  return json(jobView(job), { status: 202 });
}

/** Binds stay as they are, at the service too. */
async function removeJob(request: ApiRequest, world: World) {
  const job = findJob(world.state, param(request, 'name'));
  requireAllowed(world.state, userOf(request), 'job.delete', jobContexts(job));
  await underEvent(world, request, { ...aboutJob('job.delete', job), hasNoSource: true }, () => {
    world.state.jobs = world.state.jobs.filter((one) => one !== job);
  });
  return empty();
}

/** What an event about a job is made of. */
export function aboutJob(kind: string, job: Pick<Job, 'name' | 'teamOwner' | 'pool'>) {
  return { target: { Type: 'job', Value: job.name }, kind, allowed: { scheme: 'job.read.events', contexts: jobContexts(job) } };
}
