import { unbind } from '../workloads/workload-binds.ts';
import { changeUnderEvent } from '../events/events.ts';
import { aboutInstance, findApp, findInstance } from '../state/find.ts';
import { ApiError } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first, isTrue } from '../http/values.ts';
import { removeInstance } from '../instance-changes.ts';
import type { World } from '../world.ts';
import { instanceOf } from './instances.ts';

/** Removes an instance, with `unbindall` also from its apps; jobs keep their variables. */
async function remove(request: ApiRequest, world: World): Promise<undefined> {
  const { query } = request;
  const { state } = world;
  const instance = instanceOf(request, world);
  const { service, name } = instance;
  request.stream();
  await changeUnderEvent(request, world, { ...aboutInstance(instance), kind: 'service-instance.delete', stream: request.stream }, async (event) => {
    if (isTrue(first(query, 'unbindall'))) {
      for (const bound of [...instance.apps]) {
        const app = findApp(state, bound);
        event.write(`Unbind app "${app.name}" ...\n`);
        await unbind(world, request, { instance, of: 'app', workload: app, restart: true, force: false, event });
        event.write(`\nInstance "${name}" is not bound to the app "${app.name}" anymore.\n`);
      }
      findInstance(state, service, name);
    }
    if (instance.apps.length > 0) {
      const apps = `Applications bound to the service "${name}": "${instance.apps.join(',')}"\n`;
      throw new ApiError(400, `${apps}: This service instance is bound to at least one app. Unbind them before removing it`);
    }
    await removeInstance(world, request, instance, event, isTrue(first(query, 'ignoreerrors')));
    event.write('service instance successfully removed\n');
  });
  return undefined;
}

export const REMOVAL_ROUTES = routes({
  '1.0 DELETE /services/{service}/instances/{instance}': remove,
});
