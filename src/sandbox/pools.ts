import type { Pool } from '../tsuru/pool.ts';
import { found } from './state/find.ts';
import { orNull } from './http/answer.ts';
import { byName } from './names.ts';
import type { Cluster, PoolRecord, State } from './state/records.ts';

/** A pool and its cluster as calls name them; undefined if there is none of that name. */
export function poolOf(state: State, name: string): Pool | undefined {
  const pool = state.pools.find((one) => one.name === name);
  if (pool === undefined) return undefined;
  const cluster = clusterOf(state, pool.provisioner, name);
  return {
    name,
    provisioner: pool.provisioner,
    ...(cluster && { cluster: { name: cluster.name, provisioner: cluster.provisioner, addresses: cluster.addresses } }),
  };
}

/** @throws ApiError with the status for a pool that is missing */
export function findPool({ pools }: State, name: string, status: number): PoolRecord {
  return found(pools, name, 'Pool does not exist.', status);
}

/** A pool as Tsuru's API shows it, with all that may be used in it. */
export function poolView(state: State, pool: PoolRecord) {
  const names = (list: readonly { name: string }[]) => orNull(list.map(({ name }) => name));
  const teams = names(state.teams);
  return {
    ...{ Name: pool.name, Default: pool.isDefault, Provisioner: pool.provisioner, Labels: pool.labels },
    public: pool.isPublic,
    teams,
    allowed: { plan: names([...state.plans].sort(byName)), router: ['fake'], service: names(state.services), team: teams, 'volume-plan': null },
  };
}

/** The cluster of a provisioner that has a pool, else the default one (tsuru/provision/cluster `FindByPool`). */
export function clusterOf({ clusters }: State, provisioner: string, pool: string): Cluster | undefined {
  const own = clusters.filter((one) => one.provisioner === provisioner);
  return own.find(({ pools }) => pools.includes(pool)) ?? own.find((one) => one.default);
}
