import type { Pool as PoolOfCall } from '../tsuru/pool.ts';
import type { State } from './records.ts';

/** A pool and its cluster as calls name them; undefined if there is none of that name. */
export function poolOf({ pools, clusters }: State, name: string): PoolOfCall | undefined {
  const pool = pools.find((one) => one.name === name);
  if (pool === undefined) return undefined;
  const own = clusters.filter(({ provisioner }) => provisioner === pool.provisioner);
  const cluster = own.find((one) => one.pools.includes(name)) ?? own.find(({ isDefault }) => isDefault);
  return {
    name,
    provisioner: pool.provisioner,
    ...(cluster && { cluster: { name: cluster.name, provisioner: cluster.provisioner, addresses: cluster.addresses } }),
  };
}
