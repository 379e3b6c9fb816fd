import { environmentOfApp, environmentOfJob, setAppVariables, setJobVariables, shown, unsetVariables, wrongNames, type Setting } from '../environment.ts';
import { change, type EventOptions } from '../events.ts';
import { aboutApp, aboutJob, appContexts, findApp, findJob, jobContexts } from '../find.ts';
import { ApiError, json } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { requireAllowed } from '../permissions.ts';
import type { World } from '../world.ts';

export const VARIABLES_ROUTES = routes({
  '1.0 GET /apps/{app}/env': appVariables,
  '1.0 POST /apps/{app}/env': setOfApp,
  '1.0 DELETE /apps/{app}/env': unsetOfApp,
  '1.16 GET /jobs/{name}/env': jobVariables,
  '1.13 POST /jobs/{name}/env': setOfJob,
  '1.13 DELETE /jobs/{name}/env': unsetOfJob,
});

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

function setOfApp(request: ApiRequest, world: World) {
  const { setting, secrets } = settingFrom(request);
  const app = findApp(world.state, param(request, 'app'));
  return changeVariables(request, world, { ...aboutApp(app), kind: 'app.update.env.set', secrets }, (write) => {
    setAppVariables(app, setting, write);
  });
}

function setOfJob(request: ApiRequest, world: World) {
  const { setting, secrets } = settingFrom(request);
  const job = findJob(world.state, param(request, 'name'));
  return changeVariables(request, world, { ...aboutJob(job), kind: 'job.update', secrets }, (write) => {
    setJobVariables(job, setting, write);
  });
}

function unsetOfApp(request: ApiRequest, world: World) {
  const names = namesFrom(request);
  const app = findApp(world.state, param(request, 'app'));
  return changeVariables(request, world, { ...aboutApp(app), kind: 'app.update.env.unset' }, (write) => {
    unsetVariables(app, names, write);
  });
}

function unsetOfJob(request: ApiRequest, world: World) {
  const names = namesFrom(request);
  const job = findJob(world.state, param(request, 'name'));
  return changeVariables(request, world, { ...aboutJob(job), kind: 'job.update' }, (write) => {
    unsetVariables(job, names, write);
  });
}

function changeVariables(request: ApiRequest, world: World, options: EventOptions, make: (write: (message: string) => void) => void) {
  return change(request, world, { ...options, stream: request.stream }, ({ write }) => {
    make(write);
  });
}

const ENVS = struct('api.Envs', {
  Envs: [struct('api.Env', { Name: 'string', Value: 'string', Alias: 'string', private: 'bool' })],
  ...{ managedBy: 'string', NoRestart: 'bool', Private: 'bool', pruneUnused: 'bool' },
});

/** Reads what is to be set, and the names of the fields that an event must not show. @throws ApiError with 400 */
function settingFrom(request: ApiRequest): { setting: Setting; secrets: string[] } {
  const { Envs, managedBy, Private, pruneUnused } = decoded(request, ENVS);
  const given = Envs ?? [];
  if (managedBy === '' && given.length === 0) throw new ApiError(400, 'You must provide the list of environment variables');
  if (pruneUnused && managedBy === '') throw new ApiError(400, 'Prune unused requires a managed-by value');
  const variables = given.map(({ Name, Value, Alias, private: isPrivate }) => {
    return { name: Name, value: Value, alias: Alias, isPublic: !Private && !isPrivate, managedBy };
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
