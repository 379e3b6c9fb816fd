import type { Pool as PoolOfCall } from '../tsuru/pool.ts';
import type { Cluster, State } from './records.ts';

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

/** The cluster of a provisioner that has a pool, else the default one (tsuru/provision/cluster `FindByPool`). */
export function clusterOf({ clusters }: State, provisioner: string, pool: string): Cluster | undefined {
  const own = clusters.filter((one) => one.provisioner === provisioner);
  return own.find(({ pools }) => pools.includes(pool)) ?? own.find(({ isDefault }) => isDefault);
}
