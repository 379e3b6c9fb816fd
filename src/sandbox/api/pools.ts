import { underEvent } from '../events.ts';
import { ApiError, empty, json } from '../http/answer.ts';
import { decoded } from '../http/decode.ts';
import { inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { BOOL, pointer, STRING, STRING_MAP, struct } from '../http/shapes.ts';
import { isName, NAME_RULE } from '../names.ts';
import { contextsFor, requireAllowed } from '../permissions.ts';
import { findPool, poolView, teamsOf } from '../pools.ts';
import type { Context, Pool, State } from '../records.ts';
import type { World } from '../world.ts';

export const POOLS_ROUTES: Route[] = [
  { version: '1.0', method: 'GET', path: '/pools', handler: listPools },
  { version: '1.0', method: 'POST', path: '/pools', handler: addPool },
  { version: '1.0', method: 'DELETE', path: '/pools/{name}', handler: removePool },
  { version: '1.0', method: 'PUT', path: '/pools/{name}', handler: updatePool },
  { version: '1.0', method: 'POST', path: '/pools/{name}/team', handler: addTeams },
  { version: '1.0', method: 'DELETE', path: '/pools/{name}/team', handler: removeTeams },
  { version: '1.8', method: 'GET', path: '/pools/{name}', handler: poolInfo },
];

/** The pools that the user may create apps in or may read. */
function listPools(request: ApiRequest, { state }: World) {
  const contexts = ['app.create', 'pool.read'].flatMap((name) => contextsFor(state, userOf(request), name));
  const values = (type: Context['CtxType']): string[] => contexts.filter(({ CtxType }) => CtxType === type).map(({ Value }) => Value);
  const [teams, names] = [values('team'), values('pool')];
  const isSeen = (pool: Pool): boolean => {
    const allowed = teamsOf(state, pool);
    // Without a team, Tsuru takes each pool that has a rule for teams.
    return (pool.isPublic || pool.teams !== null) && (teams.length === 0 || teams.some((team) => pool.isPublic || allowed.includes(team)));
  };
  const isGlobal = contexts.some(({ CtxType }) => CtxType === 'global');
  const pools = isGlobal ? state.pools : [...new Set([...state.pools.filter(isSeen), ...state.pools.filter(({ name }) => names.includes(name))])];
  return pools.length === 0 ? empty(204) : json(pools.map((pool) => poolView(state, pool)));
}

function poolInfo(request: ApiRequest, { state }: World) {
  const name = param(request, 'name');
  requireAllowed(state, userOf(request), 'pool.read', [inPool(name)]);
  return json(poolView(state, findPool(state, name, 404)));
}

interface UpdateOptions {
  Default: boolean | null;
  Public: boolean | null;
  Force: boolean;
  Labels: Record<string, string> | null;
}

interface AddOptions extends UpdateOptions {
  Name: string;
  Default: boolean;
  Public: boolean;
  Provisioner: string;
}

async function addPool(request: ApiRequest, world: World) {
  requireAllowed(world.state, userOf(request), 'pool.create');
  const shape = struct('pool.AddPoolOptions', { Name: STRING, Public: BOOL, Default: BOOL, Force: BOOL, Provisioner: STRING, Labels: STRING_MAP });
  const { Name: name, Default: isDefault, Public, Force, Provisioner, Labels } = decoded(request, shape) as AddOptions;
  if (name === '') throw new ApiError(400, 'Pool name is required.');
  await underEvent(world, request, about('pool.create', name), () => {
    const { pools } = world.state;
    if (!isName(name)) throw new ApiError(400, `Invalid pool name, pool name ${NAME_RULE}`);
    if (isDefault) giveUpDefault(world.state, Force);
    if (pools.some((pool) => pool.name === name)) throw new ApiError(409, 'Pool already exists.');
    pools.push({ name, isDefault, isPublic: isDefault || Public, provisioner: Provisioner, teams: null, labels: Labels ?? {} });
  });
  return empty(201);
}

async function updatePool(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  requireAllowed(world.state, userOf(request), 'pool.update');
  await underEvent(world, request, about('pool.update', name), () => {
    const shape = struct('pool.UpdatePoolOptions', { Default: pointer(BOOL), Public: pointer(BOOL), Force: BOOL, Labels: STRING_MAP });
    const { Default: isDefault, Public: isPublic, Force, Labels } = decoded(request, shape) as UpdateOptions;
    const pool = findPool(world.state, name, 404);
    if (isDefault === true) giveUpDefault(world.state, Force);
    pool.isDefault = isDefault ?? pool.isDefault;
    pool.labels = Labels ?? pool.labels;
    if (isPublic === true || isDefault === true) Object.assign(pool, { isPublic: true, teams: null });
    if (isPublic === false || isDefault === false) Object.assign(pool, { isPublic: false, teams: pool.isPublic ? [] : pool.teams });
  });
  return empty();
}

/** Takes the default from the pool that has it. @throws ApiError with 409 unless forced */
function giveUpDefault({ pools }: State, force: boolean): void {
  const pool = pools.find(({ isDefault }) => isDefault);
  if (pool === undefined) return;
  if (!force) throw new ApiError(409, 'Default pool already exists.');
  pool.isDefault = false;
}

async function removePool(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  requireAllowed(world.state, userOf(request), 'pool.delete');
  if (world.state.apps.some(({ pool }) => pool === name)) {
    throw new ApiError(403, 'This pool has apps, you need to migrate or remove them before removing the pool');
  }
  await underEvent(world, request, about('pool.delete', name), () => {
    const pool = findPool(world.state, name, 404);
    world.state.pools = world.state.pools.filter((one) => one !== pool);
  });
  return empty();
}

async function addTeams(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  requireAllowed(world.state, userOf(request), 'pool.update.team.add', [inPool(name)]);
  await underEvent(world, request, about('pool.update.team.add', name), () => {
    const teams = inputValues(request, 'team');
    if (teams === undefined) throw new ApiError(400, 'You must provide the team.');
    const pool = findPool(world.state, name, 404);
    if (pool.isPublic || pool.isDefault) throw new Error("Public/Default pool can't have teams.");
    if (teams.some((team) => pool.teams?.includes(team))) throw new Error('Team already exists in pool.');
    pool.teams = [...new Set([...(pool.teams ?? []), ...teams])];
  });
  return empty();
}

async function removeTeams(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  requireAllowed(world.state, userOf(request), 'pool.update.team.remove', [inPool(name)]);
  await underEvent(world, request, about('pool.update.team.remove', name), () => {
    const teams = request.query.get('team');
    if (teams === undefined) throw new ApiError(400, 'You must provide the team');
    const pool = findPool(world.state, name, 404);
    pool.teams = pool.teams && pool.teams.filter((team) => !teams.includes(team));
  });
  return empty();
}

/** What an event about a pool is made of. */
function about(kind: string, pool: string) {
  return { target: { Type: 'pool', Value: pool }, kind, allowed: { scheme: 'pool.read.events', contexts: [inPool(pool)] } };
}

function inPool(Value: string): Context {
  return { CtxType: 'pool', Value };
}
