import type { Variables } from './backend.js';
import type { WorkloadKey } from './backend-calls.js';
import { ServiceError } from './errors.js';
import type { OtherBind, StoredBind } from './store-rows.js';

/** Names of variables in an error; a longer list is cut. */
const MAX_NAMES = 3;

/** A bind whose variables would replace those that an app or a job has from another instance. */
export interface Clash {
  other: OtherBind;
  names: string[];
}

/**
 * Looks for variables of a new bind that its app or job already has from another instance of the service. Names that it
 * had before do not count: a bind must be repeatable.
 * @param previous the variables of the last bind of the same app or job to the same instance
 */
export function clashWith(others: readonly OtherBind[], variables: Variables, previous: Variables): Clash | undefined {
  const added = Object.keys(variables).filter((name) => !Object.hasOwn(previous, name));
  for (const other of others) {
    if (other.bind.state === 'unbound') continue;
    const names = added.filter((name) => Object.hasOwn(other.bind.variables, name));
    if (names.length > 0) return { other, names };
  }
  return undefined;
}

/** Whether a bind has ended and another one has its variables since: it may no longer come back without a check. */
export function isSuperseded({ state, variables }: StoredBind, by: Variables): boolean {
  return state === 'unbound' && Object.keys(variables).some((name) => Object.hasOwn(by, name));
}

/** @param service the service's id in Tsuru @returns 422 that says how to keep the variables of the two apart */
export function clashError(
  service: string,
  instance: string,
  { kind, name }: WorkloadKey,
  otherInstance: string,
  names: readonly string[],
): ServiceError {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  const prefix = `${instance.toUpperCase().replace(/\W/g, '_')}_`;
  return new ServiceError(
    422,
    `The ${kind} "${name}" has ${names.slice(0, MAX_NAMES).join(', ')}${more} from the instance "${otherInstance}", and this bind would replace them. Give the variables of "${instance}" a prefix and bind again: tsuru service instance update ${service} ${instance} --add-param env_prefix=${prefix}`,
  );
}
