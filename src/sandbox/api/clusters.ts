import { underEvent } from '../events.ts';
import { about, found, has } from '../find.ts';
import { ApiError, empty, json } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { decoded, struct } from '../http/decode.ts';
import { JSON_TYPE } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { isName, NAME_RULE } from '../names.ts';
import { isAllowed, requireAllowed } from '../permissions.ts';
import { findPool } from '../pools.ts';
import type { Cluster, State } from '../records.ts';
import type { World } from '../world.ts';

export const CLUSTERS_ROUTES: Route[] = [
  { version: '1.3', method: 'POST', path: '/provisioner/clusters', handler: createCluster },
  { version: '1.3', method: 'GET', path: '/provisioner/clusters', handler: listClusters },
  { version: '1.8', method: 'GET', path: '/provisioner/clusters/{name}', handler: clusterInfo },
  { version: '1.3', method: 'DELETE', path: '/provisioner/clusters/{name}', handler: removeCluster },
];

async function createCluster(request: ApiRequest, world: World) {
  requireAllowed(world.state, userOf(request), 'cluster.create');
  const cluster = clusterFrom(request);
  await underEvent(world, request, { ...about('cluster', cluster.name), kind: 'cluster.create' }, () => {
    const { clusters } = world.state;
    if (has(clusters, cluster.name)) throw new ApiError(409, 'cluster already exists');
    for (const pool of cluster.pools) findPool(world.state, pool, 404);
    requireCluster(cluster);
    takePools(world.state, cluster);
    clusters.push(cluster);
  });
  return done(request);
}

async function removeCluster(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  requireAllowed(world.state, userOf(request), 'cluster.delete');
  await underEvent(world, request, { ...about('cluster', name), kind: 'cluster.delete' }, () => {
    const cluster = findCluster(world.state, name);
    world.state.clusters = world.state.clusters.filter((one) => one !== cluster);
  });
  return done(request);
}

/** The client asks for a stream, though nothing is written. */
function done(request: ApiRequest) {
  if (request.incoming.headers.accept?.startsWith('application/x-json-stream') !== true) return empty();
  request.stream();
  return undefined;
}

function listClusters(request: ApiRequest, { state }: World) {
  requireAllowed(state, userOf(request), 'cluster.read');
  const isAdmin = isAllowed(state, userOf(request), 'cluster.admin');
  return state.clusters.length === 0 ? empty(204) : json(state.clusters.map((cluster) => clusterView(cluster, isAdmin)));
}

function clusterInfo(request: ApiRequest, { state }: World) {
  requireAllowed(state, userOf(request), 'cluster.read');
  return json(clusterView(findCluster(state, param(request, 'name')), true));
}

const CLUSTER = struct('provision.Cluster', {
  ...{ name: 'string', addresses: '[]string', provisioner: 'string', pools: '[]string', custom_data: 'map[string]string', default: 'bool' },
});

/** @throws Error for a form, ApiError with 400 for wrong JSON */
function clusterFrom(request: ApiRequest): Cluster {
  const type = request.incoming.headers['content-type'] ?? '';
  if (type !== '' && type !== JSON_TYPE) throw new Error(`Invalid Content-Type ${quoted(type)}`);
  const given = decoded({ ...request, contentType: JSON_TYPE }, CLUSTER);
  return {
    name: given.name,
    addresses: given.addresses ?? [],
    provisioner: given.provisioner,
    pools: given.pools ?? [],
    customData: given.custom_data,
    isDefault: given.default,
  };
}

function requireCluster({ name, provisioner, pools, isDefault }: Cluster): void {
  const wrong = (message: string) => new ApiError(400, message);
  if (name.trim() === '') throw wrong('cluster name is mandatory');
  if (!isName(name.trim())) throw wrong(`Invalid cluster name, cluster name ${NAME_RULE}`);
  if (provisioner === '') throw wrong('provisioner name is mandatory');
  if (pools.length > 0 && isDefault) throw wrong('cannot have both pools and default set');
  if (pools.length === 0 && !isDefault) throw wrong('either default or a list of pools must be set');
  if (provisioner !== 'fake' && provisioner !== 'kubernetes') throw wrong(`provisioner error: unknown provisioner: ${quoted(provisioner)}`);
}

/** A pool is in one cluster of a provisioner, and one cluster of it is the default. */
function takePools({ clusters }: State, { provisioner, pools, isDefault }: Cluster): void {
  for (const other of clusters.filter((one) => one.provisioner === provisioner)) {
    other.pools = other.pools.filter((pool) => !pools.includes(pool));
    if (isDefault) other.isDefault = false;
  }
}

function clusterView({ name, addresses, provisioner, pools, customData, isDefault }: Cluster, isAdmin: boolean) {
  const hidden = isAdmin ? [] : ['token', 'password'];
  const shown = Object.entries(customData ?? {}).filter(([key]) => !hidden.includes(key));
  return {
    name,
    addresses,
    provisioner,
    cacert: null,
    clientcert: null,
    clientkey: null,
    pools: pools.length === 0 ? null : pools,
    custom_data: customData === null || Object.keys(customData).length === 0 ? null : Object.fromEntries(shown),
    local: false,
    default: isDefault,
  };
}

function findCluster({ clusters }: State, name: string): Cluster {
  return found(clusters, name, 'cluster not found');
}
