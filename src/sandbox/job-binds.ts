import type { JobFields } from '../tsuru/calls.ts';
import { callAt, setMember, storeVariables, unbindAt } from './app-binds.ts';
import { addInstanceVariables, removeInstanceVariables } from './environment.ts';
import type { RunningEvent } from './events.ts';
import { failIfArmed } from './faults.ts';
import type { ApiRequest } from './http/request.ts';
import { runPipeline } from './pipeline.ts';
import { poolOf } from './pools.ts';
import type { Instance, Job } from './records.ts';
import type { World } from './world.ts';

/** An instance and a job that are to be joined or separated. */
export interface JobBind {
  instance: Instance;
  job: Job;
  event: RunningEvent;
}

/**
 * Binds a job: in the record, at the service, in the variables, in its cluster (tsuru/service `BindJob`). If a step fails, all
 * those before are undone.
 *
 * @throws Error with Tsuru's text
 */
export async function bindJob(world: World, request: ApiRequest, { instance, job, event }: JobBind): Promise<void> {
  let variables: Record<string, string> = {};
  await runPipeline([
    {
      forward() {
        if (instance.jobs.includes(job.name)) throw new Error('job is already bound to this service instance');
        setMember(world, instance, 'jobs', job.name, true);
      },
      backward: () => { setMember(world, instance, 'jobs', job.name, false); },
    },
    {
      async forward() {
        variables = await callAt(world, request, instance).bindJob(instance, job.name, fieldsFor(world, job), event);
      },
      backward: () => callAt(world, request, instance).unbindJob(instance, job.name, event),
    },
    {
      forward() {
        failIfArmed(world.faults, 'crash', 'bind-job');
        storeVariables(world, 'bind-job', job, (copy) => {
          addInstanceVariables(copy, instance, variables, event.write);
        });
      },
      backward() {
        removeInstanceVariables(job, instance.service, instance.name, event.write);
        world.changed();
      },
    },
    { forward: () => { failIfArmed(world.faults, 'restart', 'bind-job'); } },
  ]);
}

/**
 * Unbinds a job: in the record, at the service, in the variables, in its cluster (tsuru/service `UnbindJob`). If the service
 * fails, the record is as before; if a later step does, the service is asked to bind again.
 *
 * @param force lets failures of the service be written only
 * @throws Error with Tsuru's text
 */
export async function unbindJob(
  world: World,
  request: ApiRequest,
  { instance, job, event, force }: JobBind & { force: boolean },
): Promise<void> {
  if (!instance.jobs.includes(job.name)) throw new Error('job is not bound to this service instance');
  await runPipeline([
    {
      forward: () => { setMember(world, instance, 'jobs', job.name, false); },
      backward: () => { setMember(world, instance, 'jobs', job.name, true); },
    },
    {
      forward: () =>
        unbindAt(world, request, instance, (client) => client.unbindJob(instance, job.name, event), (error) => {
          if (!force) throw error;
          event.write(`[unbind-job-endpoint] ignored error due to force: ${error.message}\n`);
        }),
      async backward() {
        await callAt(world, request, instance).bindJob(instance, job.name, fieldsFor(world, job), event);
      },
    },
    {
      forward() {
        failIfArmed(world.faults, 'crash', 'unbind-job');
        storeVariables(world, 'unbind-job', job, (copy) => {
          removeInstanceVariables(copy, instance.service, instance.name, event.write);
        });
      },
    },
    { forward: () => { failIfArmed(world.faults, 'restart', 'unbind-job'); } },
  ]);
}

/** Of a job, Tsuru names the pool and the cluster only. */
function fieldsFor({ state }: World, job: Job): JobFields {
  const pool = poolOf(state, job.pool);
  return { pool: pool?.name ?? '', poolProvisioner: '', cluster: pool?.cluster?.name ?? '', clusterProvisioner: '', clusterAddresses: [] };
}
