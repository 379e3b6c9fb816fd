import { unbind } from '../workload-binds.ts';
import { newApp } from '../app-changes.ts';
import { appSummary, appView } from '../app-view.ts';
import { change, underEvent, type RunningEvent } from '../events.ts';
import { Crash } from '../faults.ts';
import { aboutApp, appContexts, findApp } from '../find.ts';
import { empty, goJson, json } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first, isTrue } from '../http/values.ts';
import { cleanTags } from '../names.ts';
import { requireAllowed } from '../permissions.ts';
import type { App } from '../records.ts';
import { isSame, matches, sightOf } from '../workloads.ts';
import type { World } from '../world.ts';

export const APPS_ROUTES = routes({
  '1.0 GET /apps': listApps,
  '1.0 POST /apps': createApp,
  '1.0 GET /apps/{app}': appInfo,
  '1.0 DELETE /apps/{app}': removeApp,
});

function listApps(request: ApiRequest, { state }: World) {
  const isSeen = sightOf(state, userOf(request), ['app.read', 'app.read.info']);
  // Without units, no app has a status.
  if (isSeen === undefined || request.query.has('status')) return empty(204);
  const asked = (field: string): string => first(request.query, field);
  const tags = cleanTags(request.query.get('tag') ?? []);
  const isAsked = (app: App): boolean =>
    matches(app.name, asked('name')) &&
    isSame(asked('platform').replace(/:latest$/, ''), app.platform) &&
    isSame(asked('teamOwner'), app.teamOwner) &&
    isSame(asked('owner'), app.owner) &&
    isSame(asked('pool'), app.pool) &&
    tags.every((tag) => app.tags.includes(tag));
  const apps = state.apps.filter((app) => isSeen(app, app.teams) && isAsked(app));
  return apps.length === 0 ? empty(204) : json(apps.map((app) => appSummary(app, isTrue(asked('extended')))));
}

async function createApp(request: ApiRequest, world: World) {
  const { given, add } = newApp(request, world);
  await underEvent(world, request, { ...aboutApp(given), kind: 'app.create' }, add);
  const answer = goJson({ ip: `${given.name}.fakerouter.com`, status: 'success' });
  return { status: 201, headers: { 'Content-Type': 'application/json' }, body: answer };
}

function appInfo(request: ApiRequest, { state }: World) {
  const app = findApp(state, param(request, 'app'));
  requireAllowed(state, userOf(request), 'app.read.info', appContexts(app));
  return json(appView(state, app));
}

async function removeApp(request: ApiRequest, world: World) {
  const app = findApp(world.state, param(request, 'app'));
  await change(request, world, { ...aboutApp(app), kind: 'app.delete', stream: request.stream }, async (event) => {
    event.write(`---- Removing application ${quoted(app.name)}... ----\n`);
    event.write(`\n ---> Stopping the app ${quoted(app.name)}\n`);
    const errors = await unbindAll(request, world, app, event);
    if (errors !== '') event.write(`Unable to unbind app: Failed to unbind the following instances:\n${errors}\n`);
    world.state.apps = world.state.apps.filter((one) => one !== app);
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
