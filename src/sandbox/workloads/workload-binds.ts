import { addInstanceVariables, removeInstanceVariables } from './environment.ts';
import type { RunningEvent } from '../events/events.ts';
import { failIfArmed } from '../faults.ts';
import { findService } from '../state/find.ts';
import type { ApiRequest } from '../http/request.ts';
import { runPipeline, type Undoable } from '../pipeline.ts';
import { poolOf } from '../pools.ts';
import type { App, Instance, Job } from '../state/records.ts';
import { clientOf, isAbsence, type AskedBind, type ServiceClient } from '../service-client.ts';
import type { World } from '../world.ts';

/** An instance and an app or a job that are to be joined or separated. */
export interface Bind {
  instance: Instance;
  of: 'app' | 'job';
  workload: App | Job;
  /** Whether units of an app restart with the new variables. */
  restart: boolean;
  event: RunningEvent;
}

/**
 * Binds an app or a job: in the record, at the service, in the variables, and in its units or its cluster (tsuru/service `BindApp`,
 * `BindJob`). If a step fails, those before are undone, but for the variables of an app.
 *
 * @throws Error with Tsuru's text
 */
export async function bind(world: World, request: ApiRequest, asked: Bind & Pick<AskedBind, 'parameters'>): Promise<void> {
  const { instance, of, workload, event, parameters } = asked;
  // Tsuru has the same words for an instance that was removed while the bind waited for its app.
  if (isBound(asked) || !world.state.instances.includes(instance)) throw new Error(`${of} is already bound to this service instance`);
  let variables: Record<string, string> = {};
  await runPipeline([
    { forward: () => { setBound(world, asked, true); }, backward: () => { setBound(world, asked, false); } },
    {
      async forward() {
        variables = await bindAt(world, request, asked, parameters);
      },
      backward: () => unbindAt(callAt(world, request, instance), asked),
    },
    ...variableSteps(world, asked, `bind-${of}`, {
      change: (copy) => { addInstanceVariables(copy, instance, variables, event.write); },
      ...(of === 'job' && {
        undo() {
          removeInstanceVariables(workload, instance.service, instance.name, event.write);
          world.changed();
        },
      }),
    }),
  ]);
}

/**
 * Unbinds an app or a job: in the record, at the service, in the variables, and in its units or its cluster (tsuru/service
 * `UnbindApp`, `UnbindJob`). If the service fails, the record is as before; if a later step does, the service is asked to bind
 * again, without the parameters.
 *
 * @param force lets failures of the service be written only
 * @throws Error with Tsuru's text
 */
export async function unbind(world: World, request: ApiRequest, asked: Bind & { force: boolean }): Promise<void> {
  const { instance, of, event, force } = asked;
  if (!isBound(asked)) throw new Error(`${of} is not bound to this service instance`);
  await runPipeline([
    { forward: () => { setBound(world, asked, false); }, backward: () => { setBound(world, asked, true); } },
    {
      async forward() {
        try {
          const client = clientIfAny(world, request, instance);
          if (client !== undefined) await unbindAt(client, asked);
        } catch (error) {
          // A bind that the service does not know is none.
          if (isAbsence(error)) return;
          if (!force) throw error;
          event.write(`[unbind-${of}-endpoint] ignored error due to force: ${(error as Error).message}\n`);
        }
      },
      async backward() {
        await bindAt(world, request, asked, null);
      },
    },
    ...variableSteps(world, asked, `unbind-${of}`, {
      change: (copy) => { removeInstanceVariables(copy, instance.service, instance.name, event.write); },
    }),
  ]);
}

function isBound({ instance, of, workload }: Bind): boolean {
  return instance[`${of}s`].includes(workload.name);
}

function setBound(world: World, { instance, of, workload }: Bind, isWanted: boolean): void {
  const others = instance[`${of}s`].filter((one) => one !== workload.name);
  instance[`${of}s`] = isWanted ? [...others, workload.name] : others;
  world.changed();
}

/** The calls to the service of an instance. @throws Error if the service has no address for its pool */
export function callAt(world: World, request: ApiRequest, instance: Instance): ServiceClient {
  return clientOf(world, request, findService(world.state, instance.service), instance.pool);
}

/** A service without an address is left out of an unbind. */
function clientIfAny(world: World, request: ApiRequest, instance: Instance): ServiceClient | undefined {
  try {
    return callAt(world, request, instance);
  } catch {
    return undefined;
  }
}

function bindAt(world: World, request: ApiRequest, { instance, of, workload, event }: Bind, parameters: AskedBind['parameters']) {
  const client = callAt(world, request, instance);
  const { name } = workload;
  const pool = poolOf(world.state, workload.pool);
  const place = { pool: pool?.name ?? '', poolProvisioner: '', cluster: pool?.cluster?.name ?? '', clusterProvisioner: '', clusterAddresses: [] };
  // Of a job, Tsuru names the pool and the cluster only.
  if (of === 'job') return client.bindJob(instance, name, place, event);
  const fields: AskedBind = {
    ...place,
    hosts: hostsOf(name),
    internalHosts: [`tcp://${name}-web.fake-cluster.local:80`, `udp://${name}-logs.fake-cluster.local:12201`],
    parameters,
    poolProvisioner: pool?.provisioner ?? '',
    clusterProvisioner: pool?.cluster?.provisioner ?? '',
    clusterAddresses: pool?.cluster?.addresses ?? [],
  };
  return client.bindApp(instance, name, fields, event);
}

function unbindAt(client: ServiceClient, { instance, of, workload: { name }, event }: Bind): Promise<void> {
  return of === 'job' ? client.unbindJob(instance, name, event) : client.unbindApp(instance, name, hostsOf(name), event);
}

/** What follows the answer of the service: the variables change, which the database may not take, and then the units or the cluster. */
function variableSteps(
  world: World,
  { of, workload, restart }: Bind,
  step: 'bind-app' | 'bind-job' | 'unbind-app' | 'unbind-job',
  { change, undo }: { change: (copy: App | Job) => void; undo?: () => void },
): Undoable[] {
  let isChanged = false;
  return [
    {
      forward() {
        failIfArmed(world.faults, 'crash', step);
        const copy = { ...workload, bound: [...workload.bound] };
        change(copy);
        isChanged = copy.bound.length !== workload.bound.length;
        if (!isChanged) return;
        failIfArmed(world.faults, 'store', step);
        workload.bound = copy.bound;
        world.changed();
      },
      ...(undo && { backward: undo }),
    },
    {
      forward() {
        if (of === 'job' || (isChanged && restart)) failIfArmed(world.faults, 'restart', step);
      },
    },
  ];
}

/** The addresses of an app, from outside. */
export function hostsOf(app: string): string[] {
  return [`${app}.fakerouter.com`];
}
