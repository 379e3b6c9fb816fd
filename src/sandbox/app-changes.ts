import { ROUTER } from './app-view.ts';
import type { EventOptions, RunningEvent } from './events.ts';
import { appContexts } from './find.ts';
import { ApiError } from './http/answer.ts';
import { quoted } from './http/go-text.ts';
import { decoded } from './http/decode.ts';
import { inputValue, inputValues } from './http/input.ts';
import { userOf, type ApiRequest } from './http/request.ts';
import { ANY, STRING, STRING_MAP, STRINGS, struct } from './http/shapes.ts';
import { isTrue } from './http/values.ts';
import { changedMetadata, isEmptyChange, METADATA, requireMetadata, type MetadataChange } from './metadata.ts';
import { cleanTags, isName, NAME_RULE } from './names.ts';
import { requireAllowed } from './permissions.ts';
import { planFor, planOf } from './plans.ts';
import type { App, Json, State } from './records.ts';
import { requireTeamInPool, teamForWorkload } from './workloads.ts';
import type { World } from './world.ts';

type Field = 'TeamOwner' | 'Platform' | 'Plan' | 'Name' | 'Description' | 'Pool' | 'Router';

interface InputApp extends Record<Field, string> {
  RouterOpts: Record<string, string> | null;
  Tags: string[] | null;
  Metadata: MetadataChange;
  PlanOverride: Json;
  Processes: Json;
}

const INPUT = struct('api.inputApp', {
  ...{ TeamOwner: STRING, Platform: STRING, Plan: STRING, Name: STRING, Description: STRING, Pool: STRING, Router: STRING },
  ...{ RouterOpts: STRING_MAP, Tags: STRINGS, PlanOverride: ANY, Metadata: METADATA, Processes: ANY },
});

/** Reads the request for an app. @returns what its event is about, and what adds the app. @throws ApiError */
export function newApp(request: ApiRequest, { state }: World): { given: App; options: EventOptions; add: () => void } {
  const input = decoded(request, INPUT) as InputApp;
  const user = userOf(request);
  const { Router: router, Plan: plan } = input;
  const given: Omit<App, 'plan'> = {
    name: input.Name,
    platform: input.Platform,
    teamOwner: input.TeamOwner || teamForWorkload(state, user, 'app.create'),
    teams: [],
    owner: user.email,
    pool: input.Pool,
    description: input.Description,
    tags: tagsOf(request, input.Tags),
    metadata: changedMetadata({ labels: [], annotations: [] }, input.Metadata),
    variables: [],
    bound: [],
  };
  requireAllowed(state, user, 'app.create', [{ CtxType: 'team', Value: given.teamOwner }]);
  if (given.platform !== '') throw new Error("Platform doesn't exist.");
  const app = given as App;
  return {
    given: app,
    options: { target: { Type: 'app', Value: app.name }, kind: 'app.create', allowed: { scheme: 'app.read.events', contexts: appContexts(app) } },
    add() {
      if (state.apps.some(({ name }) => name === app.name)) {
        throw new ApiError(409, `tsuru failed to create the app ${quoted(app.name)}: there is already an app with this name`);
      }
      const pool = poolFor(state, app);
      requireTeamInPool(state, 'App', app.teamOwner, pool, 500);
      const chosen = { pool, plan: planFor(state, plan), teams: [app.teamOwner] };
      if (router === 'none') throw new ApiError(400, 'The sandbox has no app without a router: its address is what services are told.');
      if (router !== '' && router !== ROUTER) throw new Error(`router ${quoted(router)} not found`);
      if (!isName(app.name)) throw new ApiError(400, `Invalid app name, your app ${NAME_RULE}`);
      state.apps.push({ ...app, ...chosen });
    },
  };
}

/** The pool that is named, else the only one that the team was given, else the default one. @throws Error */
function poolFor({ pools }: State, { pool, teamOwner }: App): string {
  if (pool !== '') return pool;
  const own = pools.filter(({ isPublic, teams }) => !isPublic && teams?.includes(teamOwner) === true);
  if (own.length > 1) {
    const names = [...own, ...pools.filter(({ isPublic }) => isPublic)].map(({ name }) => quoted(name));
    throw new Error(`you have access to ${names.join(',')} pools. Please choose one in app creation`);
  }
  const chosen = own[0] ?? pools.find(({ isDefault }) => isDefault);
  if (chosen === undefined) throw new Error('Pool does not exist.');
  return chosen.name;
}

/** Reads the request for a change of an app. @returns the permissions below `app.update` that it needs, and what makes it */
export function appUpdate(request: ApiRequest, { state }: World, app: App): { wanted: string[]; apply: (event: RunningEvent) => void } {
  const { Description: description, Plan: plan, TeamOwner: team, Pool: pool, Metadata: metadata, ...input } = decoded(request, INPUT) as InputApp;
  const tags = tagsOf(request, input.Tags);
  const [isReset, noRestart] = [isTrue(inputValue(request, 'imageReset')), isTrue(inputValue(request, 'noRestart'))];
  if (input.Router !== '' || Object.keys(input.RouterOpts ?? {}).length > 0) {
    throw new ApiError(400, 'updating router was deprecated, please add the wanted router and remove the old one');
  }
  if (pool !== '' && pool !== app.pool) {
    throw new ApiError(400, 'pool updates are no longer supported, create a new app in the desired pool instead');
  }
  if (hasValue(input.PlanOverride) || hasValue(input.Processes)) {
    throw new ApiError(501, 'The sandbox has no processes, and no plans for single apps: apps are records only.');
  }
  if (inputValue(request, 'platform') !== '') throw new Error("Platform doesn't exist.");
  const isAsked: [string, boolean][] = [
    ['description', description !== ''],
    ['tags', tags.length > 0],
    ['plan', plan !== ''],
    ['teamowner', team !== ''],
    ['image-reset', isReset],
    ['metadata', !isEmptyChange(metadata)],
  ];
  const wanted = isAsked.filter(([, asked]) => asked).map(([name]) => name);
  if (wanted.length === 0) {
    throw new ApiError(400, 'Neither the description, tags, plan, pool, team owner or platform were set. You must define at least one.');
  }
  return {
    wanted,
    apply(event) {
      const next = { ...app };
      if (description !== '') next.description = description;
      if (plan !== '') next.plan = planAsked(state, plan);
      if (team !== '') {
        if (!state.teams.some(({ name }) => name === team)) throw new Error('team not found');
        next.teamOwner = team;
      }
      if (tags.length > 0) next.tags = tags;
      requireMetadata(metadata);
      next.metadata = changedMetadata(app.metadata, metadata);
      requireTeamInPool(state, 'App', next.teamOwner, app.pool, 500);
      const isOther = (['plan', 'metadata'] as const).some((field) => JSON.stringify(next[field]) !== JSON.stringify(app[field]));
      if (isOther && !noRestart) event.write(`---- Restarting the app ${quoted(app.name)} ----\n`);
      if (team !== '') next.teams = [...new Set([...app.teams, team])];
      Object.assign(app, next);
    },
  };
}

/** Whether anything is in a value of JSON or of a form, however deep. */
function hasValue(value: Json): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).some(hasValue) : value !== null && value !== '';
}

/** @throws ApiError with 400 */
function planAsked(state: State, name: string) {
  try {
    return planOf(state, name);
  } catch (error) {
    throw new ApiError(400, (error as Error).message);
  }
}

/** Those of both spellings that the clients use. */
function tagsOf(request: ApiRequest, tags: readonly string[] | null): string[] {
  return cleanTags([...(tags ?? []), ...(inputValues(request, 'tag') ?? [])]);
}
