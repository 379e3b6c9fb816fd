import { messageOf } from '../../errors.ts';
import type { Api } from '../../publish/api.ts';
import { applyPlan } from '../../publish/apply.ts';
import { planOf } from '../../publish/plan.ts';
import { readRegistered } from '../../publish/registered.ts';
import type { Registration } from '../../publish/registration.ts';
import { OTHER_CLUSTER } from '../../publish/show.ts';

/** Registers a service, and again when its files changed. Both return what is to be said. */
export interface Registrar {
  /** @returns what Tsuru refused */
  first: () => Promise<string[]>;
  again: () => Promise<string[]>;
}

/** @param read reads the registration anew; what it throws, such as for a file that is half saved, is said */
export function registrarOf(api: Api, initial: Registration, read: () => Registration): Registrar {
  let before: Registration | undefined;
  let isUnread = false;
  const apply = async (next: Registration): Promise<string[]> => {
    const plan = planOf(await readRegistered(api, next), next);
    const results = await applyPlan(api, plan, next, () => undefined);
    // Tsuru has this as it was: the same files without it are no change.
    before = plan.isOtherCluster ? { ...next, isMultiCluster: !next.isMultiCluster } : next;
    const refused = results.flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal.join(' ').trim()]));
    return plan.isOtherCluster && results[0]?.refusal === undefined ? [...refused, OTHER_CLUSTER] : refused;
  };
  return {
    first: () => apply(initial),
    async again() {
      try {
        const next = read();
        if (!isUnread && JSON.stringify(next) === JSON.stringify(before)) return [];
        isUnread = false;
        const refused = await apply(next);
        return refused.length > 0 ? refused : [`The service ${next.id} is registered again.`];
      } catch (error) {
        isUnread = true;
        return [messageOf(error)];
      }
    },
  };
}
