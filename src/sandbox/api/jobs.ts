import { changeUnderEvent, underEvent } from '../events/events.ts';
import { aboutJob, findJob, jobContexts, remove } from '../state/find.ts';
import { json, listed } from '../http/answer.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { addJob, jobInput } from '../workloads/job-changes.ts';
import { jobView } from '../workloads/job-view.ts';
import { isAllowed, requireAllowed, teamContexts } from '../permissions/permissions.ts';
import { clusterOf } from '../pools.ts';
import { bindsOf, isWanted, teamForWorkload } from '../workloads/workloads.ts';
import type { World } from '../world.ts';

export const JOBS_ROUTES = routes({
  '1.13 POST /jobs': createJob,
  '1.13 GET /jobs/{name}': jobInfo,
  '1.13 DELETE /jobs/{name}': removeJob,
  '1.13 GET /jobs': listJobs,
});

function listJobs(request: ApiRequest, { state }: World) {
  const jobs = state.jobs.filter((job) => isAllowed(state, userOf(request), 'job.read', jobContexts(job)) && isWanted(request, job));
  return listed(jobs.map(jobView), { isText: true });
}

function jobInfo(request: ApiRequest, { state }: World) {
  const job = findJob(state, param(request, 'name'));
  requireAllowed(request, state, 'job.read', jobContexts(job));
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
  requireAllowed(request, state, 'job.create', teamContexts([teamOwner]));
  await underEvent(world, request, { ...aboutJob({ name, pool, teamOwner }), kind: 'job.create', cancel: 'job.update.events' }, () => {
    addJob(state, given, teamOwner, user.email);
  });
  return json({ jobName: name, status: 'success' }, { status: 201, end: '' });
}

/** Binds stay as they are, at the service too. */
function removeJob(request: ApiRequest, world: World) {
  const job = findJob(world.state, param(request, 'name'));
  return changeUnderEvent(request, world, { ...aboutJob(job), kind: 'job.delete', hasNoSource: true }, () => {
    remove(world.state.jobs, job);
  });
}
