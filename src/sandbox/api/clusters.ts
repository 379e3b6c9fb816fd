import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, found, has, remove } from '../state/find.ts';
import { ApiError, empty, json, listed, orNull, requireAll } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { decoded, struct } from '../http/decode.ts';
import { JSON_TYPE } from '../http/input.ts';
import { param, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { isName, NAME_RULE } from '../names.ts';
import { requireAllowed } from '../permissions/permissions.ts';
import { findPool } from '../pools.ts';
import type { Cluster, State } from '../state/records.ts';
import type { World } from '../world.ts';

export const CLUSTERS_ROUTES = routes({
  '1.3 POST /provisioner/clusters': createCluster,
  '1.3 GET /provisioner/clusters': listClusters,
  '1.8 GET /provisioner/clusters/{name}': clusterInfo,
  '1.3 DELETE /provisioner/clusters/{name}': removeCluster,
});

async function createCluster(request: ApiRequest, world: World) {
  requireAllowed(request, world.state, 'cluster.create');
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
  await changeUnderEvent(request, world, { ...about('cluster', name), kind: 'cluster.delete' }, () => {
    remove(world.state.clusters, findCluster(world.state, name));
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
  requireAllowed(request, state, 'cluster.read');
  return listed(state.clusters.map(clusterView));
}

function clusterInfo(request: ApiRequest, { state }: World) {
  requireAllowed(request, state, 'cluster.read');
  return json(clusterView(findCluster(state, param(request, 'name'))));
}

const CLUSTER = struct('provision.Cluster', {
  ...{ name: 'string', addresses: '[]string', provisioner: 'string', pools: '[]string', custom_data: 'map[string]string', default: 'bool' },
});

/** @throws Error for a form, ApiError with 400 for wrong JSON */
function clusterFrom(request: ApiRequest): Cluster {
  const type = request.incoming.headers['content-type'] ?? '';
  if (type !== '' && type !== JSON_TYPE) throw new Error(`Invalid Content-Type ${quoted(type)}`);
  const given = decoded({ ...request, contentType: JSON_TYPE }, CLUSTER);
  return { ...given, addresses: given.addresses ?? [], pools: given.pools ?? [] };
}

function requireCluster({ name, provisioner, pools, default: isDefault }: Cluster): void {
  requireAll([
    [name.trim() !== '', 'cluster name is mandatory'],
    [isName(name.trim()), `Invalid cluster name, cluster name ${NAME_RULE}`],
    [provisioner !== '', 'provisioner name is mandatory'],
    [pools.length === 0 || !isDefault, 'cannot have both pools and default set'],
    [pools.length > 0 || isDefault, 'either default or a list of pools must be set'],
    [['fake', 'kubernetes'].includes(provisioner), `provisioner error: unknown provisioner: ${quoted(provisioner)}`],
  ]);
}

/** A pool is in one cluster of a provisioner, and one cluster of it is the default. */
function takePools({ clusters }: State, { provisioner, pools, default: isDefault }: Cluster): void {
  for (const other of clusters.filter((one) => one.provisioner === provisioner)) {
    other.pools = other.pools.filter((pool) => !pools.includes(pool));
    if (isDefault) other.default = false;
  }
}

function clusterView({ name, addresses, provisioner, pools, custom_data: data, default: isDefault }: Cluster) {
  return {
    ...{ name, addresses, provisioner, cacert: null, clientcert: null, clientkey: null, pools: orNull(pools) },
    ...{ custom_data: Object.keys(data ?? {}).length === 0 ? null : data, local: false, default: isDefault },
  };
}

function findCluster({ clusters }: State, name: string): Cluster {
  return found(clusters, name, 'cluster not found');
}
