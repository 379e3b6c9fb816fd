import { sortedKeys } from '../../tsuru/encoding.ts';
import { clientOf, endpointOf, ServiceError, type ServiceClient } from '../service-client.ts';
import { findService } from '../state/find.ts';
import { ApiError, empty, json, orNull, type Answer } from '../http/answer.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { first } from '../http/values.ts';
import { contextsFor } from '../permissions/permissions.ts';
import type { Instance, Json, State } from '../state/records.ts';
import { instancesIn, listedInstance } from '../services.ts';
import type { World } from '../world.ts';

/** `GET /services/instances`: all services, each with its instances that the user may see. */
function instances(request: ApiRequest, { state }: World): Answer {
  const app = first(request.query, 'app');
  const tags = request.query.get('tag') ?? [];
  const seen = instancesIn(state, contextsFor(state, userOf(request), 'service-instance.read')).filter(
    (one) => (app === '' || one.apps.includes(app)) && tags.every((tag) => one.tags.includes(tag)),
  );
  const names = state.services.map(({ name }) => name).sort();
  if (names.length === 0) return empty(204);
  return json(
    names.map((service) => {
      const own = seen.filter((one) => one.service === service);
      return {
        service,
        instances: own.map(({ name }) => name),
        plans: orNull(own.map(({ plan }) => plan)),
        service_instances: orNull(own.map((one) => sortedParameters(listedInstance(one)))),
      };
    }),
  );
}

function sortedParameters<Listed extends { parameters?: Record<string, Json> }>(listed: Listed): Listed {
  return listed.parameters === undefined ? listed : { ...listed, parameters: sortedKeys(listed.parameters) };
}

/** `GET /services/{name}`: the instances with what the service says about each. */
async function info(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const service = findService(state, param(request, 'name'));
  const seen = instancesIn(state, contextsFor(state, userOf(request), 'service-instance.read'), service.name);
  if (seen.length === 0) return json(null, { isText: true });
  const infos: unknown[] = [];
  for (const instance of seen) {
    const { name: Name, pool: Pool, teams: Teams, plan: PlanName, apps: Apps, jobs: Jobs, teamOwner: TeamOwner } = instance;
    // Tsuru sends no id of the request here.
    const Info = await infoOf(() => clientOf(world, { ...request, requestId: '' }, service, Pool), instance);
    infos.push({ Name, Pool, Teams, PlanName, Apps, Jobs, ServiceName: service.name, Info, TeamOwner });
  }
  return json(infos, { isText: true });
}

/** Null for any error of the service. */
async function infoOf(client: () => ServiceClient, instance: Instance): Promise<Record<string, string> | null> {
  try {
    return infoMap(await client().info(instance));
  } catch {
    return null;
  }
}

/** The labels that a service gave an instance, in the order in which Go writes maps. */
export function infoMap(pairs: (Record<string, string> | null)[] | null): Record<string, string> {
  return sortedKeys(Object.fromEntries((pairs ?? []).map((pair) => [pair?.['label'] ?? '', pair?.['value'] ?? ''])));
}

/** Without an address for the pool, there are none. */
async function plans(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const service = findService(state, param(request, 'name'));
  const pool = service.isMultiCluster ? first(request.query, 'pool') : '';
  try {
    endpointOf(state, service, pool);
  } catch {
    return json([]);
  }
  try {
    return json(await clientOf(world, request, service, pool).plans());
  } catch (error) {
    if (!(error instanceof ServiceError) || error.sentinel !== 'ErrMissingPool') throw error;
    throw new ApiError(400, `You must provide the pool name, available pools: ${poolsFor(request, state).join(', ')}`);
  }
}

/** The pools in which a user may see instances. */
function poolsFor(request: ApiRequest, state: State): string[] {
  const contexts = contextsFor(state, userOf(request), 'service-instance.read');
  const isGlobal = contexts.some(({ CtxType }) => CtxType === 'global');
  return state.pools
    .filter((pool) => isGlobal || pool.isPublic || pool.isDefault)
    .map(({ name }) => name)
    .sort();
}

/** Before those of single services: `instances` would be taken for the name of one. */
export const SERVICE_LISTS_ROUTES = routes({
  '1.0 GET /services/instances': instances,
  '1.0 GET /services/{name}': info,
  '1.0 GET /services/{name}/plans': plans,
});
