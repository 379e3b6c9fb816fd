import type { Pool as PoolOfCall } from '../tsuru/pool.ts';
import { ApiError } from './http/answer.ts';
import { byName } from './names.ts';
import type { Cluster, Pool, State } from './records.ts';

/** A pool and its cluster as calls name them; undefined if there is none of that name. */
export function poolOf(state: State, name: string): PoolOfCall | undefined {
  const pool = state.pools.find((one) => one.name === name);
  if (pool === undefined) return undefined;
  const cluster = clusterOf(state, pool.provisioner, name);
  return {
    name,
    provisioner: pool.provisioner,
    ...(cluster && { cluster: { name: cluster.name, provisioner: cluster.provisioner, addresses: cluster.addresses } }),
  };
}

/** The names of the teams that may use a pool. */
export function teamsOf({ teams }: State, pool: Pool): string[] {
  const names = teams.map(({ name }) => name);
  return pool.isPublic || pool.teams === null ? names : names.filter((name) => pool.teams?.includes(name));
}

/** @throws ApiError with the status for a pool that is missing */
export function findPool({ pools }: State, name: string, status: number): Pool {
  const pool = pools.find((one) => one.name === name);
  if (pool === undefined) throw new ApiError(status, 'Pool does not exist.');
  return pool;
}

/** A pool as Tsuru's API shows it in other answers. */
export function poolSummary({ name, isDefault, provisioner, labels }: Pool) {
  return { Name: name, Default: isDefault, Provisioner: provisioner, Labels: labels };
}

/** A pool as Tsuru's API shows it, with all that may be used in it. */
export function poolView(state: State, pool: Pool) {
  const names = (list: readonly { name: string }[]) => (list.length === 0 ? null : list.map(({ name }) => name));
  const teams = teamsOf(state, pool);
  const allowed = teams.length === 0 ? null : teams;
  return {
    ...poolSummary(pool),
    public: pool.isPublic,
    teams: allowed,
    allowed: { plan: names([...state.plans].sort(byName)), router: ['fake'], service: names(state.services), team: allowed, 'volume-plan': null },
  };
}

/** The cluster of a provisioner that has a pool, else the default one (tsuru/provision/cluster `FindByPool`). */
export function clusterOf({ clusters }: State, provisioner: string, pool: string): Cluster | undefined {
  const own = clusters.filter((one) => one.provisioner === provisioner);
  return own.find(({ pools }) => pools.includes(pool)) ?? own.find(({ isDefault }) => isDefault);
}
