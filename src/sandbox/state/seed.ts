import { has } from './find.ts';
import { firstPlans, planFor } from '../plans.ts';
import type { PoolRecord, State } from './records.ts';

/** The user that the sandbox's own token is of. */
export const ROOT = 'root@example.com';

/** The role of all permissions. */
const ALL = 'AllowAll';

/** What a Tsuru has once it is installed: its first user, which may do everything. */
export function freshState(token: string): State {
  return {
    users: [{ email: ROOT, password: token, tokens: [token], roles: [{ name: ALL, value: '' }] }],
    roles: [{ name: ALL, context: 'global', description: '', permissions: ['*'], actions: [] }],
    teams: [],
    pools: [],
    clusters: [],
    plans: firstPlans(),
    services: [],
    instances: [],
    apps: [],
    jobs: [],
    events: [],
  };
}

/** Gives the first user that token, and makes it again if it was removed. */
export function withRoot(state: State, token: string): void {
  const { users, roles } = freshState(token);
  const root = state.users.find(({ email }) => email === ROOT);
  if (root === undefined) state.users.push(...users);
  else if (!root.tokens.includes(token)) root.tokens.push(token);
  if (!has(state.roles, ALL)) state.roles.push(...roles);
}

/** Adds what an author needs to create an instance and bind it: a team, and at first a pool, an app and a job, too. */
export function seed(state: State, team: string): void {
  if (!has(state.teams, team)) state.teams.push({ name: team, tags: [] });
  if (state.pools.length > 0) return;
  const pool: PoolRecord = { name: 'pool1', isDefault: true, isPublic: true, provisioner: 'fake', labels: {} };
  state.pools.push(pool);
  state.clusters.push({ name: 'c1', addresses: ['https://127.0.0.1:6443'], provisioner: 'fake', pools: [pool.name], custom_data: null, default: false });
  const common = { teamOwner: team, teams: [team], owner: ROOT, pool: pool.name, plan: planFor(state, ''), description: '', tags: [] };
  const blank = () => structuredClone({ ...common, variables: [], bound: [] });
  const schedule = { schedule: '0 3 * * *', isManual: false, image: '', command: [] };
  state.apps.push({ ...blank(), name: 'app1', platform: '' });
  state.jobs.push({ ...blank(), ...schedule, name: 'job1' });
}
