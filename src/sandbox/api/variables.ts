import { environmentOfApp, environmentOfJob, setVariables, shown, unsetVariables, wrongNames } from '../workloads/environment.ts';
import { changeUnderEvent } from '../events/events.ts';
import { aboutApp, aboutJob, appContexts, findApp, findJob, jobContexts, type Subject } from '../state/find.ts';
import { ApiError, json, orNull } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { inputValues } from '../http/input.ts';
import { param, type ApiRequest } from '../http/request.ts';
import { routes, type Handler } from '../http/router.ts';
import { requireAllowed } from '../permissions/permissions.ts';
import type { App, Job, Variable } from '../state/records.ts';
import type { World } from '../world.ts';

export const VARIABLES_ROUTES = routes({
  '1.0 GET /apps/{app}/env': appVariables,
  '1.0 POST /apps/{app}/env': setting(appOf, 'app.update.env.set'),
  '1.0 DELETE /apps/{app}/env': unsetting(appOf, 'app.update.env.unset'),
  '1.16 GET /jobs/{name}/env': jobVariables,
  '1.13 POST /jobs/{name}/env': setting(jobOf, 'job.update'),
  '1.13 DELETE /jobs/{name}/env': unsetting(jobOf, 'job.update'),
});

/** All, or of the user's own those that are named. */
function appVariables(request: ApiRequest, { state }: World) {
  const app = findApp(state, param(request, 'app'));
  requireAllowed(request, state, 'app.read.env', appContexts(app));
  return named(request, app.variables.map(shown)) ?? json(environmentOfApp(app));
}

function jobVariables(request: ApiRequest, { state }: World) {
  const job = findJob(state, param(request, 'name'));
  requireAllowed(request, state, 'job.read', jobContexts(job));
  return named(request, environmentOfJob(job)) ?? json(environmentOfJob(job));
}

function named({ query }: ApiRequest, variables: readonly { name: string }[]) {
  const names = query.get('env');
  if (names === undefined) return undefined;
  const found = names.flatMap((name) => variables.find((one) => one.name === name) ?? []);
  return json(orNull(found));
}

/** An app or a job that a request names. @throws ApiError with 404 */
type Find = (request: ApiRequest, world: World) => { workload: App | Job; subject: Subject };

function appOf(request: ApiRequest, { state }: World): ReturnType<Find> {
  const workload = findApp(state, param(request, 'app'));
  return { workload, subject: aboutApp(workload) };
}

function jobOf(request: ApiRequest, { state }: World): ReturnType<Find> {
  const workload = findJob(state, param(request, 'name'));
  return { workload, subject: aboutJob(workload) };
}

function setting(of: Find, kind: string): Handler {
  return (request, world) => {
    const { variables, secrets } = variablesFrom(request);
    const { workload, subject } = of(request, world);
    return changeUnderEvent(request, world, { ...subject, kind, secrets, stream: request.stream }, ({ write }) => {
      setVariables(workload, variables, write);
    });
  };
}

function unsetting(of: Find, kind: string): Handler {
  return (request, world) => {
    const names = inputValues(request, 'env') ?? [];
    if ((names[0] ?? '') === '') throw new ApiError(400, 'You must provide the list of environment variables.');
    const { workload, subject } = of(request, world);
    return changeUnderEvent(request, world, { ...subject, kind, stream: request.stream }, ({ write }) => {
      unsetVariables(workload, names, write);
    });
  };
}

const ENVS = struct('api.Envs', {
  Envs: [struct('api.Env', { Name: 'string', Value: 'string', private: 'bool' })],
  Private: 'bool',
});

/** Reads what is to be set, and the names of the fields that an event must not show. @throws ApiError with 400 */
function variablesFrom(request: ApiRequest): { variables: Variable[]; secrets: string[] } {
  const { Envs, Private } = decoded(request, ENVS);
  if (Envs === null || Envs.length === 0) throw new ApiError(400, 'You must provide the list of environment variables');
  const variables = Envs.map(({ Name: name, Value: value, private: isPrivate }) => ({ name, value, isPublic: !Private && !isPrivate }));
  const wrong = wrongNames(variables.map(({ name }) => name));
  if (wrong !== undefined) throw new ApiError(400, `There were errors validating environment variables: ${wrong}`);
  return { variables, secrets: variables.flatMap(({ isPublic }, index) => (isPublic ? [] : [`Envs.${index}.Value`])) };
}
