import { appView } from '../workloads/app-view.ts';
import { changeUnderEvent, underEvent } from '../events/events.ts';
import { about, found, has, remove } from '../state/find.ts';
import { ApiError, empty, json, listed } from '../http/answer.ts';
import { decoded, struct } from '../http/decode.ts';
import { tagsOf } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { byName, cleanTags } from '../names.ts';
import { permissionNames } from '../permissions/permission-names.ts';
import { covers, grants, isAllowed, permissionsOf, requireAllowed, teamContexts, unauthorized } from '../permissions/permissions.ts';
import type { State, User } from '../state/records.ts';
import { userView } from '../user-view.ts';
import type { World } from '../world.ts';

export const TEAMS_ROUTES = routes({
  '1.0 GET /teams': listTeams,
  '1.0 POST /teams': createTeam,
  '1.0 DELETE /teams/{name}': removeTeam,
  '1.4 GET /teams/{name}': teamInfo,
});

/** The teams in which the user may do something, with the highest of its permissions there. */
function listTeams(request: ApiRequest, { state }: World) {
  const { permissions } = permissionsOf(state, userOf(request));
  const names = permissionNames().filter(({ contexts }) => contexts.includes('team'));
  const teams = [...state.teams].sort(byName).map(({ name, tags }) => {
    const granted = names.filter((one) => grants(permissions, one.name, teamContexts([name]))).map((one) => one.name);
    return { name, permissions: granted.filter((one) => !granted.some((other) => other !== one && covers(other, one))), tags };
  });
  return listed(teams.filter((team) => team.permissions.length > 0));
}

const TEAM = struct('auth.Team', { name: 'string', tags: '[]string' });

async function createTeam(request: ApiRequest, world: World) {
  const { state } = world;
  requireAllowed(request, state, 'team.create');
  const given = decoded(request, TEAM);
  await underEvent(world, request, { ...aboutTeam(given.name), kind: 'team.create' }, () => {
    const name = given.name.trim();
    if (!/^[a-z][a-z0-9_-]{1,62}$/.test(name)) throw new ApiError(400, INVALID_NAME);
    if (has(state.teams, name)) throw new ApiError(409, 'team already exists');
    state.teams.push({ name, tags: cleanTags(tagsOf(request, given.tags) ?? []) });
  });
  return empty(201);
}

const INVALID_NAME =
  'Invalid team name, team names should start with a letter andcontain only lower case letters, numbers, dashes and underscore';

async function removeTeam(request: ApiRequest, world: World) {
  const name = param(request, 'name');
  const subject = aboutTeam(name);
  const missing = new ApiError(404, `Team "${name}" not found.`);
  if (!isAllowed(world.state, userOf(request), 'team.delete', subject.contexts)) throw missing;
  return changeUnderEvent(request, world, { ...subject, kind: 'team.delete' }, () => {
    const { apps, instances, teams } = world.state;
    const uses = [
      ['Apps', apps.filter((app) => app.teams.includes(name)).map((app) => app.name).sort()],
      ['Service instances', instances.filter((one) => one.teams.includes(name)).map((one) => `${one.service}/${one.name}`)],
    ] as const;
    for (const [kind, users] of uses) {
      if (users.length === 0) continue;
      throw new ApiError(403, `This team cannot be removed because there are still references to it:\n${kind}: ${users.join(', ')}`);
    }
    remove(teams, found(teams, name, missing.message));
  });
}

function teamInfo(request: ApiRequest, { state }: World) {
  const { name, tags } = found(state.teams, param(request, 'name'), 'team not found');
  const reader = userOf(request);
  if (!isAllowed(state, reader, 'team.read')) throw unauthorized();
  return json({
    apps: state.apps.filter((app) => app.teamOwner === name && app.teams.includes(name)).map((app) => appView(state, app)),
    name,
    pools: null,
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

function aboutTeam(name: string) {
  return about('team', name, teamContexts([name]));
}
