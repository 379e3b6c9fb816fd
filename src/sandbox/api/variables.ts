import { environmentOfApp, environmentOfJob, setAppVariables, setJobVariables, shown } from '../environment.ts';
import { unsetVariables, wrongNames, type Setting } from '../environment.ts';
import { underEvent, type EventOptions } from '../events.ts';
import { appContexts, findApp, findJob, jobContexts } from '../find.ts';
import { ApiError, json } from '../http/answer.ts';
import { decoded } from '../http/decode.ts';
import { inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { BOOL, list, pointer, STRING, struct } from '../http/shapes.ts';
import { requireAllowed } from '../permissions.ts';
import type { App, Job } from '../records.ts';
import type { World } from '../world.ts';
import { aboutApp } from './apps.ts';
import { aboutJob } from './jobs.ts';

export const VARIABLES_ROUTES: Route[] = [
  { version: '1.0', method: 'GET', path: '/apps/{app}/env', handler: appVariables },
  { version: '1.0', method: 'POST', path: '/apps/{app}/env', handler: setOfApp },
  { version: '1.0', method: 'DELETE', path: '/apps/{app}/env', handler: unsetOfApp },
  { version: '1.16', method: 'GET', path: '/jobs/{name}/env', handler: jobVariables },
  { version: '1.13', method: 'POST', path: '/jobs/{name}/env', handler: setOfJob },
  { version: '1.13', method: 'DELETE', path: '/jobs/{name}/env', handler: unsetOfJob },
];

/** All, or of the user's own those that are named. */
function appVariables(request: ApiRequest, { state }: World) {
  const app = findApp(state, param(request, 'app'));
  requireAllowed(state, userOf(request), 'app.read.env', appContexts(app));
  return named(request, app.variables.map(shown)) ?? json(environmentOfApp(app));
}

function jobVariables(request: ApiRequest, { state }: World) {
  const job = findJob(state, param(request, 'name'));
  requireAllowed(state, userOf(request), 'job.read', jobContexts(job));
  return named(request, environmentOfJob(job)) ?? json(environmentOfJob(job));
}

function named({ query }: ApiRequest, variables: readonly { name: string }[]) {
  const names = query.get('env');
  if (names === undefined) return undefined;
  const found = names.flatMap((name) => variables.find((one) => one.name === name) ?? []);
  return json(found.length === 0 ? null : found);
}

async function setOfApp(request: ApiRequest, world: World) {
  const { setting, secrets } = settingFrom(request);
  const app = allowedApp(request, world, 'app.update.env.set');
  return change(request, world, { ...aboutApp('app.update.env.set', app), secrets }, (write) => {
    setAppVariables(app, setting, write);
  });
}

async function setOfJob(request: ApiRequest, world: World) {
  const { setting, secrets } = settingFrom(request);
  const job = allowedJob(request, world);
  return change(request, world, { ...aboutJob('job.update', job), secrets }, (write) => {
    setJobVariables(job, setting, write);
  });
}

async function unsetOfApp(request: ApiRequest, world: World) {
  const names = namesFrom(request);
  const app = allowedApp(request, world, 'app.update.env.unset');
  return change(request, world, aboutApp('app.update.env.unset', app), (write) => {
    unsetVariables(app, names, write);
  });
}

async function unsetOfJob(request: ApiRequest, world: World) {
  const names = namesFrom(request);
  const job = allowedJob(request, world);
  return change(request, world, aboutJob('job.update', job), (write) => {
    unsetVariables(job, names, write);
  });
}

function allowedApp(request: ApiRequest, { state }: World, permission: string): App {
  const app = findApp(state, param(request, 'app'));
  requireAllowed(state, userOf(request), permission, appContexts(app));
  return app;
}

function allowedJob(request: ApiRequest, { state }: World): Job {
  const job = findJob(state, param(request, 'name'));
  requireAllowed(state, userOf(request), 'job.update', jobContexts(job));
  return job;
}

async function change(request: ApiRequest, world: World, options: EventOptions, make: (write: (message: string) => void) => void) {
  await underEvent(world, request, { ...options, stream: request.stream }, ({ write }) => {
    make(write);
  });
  return undefined;
}

interface Envs {
  Envs: { Name: string; Value: string; Alias: string; private: boolean | null }[] | null;
  managedBy: string;
  Private: boolean;
  pruneUnused: boolean;
}

const ENVS = struct('api.Envs', {
  Envs: list(struct('api.Env', { Name: STRING, Value: STRING, Alias: STRING, private: pointer(BOOL) })),
  managedBy: STRING,
  NoRestart: BOOL,
  Private: BOOL,
  pruneUnused: BOOL,
});

/** Reads what is to be set, and the names of the fields that an event must not show. @throws ApiError with 400 */
function settingFrom(request: ApiRequest): { setting: Setting; secrets: string[] } {
  const { Envs, managedBy, Private, pruneUnused } = decoded(request, ENVS) as Envs;
  const given = Envs ?? [];
  if (managedBy === '' && given.length === 0) throw new ApiError(400, 'You must provide the list of environment variables');
  if (pruneUnused && managedBy === '') throw new ApiError(400, 'Prune unused requires a managed-by value');
  const variables = given.map(({ Name, Value, Alias, private: own }) => {
    return { name: Name, value: Value, alias: Alias, isPublic: !Private && own !== true, managedBy };
  });
  const wrong = wrongNames(variables.map(({ name }) => name));
  if (wrong !== undefined) throw new ApiError(400, `There were errors validating environment variables: ${wrong}`);
  return {
    setting: { variables, managedBy, prune: pruneUnused },
    secrets: variables.flatMap(({ isPublic }, index) => (isPublic ? [] : [`Envs.${index}.Value`])),
  };
}

function namesFrom(request: ApiRequest): string[] {
  const names = inputValues(request, 'env') ?? [];
  if ((names[0] ?? '') === '') throw new ApiError(400, 'You must provide the list of environment variables.');
  return names;
}
