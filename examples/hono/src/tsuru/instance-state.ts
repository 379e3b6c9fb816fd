import type { Cluster, Instance } from './backend.js';
import { ServiceError } from './errors.js';
import { sentence } from './life-cycle-errors.js';
import type { StoredInstance } from './store-rows.js';

/** The part of an instance that backends and endpoints see. */
export function publicPart({ id, name, team, plan, description, tags, parameters, data }: StoredInstance): Instance {
  return { id, name, team, plan, description, tags, parameters, data };
}

/**
 * The cluster of a call that may have come through Tsuru's proxy. A user can forge the headers there when the instance
 * has no pool, so they count only for the pool in which the instance was created.
 */
export function trustedCluster(instance: StoredInstance, cluster: Cluster | undefined): Cluster | undefined {
  return cluster?.pool === instance.cluster?.pool ? cluster : instance.cluster;
}

/**
 * A pending instance becomes a failed one, since the service stopped during its creation; any other stays unchanged.
 */
export function interrupted(instance: StoredInstance): StoredInstance {
  if (instance.state !== 'pending') return instance;
  return { ...instance, state: 'failed', error: 'The service stopped while it was being created.' };
}

/** The state and its reason, for the team of the instance. */
export function describeState({ state, error, damaged }: StoredInstance): string {
  if (damaged.length > 0) return `damaged: the store cannot read its ${damaged.join(', ')}`;
  return error === '' ? state : `${state}: ${error}`;
}

/** @throws ServiceError 500 when the store cannot read all of the instance */
export function refuseDamaged({ name, damaged }: StoredInstance): void {
  if (damaged.length > 0) throw damagedInstance(name, damaged);
}

/** @param damaged the columns that cannot be read */
export function damagedInstance(name: string, damaged: readonly string[]): ServiceError {
  return new ServiceError(
    500,
    `The service's store cannot read the ${damaged.join(', ')} of the instance "${name}". It can only be removed.`,
  );
}

/**
 * Refuses an instance that cannot be used now.
 * @param whilePending the status while it is being created; Tsuru expects 412 from a bind
 * @throws ServiceError `whilePending`, 409 when it failed or is being removed, 500 when it is damaged
 */
export function refuseUnready(instance: StoredInstance, whilePending: 409 | 412): void {
  const { name, state, error } = instance;
  refuseDamaged(instance);
  if (state === 'pending') {
    throw new ServiceError(
      whilePending,
      `The instance "${name}" is still being created. Try again when its status is up.`,
    );
  }
  if (state === 'failed') {
    const reason = `The instance "${name}" could not be created${error === '' ? '' : `: ${error}`}`;
    throw new ServiceError(409, `${sentence(reason)} Remove it and create it again.`);
  }
  if (state === 'removing') throw new ServiceError(409, `The instance "${name}" is being removed.`);
}
