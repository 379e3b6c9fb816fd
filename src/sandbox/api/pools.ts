import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, has, remove } from '../state/find.ts';
import { ApiError, empty, json, listed } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { isName, NAME_RULE } from '../names.ts';
import { contextsFor, requireAllowed } from '../permissions/permissions.ts';
import { findPool, poolView } from '../pools.ts';
import type { PermissionContext } from '../state/records.ts';
import type { World } from '../world.ts';

export const POOLS_ROUTES = routes({
  '1.0 GET /pools': listPools,
  '1.0 POST /pools': addPool,
  '1.0 DELETE /pools/{name}': removePool,
  '1.8 GET /pools/{name}': poolInfo,
});

/** The pools that the user may create apps in or may read. */
function listPools(request: ApiRequest, { state }: World) {
  const contexts = ['app.create', 'pool.read'].flatMap((name) => contextsFor(state, userOf(request), name));
  const isGlobal = contexts.some(({ CtxType }) => CtxType === 'global');
  const isNamed = (name: string) => contexts.some(({ CtxType, Value }) => CtxType === 'pool' && Value === name);
  const pools = isGlobal
    ? state.pools
    : [...state.pools.filter(({ isPublic }) => isPublic), ...state.pools.filter(({ isPublic, name }) => !isPublic && isNamed(name))];
  return listed(pools.map((pool) => poolView(state, pool)));
}

function poolInfo(request: ApiRequest, { state }: World) {
  const name = param(request, 'name');
  requireAllowed(request, state, 'pool.read', inPool(name));
  return json(poolView(state, findPool(state, name, 404)));
}

const OPTIONS = struct('pool.AddPoolOptions', {
  ...{ Name: 'string', Public: 'bool', Default: 'bool', Force: 'bool', Provisioner: 'string', Labels: 'map[string]string' },
});

async function addPool(request: ApiRequest, world: World) {
  requireAllowed(request, world.state, 'pool.create');
  const { Name: name, Default: isDefault, Public, Force, Provisioner, Labels } = decoded(request, OPTIONS);
  if (name === '') throw new ApiError(400, 'Pool name is required.');
  await underEvent(world, request, { ...about('pool', name, inPool(name)), kind: 'pool.create' }, () => {
    const { pools } = world.state;
    if (!isName(name)) throw new ApiError(400, `Invalid pool name, pool name ${NAME_RULE}`);
    const old = isDefault ? pools.find((pool) => pool.isDefault) : undefined;
    if (old !== undefined && !Force) throw new ApiError(409, 'Default pool already exists.');
    if (old !== undefined) old.isDefault = false;
    if (has(pools, name)) throw new ApiError(409, 'Pool already exists.');
    pools.push({ name, isDefault, isPublic: isDefault || Public, provisioner: Provisioner, labels: Labels ?? {} });
  });
  return empty(201);
}

async function removePool(request: ApiRequest, world: World) {
  const { state } = world;
  const name = param(request, 'name');
  requireAllowed(request, state, 'pool.delete');
  if (state.apps.some(({ pool }) => pool === name)) {
    throw new ApiError(403, 'This pool has apps, you need to migrate or remove them before removing the pool');
  }
  return changeUnderEvent(request, world, { ...about('pool', name, inPool(name)), kind: 'pool.delete' }, () => {
    remove(state.pools, findPool(state, name, 404));
  });
}

function inPool(Value: string): PermissionContext[] {
  return [{ CtxType: 'pool', Value }];
}
