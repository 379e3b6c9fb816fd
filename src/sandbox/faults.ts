/**
 * What goes wrong in production, once for each time that it is armed:
 * `lost`: the service does its work, and the connection breaks before its answer;
 * `timeout`: Tsuru does not wait for the answer to the end;
 * `crash`: Tsuru ends after the service has answered, and neither goes on nor undoes anything;
 * `store`: the next step of Tsuru fails, so that it undoes what the service did;
 * `restart`: the units of the app do not restart, so that it undoes what the service did.
 */
export const FAULTS = ['lost', 'timeout', 'crash', 'store', 'restart'] as const;
export type Fault = (typeof FAULTS)[number];

/** The changes that a fault can happen in. */
export const STEPS = ['create', 'update', 'remove', 'bind-app', 'unbind-app', 'bind-job', 'unbind-job'] as const;
export type Step = (typeof STEPS)[number];

/** The faults that are armed. */
export interface Faults {
  /** The next time that a step is made, the fault happens. */
  arm(fault: Fault, step: Step): void;
  disarm(fault: Fault, step: Step): void;
  /** Whether a fault happens now; if so, it is disarmed. */
  take(fault: Fault, step: Step): boolean;
  list(): { fault: Fault; step: Step }[];
}

/** Tsuru ended in the middle of a request: it is not answered, and nothing is undone. */
export class Crash extends Error {}

/** @param changed is called when a fault was armed, disarmed or taken */
export function makeFaults(changed: () => void): Faults {
  const armed = new Map<string, { fault: Fault; step: Step }>();
  const remove = (fault: Fault, step: Step): boolean => {
    const isThere = armed.delete(`${fault} ${step}`);
    if (isThere) changed();
    return isThere;
  };
  return {
    arm(fault, step) {
      armed.set(`${fault} ${step}`, { fault, step });
      changed();
    },
    disarm: remove,
    take: remove,
    list: () => [...armed.values()],
  };
}
