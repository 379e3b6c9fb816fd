import { callAt } from './workloads/workload-binds.ts';
import type { RunningEvent } from './events/events.ts';
import { failIfArmed } from './faults.ts';
import { remove } from './state/find.ts';
import type { ApiRequest } from './http/request.ts';
import { cleanTags } from './names.ts';
import { runPipeline } from './pipeline.ts';
import type { Instance } from './state/records.ts';
import type { Asked } from './service-client.ts';
import type { World } from './world.ts';

/**
 * Creates an instance: at the service, then in the record (tsuru/service `CreateServiceInstance`). If it cannot be recorded, the
 * service is asked to destroy it; if the service fails, it is not.
 *
 * @throws Error with Tsuru's text
 */
export async function createInstance(world: World, request: ApiRequest, asked: Asked, event: RunningEvent): Promise<void> {
  const instance: Instance = { ...asked, tags: cleanTags(asked.tags), parameters: asked.parameters ?? {} };
  const { state, faults } = world;
  await runPipeline([
    {
      forward: () => callAt(world, request, instance).create({ ...asked, tags: instance.tags }, event),
      backward: () => callAt(world, request, instance).destroy(instance, event),
    },
    {
      forward() {
        failIfArmed(faults, 'crash', 'create');
        failIfArmed(faults, 'store', 'create');
        state.instances.push(instance);
        world.changed();
      },
    },
  ]);
}

/**
 * Updates an instance: in the record, then at the service (tsuru/service `Update`). If the service fails, the record keeps the
 * new values, without the new owner among its teams.
 *
 * @param next the new values; what the service gets of its tags is as the user gave them
 * @throws Error with Tsuru's text
 */
export async function updateInstance(world: World, request: ApiRequest, instance: Instance, next: Asked, event: RunningEvent): Promise<void> {
  const { teamOwner, description, plan, parameters } = next;
  const store = (tags: string[], teams: string[]) => {
    Object.assign(instance, { teamOwner, description, plan, tags, parameters: parameters ?? {}, teams });
    world.changed();
  };
  const { teams } = instance;
  await runPipeline([
    {
      forward: () => { store(cleanTags(next.tags), [...new Set([...teams, teamOwner])]); },
      backward: () => { store(next.tags, teams); },
    },
    {
      forward() {
        failIfArmed(world.faults, 'crash', 'update');
        return callAt(world, request, instance).update(next, event);
      },
    },
  ]);
}

/**
 * Removes an instance that has no apps: at the service, then from the record (tsuru/service `DeleteInstance`).
 *
 * @param force lets a failure of the service be written only
 * @throws Error with Tsuru's text
 */
export async function removeInstance(world: World, request: ApiRequest, instance: Instance, event: RunningEvent, force: boolean): Promise<void> {
  const client = callAt(world, request, instance);
  try {
    await client.destroy(instance, event);
  } catch (error) {
    if (!force) throw error;
    event.write(`could not delete the service instance on service api: ${(error as Error).message}. ignoring this error due to force removal...\n`);
  }
  failIfArmed(world.faults, 'crash', 'remove');
  failIfArmed(world.faults, 'store', 'remove');
  remove(world.state.instances, instance);
  world.changed();
}
