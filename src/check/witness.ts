import { isAccepted, OTHER_TEAM, statusOf, type Probe } from './probe.ts';
import type { Sent } from './session.ts';
import { Verdict } from './verdict.ts';

/** A call that tells whether an instance exists. */
export interface Witness {
  kind: 'status' | 'info' | 'bind' | 'create';
  /** Makes the call, and takes back what it does. */
  ask(probe: Probe, name: string): Promise<Sent>;
  /** Whether the reply means that the instance exists. */
  confirms(sent: Sent): boolean;
}

/** In the order of preference: what changes nothing comes first. */
const WITNESSES: readonly Witness[] = [
  { kind: 'status', ask: (probe, name) => probe.send(probe.calls.status(name)), confirms: isAccepted },
  { kind: 'info', ask: (probe, name) => probe.send(probe.calls.info(name)), confirms: isAccepted },
  {
    kind: 'bind',
    async ask(probe, name) {
      const app = probe.newApp();
      const sent = await probe.bindAppNow(name, app);
      if (isAccepted(sent)) await probe.send(probe.unbinding(name, app));
      return sent;
    },
    confirms: (sent) => isAccepted(sent) || statusOf(sent) === 412,
  },
  {
    kind: 'create',
    async ask(probe, name) {
      const sent = await probe.create(name, { team: OTHER_TEAM });
      if (isAccepted(sent) && !probe.names.includes(name)) probe.own(name);
      return sent;
    },
    confirms: (sent) => !isAccepted(sent),
  },
];

/**
 * Finds a call that tells an instance from a name without one. A service need not have a status or an info, and some reply
 * the same for every name.
 * @throws Verdict `blocked` if no instance can be created
 */
export async function findWitness(probe: Probe): Promise<Witness | undefined> {
  const there = await probe.shared();
  for (const witness of WITNESSES) {
    try {
      const ofInstance = await witness.ask(probe, there);
      const ofNothing = await witness.ask(probe, probe.newName());
      if (witness.confirms(ofInstance) && !witness.confirms(ofNothing)) return witness;
    } catch (error) {
      // A call that tends to hang is no witness.
      if (!(error instanceof Verdict)) throw error;
    }
  }
  return undefined;
}
