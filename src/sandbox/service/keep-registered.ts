import { messageOf } from '../../errors.ts';
import { register, type Api, type Registration } from './registration.ts';

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
    const { refused, isMultiCluster } = await register(api, next, before);
    before = { ...next, isMultiCluster };
    return refused;
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
