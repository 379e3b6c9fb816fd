import { sortedKeys } from '../../tsuru/encoding.ts';
import { changeUnderEvent, underEvent } from '../events/events.ts';
import { aboutInstance, findInstance, findService, has, instanceContexts } from '../state/find.ts';
import { ApiError, empty, json, plainText, type Answer } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { isDeepEqual } from '../http/go-values.ts';
import { fieldsOf, hasField, inputValue, JSON_TYPE, tagsOf } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { callAt } from '../workloads/workload-binds.ts';
import { createInstance, updateInstance } from '../instance-changes.ts';
import { requireAllowed, teamFor, teamContexts } from '../permissions/permissions.ts';
import { clusterOf } from '../pools.ts';
import type { Instance, Service, State } from '../state/records.ts';
import type { Asked } from '../service-client.ts';
import type { World } from '../world.ts';
import { infoMap } from './service-lists.ts';

/** The instance that a route names. @throws ApiError with 404 */
export function instanceOf(request: ApiRequest, { state }: World): Instance {
  return findInstance(state, param(request, 'service'), param(request, 'instance'));
}

const INSTANCE = struct('service.ServiceInstance', {
  ...{ name: 'string', plan_name: 'string', apps: '[]string', jobs: '[]string', teams: '[]string', team_owner: 'string' },
  ...{ description: 'string', tags: '[]string', parameters: 'map[string]interface {}', pool: 'string' },
});

/** Old names of fields hold where those of today, which are other ones in JSON, are missing. */
async function create(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const service = findService(state, param(request, 'service'));
  const given = decoded(request, INSTANCE, true);
  const isJson = request.contentType === JSON_TYPE;
  const either = (name: 'plan_name' | 'team_owner', old: string): string =>
    hasField(request, isJson ? name : name.replace('_', '')) ? given[name] : inputValue(request, old);
  const [owner, plan] = [either('team_owner', 'owner'), either('plan_name', 'plan')];
  const kind = 'service-instance.create';
  const teamOwner = owner === '' ? teamFor(state, userOf(request), kind) : owner;
  requireAllowed(request, state, kind, teamContexts([teamOwner]));
  const { name, apps, jobs, teams, description, parameters, pool } = given;
  const instance: Asked = {
    ...{ name, service: service.name, plan, apps: apps ?? [], jobs: jobs ?? [], teams: [teamOwner], teamOwner, description, pool },
    ...{ tags: tagsOf(request, given.tags) ?? [], parameters },
  };
  const subject = aboutInstance({ name, service: service.name, teams: teams ?? [] });
  const data = fieldsOf(request, { read: ['plan', 'owner', 'tag'] });
  await underEvent(world, request, { ...subject, kind, data }, async (event) => {
    refuseWrong(state, service, instance);
    await createInstance(world, request, instance, event);
  });
  return empty(201);
}

/** @throws Error for an instance that cannot be, in Tsuru's order (tsuru/service `validateServiceInstance`) */
function refuseWrong(state: State, service: Service, { name, pool, teamOwner }: Asked): void {
  if (!/^[A-Za-z][-a-zA-Z0-9_]+$/.test(name)) throw new ApiError(400, 'invalid service instance name');
  if (state.instances.some((one) => one.service === service.name && one.name === name)) {
    throw new ApiError(409, 'instance name already exists.');
  }
  refuseWrongOwner(state, teamOwner);
  if (!service.isMultiCluster && pool !== '') throw new Error('regular (non-multi-cluster) service instance cannot belong to a pool');
  if (service.isMultiCluster && pool === '') throw new Error('multi-cluster service instance requires a pool');
  if (pool !== '' && !has(state.pools, pool)) throw new Error('pool does not exist');
}

function refuseWrongOwner({ teams }: State, teamOwner: string): void {
  if (teamOwner === '') throw new Error('please specify the team that owns the service instance');
  if (!has(teams, teamOwner)) throw new Error("Team owner doesn't exist");
}

const UPDATE = struct('', {
  ...{ Description: 'string', Plan: 'string', TeamOwner: 'string', Tags: '[]string', Parameters: 'map[string]interface {}' },
});

/** Every field that is left out is emptied; each that differs needs a permission of its own. */
async function update(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  const { Description, Plan, TeamOwner, Tags, Parameters } = decoded(request, UPDATE);
  const tags = tagsOf(request, Tags);
  findService(state, param(request, 'service'));
  const instance = instanceOf(request, world);
  const next: Asked = { ...instance, description: Description, teamOwner: TeamOwner, plan: Plan, tags: tags ?? [], parameters: Parameters };
  const isChanged = {
    description: instance.description !== Description,
    teamowner: instance.teamOwner !== TeamOwner,
    plan: instance.plan !== Plan,
    // What was left out is not the same as what is empty.
    tags: JSON.stringify(instance.tags) !== JSON.stringify(tags),
    parameters: Parameters === null || !isDeepEqual(instance.parameters, Parameters),
  };
  const changed = Object.entries(isChanged).filter(([, differs]) => differs).map(([field]) => field);
  if (changed.length === 0) {
    throw new ApiError(400, 'Neither description, team owner, tags, plan nor plan parameters were set. You must define at least one.');
  }
  for (const one of changed) requireAllowed(request, state, `service-instance.update.${one}`, instanceContexts(instance));
  const data = fieldsOf(request, { read: ['tag'] });
  await underEvent(world, request, { ...aboutInstance(instance), kind: 'service-instance.update', data }, async (event) => {
    refuseWrongOwner(state, next.teamOwner);
    await updateInstance(world, request, instance, next, event);
  });
  return empty();
}

async function info(request: ApiRequest, world: World): Promise<Answer> {
  const { state } = world;
  findService(state, param(request, 'service'));
  const instance = instanceOf(request, world);
  requireAllowed(request, state, 'service-instance.read', instanceContexts(instance));
  const client = callAt(world, request, instance);
  const items = await client.info(instance);
  const plan = (await client.plans())?.find(({ Name }) => Name === instance.plan);
  const { apps, jobs, teams, teamOwner, description, pool, tags, parameters } = instance;
  return json({
    Apps: apps,
    Jobs: jobs,
    Teams: teams,
    TeamOwner: teamOwner,
    Description: description,
    PlanName: instance.plan,
    PlanDescription: plan?.Description ?? '',
    Pool: pool,
    Cluster: (pool !== '' && clusterOf(state, 'kubernetes', pool)?.name) || '',
    CustomInfo: infoMap(items),
    Tags: tags,
    Parameters: sortedKeys(parameters),
  });
}

async function status(request: ApiRequest, world: World): Promise<Answer> {
  const instance = instanceOf(request, world);
  requireAllowed(request, world.state, 'service-instance.read.status', instanceContexts(instance));
  try {
    return plainText(`Service instance "${instance.name}" is ${await callAt(world, request, instance).status(instance)}`);
  } catch (error) {
    throw new Error(`Could not retrieve status of service instance, error: ${(error as Error).message}`, { cause: error });
  }
}

/** Lets a team use an instance, or no more. */
function setAccess(request: ApiRequest, world: World, isGranted: boolean): Promise<Answer> {
  const [instance, team] = [instanceOf(request, world), param(request, 'team')];
  return changeUnderEvent(request, world, { ...aboutInstance(instance), kind: `service-instance.update.${isGranted ? 'grant' : 'revoke'}` }, () => {
    if (!isGranted && team === instance.teamOwner) throw new Error("cannot revoke the instance's team owner access");
    if (!has(world.state.teams, team)) throw new Error('team not found');
    instance.teams = isGranted ? [...new Set([...instance.teams, team])] : instance.teams.filter((one) => one !== team);
  });
}

const PATH = '/services/{service}/instances';

export const INSTANCES_ROUTES = routes({
  [`1.0 POST ${PATH}`]: create,
  [`1.0 GET ${PATH}/{instance}`]: info,
  [`1.0 PUT ${PATH}/{instance}`]: update,
  [`1.0 GET ${PATH}/{instance}/status`]: status,
  [`1.0 PUT ${PATH}/permission/{instance}/{team}`]: (request, world) => setAccess(request, world, true),
  [`1.0 DELETE ${PATH}/permission/{instance}/{team}`]: (request, world) => setAccess(request, world, false),
});
