import { change, underEvent } from '../events.ts';
import { aboutJob, findJob, jobContexts } from '../find.ts';
import { empty, goJson, json } from '../http/answer.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first } from '../http/values.ts';
import { addJob, jobInput } from '../job-changes.ts';
import { jobView } from '../job-view.ts';
import { cleanTags } from '../names.ts';
import { requireAllowed, teamContexts } from '../permissions.ts';
import { clusterOf } from '../pools.ts';
import type { Job } from '../records.ts';
import { bindsOf, isSame, matches, sightOf, teamForWorkload } from '../workloads.ts';
import type { World } from '../world.ts';

export const JOBS_ROUTES = routes({
  '1.13 POST /jobs': createJob,
  '1.13 GET /jobs/{name}': jobInfo,
  '1.13 DELETE /jobs/{name}': removeJob,
  '1.13 GET /jobs': listJobs,
});

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
  requireAllowed(state, user, 'job.create', teamContexts([teamOwner]));
  await underEvent(world, request, { ...aboutJob({ name, pool, teamOwner }), kind: 'job.create', cancel: 'job.update.events' }, () => {
    addJob(state, given, teamOwner, user.email);
  });
  return { status: 201, headers: { 'Content-Type': 'application/json' }, body: goJson({ jobName: name, status: 'success' }) };
}

/** Binds stay as they are, at the service too. */
function removeJob(request: ApiRequest, world: World) {
  const job = findJob(world.state, param(request, 'name'));
  return change(request, world, { ...aboutJob(job), kind: 'job.delete', hasNoSource: true }, () => {
    world.state.jobs = world.state.jobs.filter((one) => one !== job);
  });
}
