import { addInstanceVariables, removeInstanceVariables } from './environment.ts';
import type { RunningEvent } from './events.ts';
import { failIfArmed, type Step } from './faults.ts';
import { findService } from './find.ts';
import type { ApiRequest } from './http/request.ts';
import { runPipeline } from './pipeline.ts';
import { poolOf } from './pools.ts';
import type { App, Instance, Job } from './records.ts';
import { clientOf, isAbsence, type AskedBind, type ServiceClient } from './service-client.ts';
import type { World } from './world.ts';

/** An instance and an app that are to be joined or separated. */
export interface AppBind {
  instance: Instance;
  app: App;
  /** Whether units restart with the new variables. */
  restart: boolean;
  event: RunningEvent;
}

/**
 * Binds an app: in the record, at the service, in the variables (tsuru/service `BindApp`). If the service or a later step fails,
 * the record is as before, and the service is asked to unbind if it had bound. Variables stay if only the restart failed.
 *
 * @throws Error with Tsuru's text
 */
export async function bindApp(
  world: World,
  request: ApiRequest,
  { instance, app, restart, event, parameters }: AppBind & Pick<AskedBind, 'parameters'>,
): Promise<void> {
  let variables: Record<string, string> = {};
  await runPipeline([
    {
      forward() {
        if (instance.apps.includes(app.name)) throw new Error('app is already bound to this service instance');
        setMember(world, instance, 'apps', app.name, true);
      },
      backward: () => { setMember(world, instance, 'apps', app.name, false); },
    },
    {
      async forward() {
        variables = await callAt(world, request, instance).bindApp(instance, app.name, fieldsFor(world, app, parameters), event);
      },
      backward: () => callAt(world, request, instance).unbindApp(instance, app.name, hostsOf(app), event),
    },
    {
      forward() {
        failIfArmed(world.faults, 'crash', 'bind-app');
        const isChanged = storeVariables(world, 'bind-app', app, (copy) => {
          addInstanceVariables(copy, instance, variables, event.write);
        });
        if (isChanged && restart) failIfArmed(world.faults, 'restart', 'bind-app');
      },
    },
  ]);
}

/**
 * Unbinds an app: in the record, at the service, in the variables (tsuru/service `UnbindApp`). If the service fails, the record
 * is as before; if a later step does, the service is asked to bind again, without the parameters.
 *
 * @param force lets failures of the service be written only
 * @throws Error with Tsuru's text
 */
export async function unbindApp(
  world: World,
  request: ApiRequest,
  { instance, app, restart, event, force }: AppBind & { force: boolean },
): Promise<void> {
  if (!instance.apps.includes(app.name)) throw new Error('app is not bound to this service instance');
  await runPipeline([
    {
      forward: () => { setMember(world, instance, 'apps', app.name, false); },
      backward: () => { setMember(world, instance, 'apps', app.name, true); },
    },
    {
      forward: () =>
        unbindAt(world, request, instance, (client) => client.unbindApp(instance, app.name, hostsOf(app), event), (error) => {
          if (!force) throw error;
          event.write(`[unbind-app-endpoint] ignored error due to force: ${error.message}\n`);
        }),
      async backward() {
        await callAt(world, request, instance).bindApp(instance, app.name, fieldsFor(world, app, null), event);
      },
    },
    {
      forward() {
        failIfArmed(world.faults, 'crash', 'unbind-app');
        const isChanged = storeVariables(world, 'unbind-app', app, (copy) => {
          removeInstanceVariables(copy, instance.service, instance.name, event.write);
        });
        if (isChanged && restart) failIfArmed(world.faults, 'restart', 'unbind-app');
      },
    },
  ]);
}

/** Adds or removes the name of an app or a job that an instance is bound to. */
export function setMember(world: World, instance: Instance, of: 'apps' | 'jobs', name: string, isBound: boolean): void {
  const others = instance[of].filter((one) => one !== name);
  instance[of] = isBound ? [...others, name] : others;
  world.changed();
}

/** The calls to the service of an instance. @throws Error if the service has no address for its pool */
export function callAt(world: World, request: ApiRequest, instance: Instance): ServiceClient {
  return clientOf(world, request, findService(world.state, instance.service), instance.pool);
}

/** Unbinds at a service: one without an address is left out, and a bind that it does not know is none. */
export async function unbindAt(
  world: World,
  request: ApiRequest,
  instance: Instance,
  unbind: (client: ServiceClient) => Promise<void>,
  failed: (error: Error) => void,
): Promise<void> {
  let client: ServiceClient;
  try {
    client = callAt(world, request, instance);
  } catch {
    return;
  }
  try {
    await unbind(client);
  } catch (error) {
    if (!isAbsence(error)) failed(error as Error);
  }
}

/**
 * Changes the variables of an app or a job, which the database may not take.
 *
 * @param change gets a copy
 * @returns whether anything changed
 */
export function storeVariables<T extends App | Job>(world: World, step: Step, workload: T, change: (copy: T) => void): boolean {
  const copy = { ...workload, bound: [...workload.bound] };
  change(copy);
  if (copy.bound.length === workload.bound.length) return false;
  failIfArmed(world.faults, 'store', step);
  workload.bound = copy.bound;
  world.changed();
  return true;
}

/** The addresses of an app, from outside. */
export function hostsOf({ name }: App): string[] {
  return [`${name}.fakerouter.com`];
}

function fieldsFor({ state }: World, app: App, parameters: AskedBind['parameters']): AskedBind {
  const pool = poolOf(state, app.pool);
  return {
    hosts: hostsOf(app),
    internalHosts: [`tcp://${app.name}-web.fake-cluster.local:80`, `udp://${app.name}-logs.fake-cluster.local:12201`],
    parameters,
    pool: pool?.name ?? '',
    poolProvisioner: pool?.provisioner ?? '',
    cluster: pool?.cluster?.name ?? '',
    clusterProvisioner: pool?.cluster?.provisioner ?? '',
    clusterAddresses: pool?.cluster?.addresses ?? [],
  };
}
