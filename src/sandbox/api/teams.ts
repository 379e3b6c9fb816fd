import { appView } from '../app-view.ts';
import { underEvent } from '../events.ts';
import { ApiError, empty, json } from '../http/answer.ts';
import { decoded } from '../http/decode.ts';
import { inputValues } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import type { Route } from '../http/router.ts';
import { ANY, STRING, STRINGS, struct } from '../http/shapes.ts';
import { byName, cleanTags } from '../names.ts';
import { permissionNames } from '../permission-names.ts';
import { covers, grants, isAllowed, permissionsOf, requireAllowed, unauthorized } from '../permissions.ts';
import { poolSummary } from '../pools.ts';
import type { Context, State, Team, User } from '../records.ts';
import { userView } from '../user-view.ts';
import type { World } from '../world.ts';

export const TEAMS_ROUTES: Route[] = [
  { version: '1.0', method: 'GET', path: '/teams', handler: listTeams },
  { version: '1.0', method: 'POST', path: '/teams', handler: createTeam },
  { version: '1.0', method: 'DELETE', path: '/teams/{name}', handler: removeTeam },
  { version: '1.6', method: 'PUT', path: '/teams/{name}', handler: updateTeam },
  { version: '1.4', method: 'POST', path: '/teams/{name}', handler: updateTeam },
  { version: '1.4', method: 'GET', path: '/teams/{name}', handler: teamInfo },
  { version: '1.17', method: 'GET', path: '/teams/{name}/users', handler: teamUsers },
  { version: '1.17', method: 'GET', path: '/teams/{name}/groups', handler: teamGroups },
];

/** The teams in which the user may do something, with the highest of its permissions there. */
function listTeams(request: ApiRequest, { state }: World) {
  const { permissions } = permissionsOf(state, userOf(request));
  const names = permissionNames().filter(({ contexts }) => contexts.includes('team'));
  const teams = [...state.teams].sort(byName).map(({ name, tags }) => {
    const granted = names.filter((one) => grants(permissions, one.name, [inTeam(name)])).map((one) => one.name);
    return { name, permissions: granted.filter((one) => !granted.some((other) => other !== one && covers(other, one))), tags };
  });
  const own = teams.filter((team) => team.permissions.length > 0);
  return own.length === 0 ? empty(204) : json(own);
}

interface Named {
  name: string;
  tags: string[] | null;
}

async function createTeam(request: ApiRequest, world: World) {
  requireAllowed(world.state, userOf(request), 'team.create');
  const { name, tags } = decoded(request, struct('auth.Team', { name: STRING, creatingUser: STRING, tags: STRINGS, quota: ANY })) as Named;
  await underEvent(world, request, about('team.create', name), () => {
    addTeam(world.state, name, tagsOf(request, tags), { invalid: 400, taken: 409 });
  });
  return empty(201);
}

async function updateTeam(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  const change = decoded(request, struct('api.teamChange', { NewName: STRING, Tags: STRINGS })) as { NewName: string; Tags: string[] | null };
  const [newName, tags] = [change.NewName, tagsOf(request, change.Tags)];
  requireAllowed(world.state, userOf(request), 'team.update', [inTeam(name)]);
  const team = findTeam(world.state, name);
  await underEvent(world, request, about('team.update', name), () => {
    if (newName === '') {
      team.tags = tags;
      return;
    }
    addTeam(world.state, newName, tags, { invalid: 400, taken: 500 });
    renameTeam(world.state, name, newName);
    world.state.teams = world.state.teams.filter((one) => one !== team);
  });
  return empty();
}

async function removeTeam(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  const missing = new ApiError(404, `Team "${name}" not found.`);
  if (!isAllowed(world.state, userOf(request), 'team.delete', [inTeam(name)])) throw missing;
  await underEvent(world, request, about('team.delete', name), () => {
    const { apps, instances, teams } = world.state;
    const uses = [
      ['Apps', apps.filter((app) => app.teams.includes(name)).map((app) => app.name).sort()],
      ['Service instances', instances.filter((one) => one.teams.includes(name)).map((one) => `${one.service}/${one.name}`)],
    ] as const;
    for (const [kind, users] of uses) {
      if (users.length === 0) continue;
      throw new ApiError(403, `This team cannot be removed because there are still references to it:\n${kind}: ${users.join(', ')}`);
    }
    if (!teams.some((team) => team.name === name)) throw missing;
    world.state.teams = teams.filter((team) => team.name !== name);
  });
  return empty();
}

function teamInfo(request: ApiRequest, { state }: World) {
  const { name, tags } = findTeam(state, param(request, 'name'));
  const reader = userOf(request);
  if (!isAllowed(state, reader, 'team.read')) throw unauthorized();
  const pools = state.pools.filter(({ isPublic, teams }) => !isPublic && teams?.includes(name) === true);
  return json({
    apps: state.apps.filter((app) => app.teamOwner === name && app.teams.includes(name)).map((app) => appView(state, app)),
    name,
    pools: pools.length === 0 ? null : pools.map(poolSummary),
    tags,
    users: isAllowed(state, reader, 'team') ? members(state, reader, name) : [],
  });
}

/** Users with a role for the team that holds in it, once for each such role. */
function members(state: State, reader: User, team: string) {
  const names = permissionNames();
  const isOfTeams = (name: string): boolean => names.some((one) => one.name === name && one.contexts.includes('team'));
  const roles = state.roles.filter(({ context, permissions }) => context === 'team' || permissions.some(isOfTeams)).map(({ name }) => name);
  const { permissions } = permissionsOf(state, reader);
  return state.users.flatMap((user) => {
    const own = user.roles.filter(({ name, value }) => value === team && roles.includes(name));
    return own.map(() => userView(state, permissions, user, true));
  });
}

function teamUsers(request: ApiRequest, { state }: World) {
  const team = findTeam(state, param(request, 'name')).name;
  requireAllowed(state, userOf(request), 'team.read', [inTeam(team)]);
  const ofTeams = state.roles.filter(({ context }) => context === 'team').map(({ name }) => name);
  const users = state.users.map(({ email, roles }) => ({
    email,
    roles: [...new Set(roles.filter(({ name, value }) => value === team && ofTeams.includes(name)).map(({ name }) => name))],
  }));
  return json(users.filter(({ roles }) => roles.length > 0), { isText: true });
}

function teamGroups(request: ApiRequest, { state }: World) {
  const team = findTeam(state, param(request, 'name')).name;
  requireAllowed(state, userOf(request), 'team.read', [inTeam(team)]);
  return json([], { isText: true });
}

/** @throws ApiError with 404 */
function findTeam({ teams }: State, name: string): Team {
  const team = teams.find((one) => one.name === name);
  if (team === undefined) throw new ApiError(404, 'team not found');
  return team;
}

function addTeam({ teams }: State, text: string, tags: string[], status: { invalid: number; taken: number }): void {
  const name = text.trim();
  if (!/^[a-z][a-z0-9_-]{1,62}$/.test(name)) {
    throw new ApiError(status.invalid, INVALID_NAME);
  }
  if (teams.some((team) => team.name === name)) throw new ApiError(status.taken, 'team already exists');
  teams.push({ name, tags });
}

const INVALID_NAME =
  'Invalid team name, team names should start with a letter andcontain only lower case letters, numbers, dashes and underscore';

/** Roles keep the old name, as in Tsuru. */
function renameTeam({ apps, services, instances, pools }: State, old: string, name: string): void {
  const renamed = (teams: string[]): string[] => (teams.includes(old) ? [...teams.filter((team) => team !== old && team !== name), name] : teams);
  for (const one of [...apps, ...instances]) {
    one.teams = renamed(one.teams);
    if (one.teamOwner === old) one.teamOwner = name;
  }
  for (const service of services) Object.assign(service, { teams: renamed(service.teams), ownerTeams: renamed(service.ownerTeams) });
  for (const pool of pools) pool.teams = pool.teams && renamed(pool.teams);
}

/** Those of both spellings that the clients use. */
function tagsOf(request: ApiRequest, tags: readonly string[] | null): string[] {
  return cleanTags([...(tags ?? []), ...(inputValues(request, 'tag') ?? [])]);
}

/** What an event about a team is made of. */
function about(kind: string, team: string) {
  return { target: { Type: 'team', Value: team }, kind, allowed: { scheme: 'team.read.events', contexts: [inTeam(team)] } };
}

function inTeam(Value: string): Context {
  return { CtxType: 'team', Value };
}
