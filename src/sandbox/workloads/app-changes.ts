import { ROUTER } from './app-view.ts';
import { has } from '../state/find.ts';
import { ApiError } from '../http/answer.ts';
import { quoted } from '../http/go-text.ts';
import { decoded, struct } from '../http/decode.ts';
import { tagsOf } from '../http/input.ts';
import { userOf, type ApiRequest } from '../http/request.ts';
import { cleanTags, isName, NAME_RULE } from '../names.ts';
import { requireAllowed, teamContexts } from '../permissions/permissions.ts';
import { planFor } from '../plans.ts';
import type { App } from '../state/records.ts';
import { requireTeamInPool, teamForWorkload } from './workloads.ts';
import type { World } from '../world.ts';

const INPUT = struct('api.inputApp', {
  ...{ TeamOwner: 'string', Platform: 'string', Plan: 'string', Name: 'string', Description: 'string', Pool: 'string', Router: 'string' },
  Tags: '[]string',
});

/** Reads the request for an app. @returns what its event is about, and what adds the app. @throws ApiError */
export function newApp(request: ApiRequest, { state }: World): { given: Omit<App, 'plan'>; add: () => void } {
  const { Name: name, Plan: plan, Router: router, ...input } = decoded(request, INPUT);
  const user = userOf(request);
  const teamOwner = input.TeamOwner || teamForWorkload(state, user, 'app.create');
  const given: Omit<App, 'plan'> = {
    ...{ name, platform: input.Platform, teamOwner, teams: [], owner: user.email, pool: input.Pool, description: input.Description },
    ...{ tags: cleanTags(tagsOf(request, input.Tags) ?? []), variables: [], bound: [] },
  };
  requireAllowed(request, state, 'app.create', teamContexts([teamOwner]));
  if (given.platform !== '') throw new Error("Invalid platform");
  return {
    given,
    add() {
      if (has(state.apps, name)) {
        throw new ApiError(409, `tsuru failed to create the app ${quoted(name)}: there is already an app with this name`);
      }
      const pool = given.pool || state.pools.find(({ isDefault }) => isDefault)?.name || '';
      requireTeamInPool(state, teamOwner, pool, 500);
      const chosen = { pool, plan: planFor(state, plan), teams: [teamOwner] };
      if (router === 'none') throw new ApiError(400, 'The sandbox has no app without a router: its address is what services are told.');
      if (router !== '' && router !== ROUTER) throw new Error(`router ${quoted(router)} not found`);
      if (!isName(name)) throw new ApiError(400, `Invalid app name, your app ${NAME_RULE}`);
      state.apps.push({ ...given, ...chosen });
    },
  };
}
