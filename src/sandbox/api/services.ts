import { underEvent } from '../events/events.ts';
import { aboutService, findService, found, has, remove, serviceContexts } from '../state/find.ts';
import { ApiError, empty, json, orNull, plainText, type Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { quoted } from '../http/go-text.ts';
import { fieldsOf, inputValue } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { isBool, isTrue } from '../http/values.ts';
import { isAllowed, requireAllowed, teamFor } from '../permissions/permissions.ts';
import type { Instance, Service, State } from '../state/records.ts';
import { validateService } from '../services.ts';
import type { World } from '../world.ts';

const INPUT = struct('api.serviceInput', {
  ...{ id: 'string', username: 'string', password: 'string', endpoints: 'map[string]string', endpoint: 'string', encoding: 'string' },
});

/** What a request says about a service. @throws ApiError with 400 */
function serviceFrom(request: ApiRequest): Service {
  const { id, username, password, endpoints, endpoint, encoding } = decoded(request, INPUT);
  const multiCluster = inputValue(request, 'multi-cluster');
  const team = inputValue(request, 'team');
  if (!['', 'form', 'json'].includes(encoding)) {
    throw new ApiError(400, `Invalid encoding ${quoted(encoding)}, valid options are: form, json`);
  }
  return {
    name: id,
    username,
    password,
    endpoints: Object.keys(endpoints ?? {}).length === 0 && endpoint !== '' ? { production: endpoint } : (endpoints ?? {}),
    ownerTeams: team === '' ? [] : [team],
    teams: [],
    doc: '',
    isMultiCluster: isBool(multiCluster) && isTrue(multiCluster),
    encoding,
    manifest: null,
  };
}

/** What the event of a change keeps of its request: not the password, unless it came in JSON. */
function dataOf(request: ApiRequest) {
  return fieldsOf(request, { dropped: ['password'], read: ['multi-cluster', 'team'] });
}

async function create(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const service = serviceFrom(request);
  if (service.ownerTeams.length === 0) service.ownerTeams = [onlyTeam(request, state)];
  requireAllowed(request, state, 'service.create', serviceContexts(service).slice(0, 1));
  return changing(request, world, service, 'service.create', () => {
    validateService(state, service, true);
    if (has(state.services, service.name)) throw new ApiError(409, 'Service already exists.');
    state.services.push(service);
    return plainText('success', 201);
  }, dataOf(request));
}

function onlyTeam(request: ApiRequest, state: State): string {
  try {
    return teamFor(state, userOf(request), 'service.create');
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 400) throw error;
    throw new ApiError(400, 'You must provide a team responsible for this service in the manifest file.');
  }
}

async function update(request: ApiRequest, world: World): Promise<Answer> {
  const { endpoints, username, password, encoding, ownerTeams } = serviceFrom(request);
  const given = { endpoints, username, password, ...(encoding !== '' && { encoding }), ...(ownerTeams.length > 0 && { ownerTeams }) };
  return storing(request, world, allowedService(request, world, 'service.update'), 'service.update', () => given, dataOf(request));
}

async function removeService(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const service = allowedService(request, world, 'service.delete');
  return changing(request, world, service, 'service.delete', () => {
    if (state.instances.some((one) => one.service === service.name)) {
      throw new ApiError(403, 'This service cannot be removed because it has instances.\nPlease remove these instances before removing the service.');
    }
    remove(state.services, service);
    return empty();
  });
}

/** `GET /services`: those that the user may manage; instances are shown with their names and tags only. */
function list(request: ApiRequest, { state }: World): Answer {
  const tags = request.query.get('tag') ?? [];
  const services = state.services.filter((service) => isAllowed(state, userOf(request), 'service.read', serviceContexts(service)));
  if (services.length === 0) return empty(204);
  return json(
    services.map(({ name: service }) => {
      const own = state.instances.filter((one) => one.service === service && tags.every((tag) => one.tags.includes(tag)));
      const mapped = <T>(shown: (one: Instance) => T) => orNull(own.map(shown));
      return {
        service,
        instances: mapped(({ name }) => name),
        plans: null,
        service_instances: mapped((one) => ({ name: one.name, service_name: service, ...NOT_LISTED, tags: one.tags })),
      };
    }),
  );
}

const NOT_LISTED = { plan_name: '', apps: null, jobs: null, teams: null, team_owner: '', description: '' };

function doc(request: ApiRequest, { state }: World): Answer {
  return plainText(findService(state, param(request, 'name')).doc);
}

async function setDoc(request: ApiRequest, world: World): Promise<Answer> {
  const kind = 'service.update.doc';
  const data = fieldsOf(request, { read: ['doc'] });
  return storing(request, world, allowedService(request, world, kind), kind, () => ({ doc: inputValue(request, 'doc') }), data);
}

async function grant(request: ApiRequest, world: World): Promise<Answer> {
  const kind = 'service.update.grant-access';
  const service = allowedService(request, world, kind);
  const team = teamOf(request, world);
  return storing(request, world, service, kind, () => {
    if (service.teams.includes(team)) throw new ApiError(409, 'This team already has access to this service');
    return { teams: [...service.teams, team] };
  });
}

async function revoke(request: ApiRequest, world: World): Promise<Answer> {
  const kind = 'service.update.revoke-access';
  const service = allowedService(request, world, kind);
  const team = teamOf(request, world);
  if (service.teams.length < 2) throw new ApiError(403, ONLY_TEAM);
  return storing(request, world, service, kind, () => {
    if (!service.teams.includes(team)) throw new ApiError(409, 'This team does not have access to this service');
    return { teams: service.teams.filter((one) => one !== team) };
  });
}

const ONLY_TEAM =
  'You can not revoke the access from this team, because it is the unique team with access to this service, and a service can not be orphaned';

/** The service that a route names. @throws ApiError with 404, or with 403 if the user may not */
export function allowedService(request: ApiRequest, { state }: World, permission: string): Service {
  const service = findService(state, param(request, 'name') || param(request, 'service'));
  requireAllowed(request, state, permission, serviceContexts(service));
  return service;
}

/** Makes a change of a service under its event. */
export function changing(
  request: ApiRequest,
  world: World,
  service: Service,
  kind: string,
  work: () => Answer,
  data = fieldsOf(request),
): Promise<Answer> {
  return underEvent(world, request, { ...aboutService(service), kind, data }, work);
}

/** Stores new values under an event. @throws ApiError with 400, and the service is as it was */
function storing(
  request: ApiRequest,
  world: World,
  service: Service,
  kind: string,
  changesOf: () => Partial<Service>,
  data?: ReturnType<typeof fieldsOf>,
): Promise<Answer> {
  return changing(request, world, service, kind, () => {
    const changes = changesOf();
    validateService(world.state, { ...service, ...changes }, false);
    Object.assign(service, changes);
    return empty();
  }, data);
}

function teamOf(request: ApiRequest, { state }: World): string {
  const name = param(request, 'team');
  return found(state.teams, name, 'Team not found', 400).name;
}

export const SERVICES_ROUTES = routes({
  '1.0 GET /services': list,
  '1.0 POST /services': create,
  '1.0 PUT /services/{name}': update,
  '1.0 DELETE /services/{name}': removeService,
  '1.0 GET /services/{name}/doc': doc,
  '1.0 PUT /services/{name}/doc': setDoc,
  '1.0 PUT /services/{service}/team/{team}': grant,
  '1.0 DELETE /services/{service}/team/{team}': revoke,
});
