import { unbindApp } from '../app-binds.ts';
import { appUpdate, newApp } from '../app-changes.ts';
import { appSummary, appView } from '../app-view.ts';
import { underEvent, type RunningEvent } from '../events.ts';
import { Crash } from '../faults.ts';
import { appContexts, findApp } from '../find.ts';
import { ApiError, empty, goJson, json } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { first, isTrue } from '../http/values.ts';
import { cleanTags } from '../names.ts';
import { requireAllowed } from '../permissions.ts';
import type { App } from '../records.ts';
import { isSame, matches, sightOf } from '../workloads.ts';
import type { World } from '../world.ts';

export const APPS_ROUTES: Route[] = [
  { version: '1.0', method: 'GET', path: '/apps', handler: listApps },
  { version: '1.0', method: 'POST', path: '/apps', handler: createApp },
  { version: '1.0', method: 'GET', path: '/apps/{app}', handler: appInfo },
  { version: '1.0', method: 'DELETE', path: '/apps/{app}', handler: removeApp },
  { version: '1.0', method: 'PUT', path: '/apps/{app}', handler: updateApp },
  { version: '1.0', method: 'PUT', path: '/apps/{app}/teams/{team}', handler: grantTeam },
  { version: '1.0', method: 'DELETE', path: '/apps/{app}/teams/{team}', handler: revokeTeam },
];

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
  const { given, options, add } = newApp(request, world);
  await underEvent(world, request, options, add);
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
  requireAllowed(world.state, userOf(request), 'app.delete', appContexts(app));
  await underEvent(world, request, { ...aboutApp('app.delete', app), stream: request.stream }, async (event) => {
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
      await unbindApp(world, request, { instance, app, restart: false, event, force: true });
    } catch (error) {
      if (error instanceof Crash) throw error;
      errors += `- ${instance.name} (${(error as Error).message})`;
    }
  }
  return errors;
}

async function updateApp(request: ApiRequest, world: World) {
  const app = findApp(world.state, param(request, 'app'));
  const { wanted, apply } = appUpdate(request, world, app);
  for (const permission of wanted) requireAllowed(world.state, userOf(request), `app.update.${permission}`, appContexts(app));
  await underEvent(world, request, { ...aboutApp('app.update', app), cancel: 'app.update.events', stream: request.stream }, apply);
  return undefined;
}

async function grantTeam(request: ApiRequest, world: World) {
  const app = findApp(world.state, param(request, 'app'));
  const team = param(request, 'team');
  requireAllowed(world.state, userOf(request), 'app.update.grant', appContexts(app));
  await underEvent(world, request, aboutApp('app.update.grant', app), () => {
    requireTeam(world, team);
    if (app.teams.includes(team)) throw new ApiError(409, 'team already have access to this app');
    app.teams.push(team);
  });
  return empty();
}

async function revokeTeam(request: ApiRequest, world: World) {
  const app = findApp(world.state, param(request, 'app'));
  const team = param(request, 'team');
  requireAllowed(world.state, userOf(request), 'app.update.revoke', appContexts(app));
  await underEvent(world, request, aboutApp('app.update.revoke', app), () => {
    requireTeam(world, team);
    if (app.teams.length === 1) {
      throw new ApiError(403, ONLY_TEAM);
    }
    if (!app.teams.includes(team)) throw new ApiError(404, 'team does not have access to this app');
    app.teams = app.teams.filter((one) => one !== team);
  });
  return empty();
}

const ONLY_TEAM =
  'You can not revoke the access from this team, because it is the unique team with access to the app, and an app can not be orphaned';

function requireTeam({ state }: World, team: string): void {
  if (!state.teams.some(({ name }) => name === team)) throw new ApiError(404, 'Team not found');
}

/** What an event about an app is made of. */
export function aboutApp(kind: string, app: App) {
  return { target: { Type: 'app', Value: app.name }, kind, allowed: { scheme: 'app.read.events', contexts: appContexts(app) } };
}
