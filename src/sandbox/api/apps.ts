import { unbind } from '../workloads/workload-binds.ts';
import { newApp } from '../workloads/app-changes.ts';
import { appSummary, appView } from '../workloads/app-view.ts';
import { changeUnderEvent, underEvent, type RunningEvent } from '../events/events.ts';
import { Crash } from '../faults.ts';
import { aboutApp, appContexts, findApp, remove } from '../state/find.ts';
import { json, listed } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first } from '../http/values.ts';
import { isAllowed, requireAllowed } from '../permissions/permissions.ts';
import type { App } from '../state/records.ts';
import { isWanted } from '../workloads/workloads.ts';
import type { World } from '../world.ts';

export const APPS_ROUTES = routes({
  '1.0 GET /apps': listApps,
  '1.0 POST /apps': createApp,
  '1.0 GET /apps/{app}': appInfo,
  '1.0 DELETE /apps/{app}': removeApp,
});

function listApps(request: ApiRequest, { state }: World) {
  const { query } = request;
  // No app has a platform, and without units none has a status.
  const isAny = !query.has('status') && first(query, 'platform') === '';
  const isSeen = (app: App): boolean => isAllowed(state, userOf(request), 'app.read.info', appContexts(app)) && isWanted(request, app);
  const apps = isAny ? state.apps.filter(isSeen) : [];
  return listed(apps.map(appSummary));
}

async function createApp(request: ApiRequest, world: World) {
  const { given, add } = newApp(request, world);
  await underEvent(world, request, { ...aboutApp(given), kind: 'app.create' }, add);
  return json({ ip: `${given.name}.fakerouter.com`, status: 'success' }, { status: 201, end: '' });
}

function appInfo(request: ApiRequest, { state }: World) {
  const app = findApp(state, param(request, 'app'));
  requireAllowed(request, state, 'app.read.info', appContexts(app));
  return json(appView(state, app));
}

async function removeApp(request: ApiRequest, world: World) {
  const app = findApp(world.state, param(request, 'app'));
  await changeUnderEvent(request, world, { ...aboutApp(app), kind: 'app.delete', stream: request.stream }, async (event) => {
    event.write(`---- Removing application ${quoted(app.name)}... ----\n`);
    event.write(`\n ---> Stopping the app ${quoted(app.name)}\n`);
    const errors = await unbindAll(request, world, app, event);
    if (errors !== '') event.write(`Unable to unbind app: Failed to unbind the following instances:\n${errors}\n`);
    remove(world.state.apps, app);
    event.write(`---- Done removing application.${errors === '' ? '' : ' Some errors occurred during removal.'} ----\n`);
  });
  return undefined;
}

/** Unbinds all instances, though some fail. @returns what failed, as one text */
async function unbindAll(request: ApiRequest, world: World, app: App, event: RunningEvent): Promise<string> {
  let errors = '';
  for (const instance of world.state.instances.filter(({ apps }) => apps.includes(app.name))) {
    try {
      await unbind(world, request, { instance, of: 'app', workload: app, restart: false, event, force: true });
    } catch (error) {
      if (error instanceof Crash) throw error;
      errors += `- ${instance.name} (${(error as Error).message})`;
    }
  }
  return errors;
}
