import type { AppFields, Call, Calls, InstanceFields } from '../tsuru/calls.ts';
import { OTHER_TEAM } from './names.ts';
import { isAccepted, statusOf, type Sent } from './sent.ts';
import { Verdict } from './verdict.ts';

/** Makes the calls, and names what is made. */
export interface Asker {
  readonly calls: Calls;
  send(call: Call): Promise<Sent>;
  create(name: string, over: Partial<InstanceFields>): Promise<Sent>;
  bindAppNow(name: string, app: string, fields?: Partial<AppFields>): Promise<Sent>;
  unbinding(name: string, app: string): Call;
  newName(): string;
  newApp(): string;
  shared(): Promise<string>;
}

/** A call that tells whether an instance exists. */
export interface Witness {
  kind: 'status' | 'info' | 'bind' | 'create';
  /** Makes the call, and takes back what it does. */
  ask(asker: Asker, name: string): Promise<Sent>;
  /** Whether the reply means that the instance exists. */
  confirms(sent: Sent): boolean;
}

/** In the order of preference: what changes nothing comes first. */
const WITNESSES: readonly Witness[] = [
  { kind: 'status', ask: (asker, name) => asker.send(asker.calls.status(name)), confirms: isAccepted },
  { kind: 'info', ask: (asker, name) => asker.send(asker.calls.info(name)), confirms: isAccepted },
  {
    kind: 'bind',
    async ask(asker, name) {
      const app = asker.newApp();
      const sent = await asker.bindAppNow(name, app);
      if (isAccepted(sent)) await asker.send(asker.unbinding(name, app));
      return sent;
    },
    confirms: (sent) => isAccepted(sent) || statusOf(sent) === 412,
  },
  {
    kind: 'create',
    async ask(asker, name) {
      const sent = await asker.create(name, { team: OTHER_TEAM });
      if (isAccepted(sent)) await asker.send(asker.calls.destroy(name));
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
export async function findWitness(asker: Asker): Promise<Witness | undefined> {
  const there = await asker.shared();
  for (const witness of WITNESSES) {
    try {
      const ofInstance = await witness.ask(asker, there);
      const ofNothing = await witness.ask(asker, asker.newName());
      if (witness.confirms(ofInstance) && !witness.confirms(ofNothing)) return witness;
    } catch (error) {
      // A call that tends to hang is no witness.
      if (!(error instanceof Verdict)) throw error;
    }
  }
  return undefined;
}
