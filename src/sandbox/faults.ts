/** The changes that a fault can happen in. */
export const BREAKABLE_STEPS = ['create', 'update', 'remove', 'bind-app', 'unbind-app', 'bind-job', 'unbind-job'] as const;
export type Step = (typeof BREAKABLE_STEPS)[number];

const BINDS: readonly Step[] = ['bind-app', 'unbind-app', 'bind-job', 'unbind-job'];

/** What goes wrong in production, once for each time that it is armed, and the changes that it can happen in. */
export const FAULTS = {
  lost: { steps: BREAKABLE_STEPS, text: 'The service does its work, and the connection breaks before its answer.' },
  timeout: { steps: BREAKABLE_STEPS, text: 'Tsuru does not wait for the answer to the end: it hangs up after a second.' },
  crash: { steps: BREAKABLE_STEPS, text: 'Tsuru ends between its own step and that of the service, and neither goes on nor undoes anything.' },
  store: { steps: ['create', 'remove', ...BINDS], text: "Tsuru's database does not take what the service answered, so that Tsuru undoes what it can." },
  restart: { steps: BINDS, text: 'The units of the app do not restart, or the job is not updated, after the variables have changed.' },
} as const satisfies Record<string, { steps: readonly Step[]; text: string }>;

export type Fault = keyof typeof FAULTS;

/** The faults that are armed. */
export interface Faults {
  /** The next time that a step is made, the fault happens. @throws Error for a fault that cannot happen in it */
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
      const steps: readonly Step[] = FAULTS[fault].steps;
      if (!steps.includes(step)) throw new Error(`The fault "${fault}" cannot happen in "${step}", only in ${steps.join(', ')}.`);
      armed.set(`${fault} ${step}`, { fault, step });
      changed();
    },
    disarm: remove,
    take: remove,
    list: () => [...armed.values()],
  };
}

/** @throws Crash or Error if the fault is armed for the step */
export function failIfArmed(faults: Faults, fault: keyof typeof FAILURES, step: Step): void {
  if (!faults.take(fault, step)) return;
  throw fault === 'crash' ? new Crash(FAILURES.crash) : new Error(FAILURES[fault]);
}

const FAILURES = {
  crash: 'sandbox fault: Tsuru ended before it was done',
  store: 'sandbox fault: the database of Tsuru does not take the change',
  restart: 'sandbox fault: the units do not restart',
};
