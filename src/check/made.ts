import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Call } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Exchange } from '../tsuru/http.ts';
import { forEachConcurrently } from './concurrency.ts';
import { HANGING_LIMIT, isUnreachable, type Sent, type Session } from './session.ts';

/** What may exist of an instance of a check. */
interface Instance {
  encoding: Encoding;
  /** Whether the service took a create. */
  isCreated: boolean;
  /** The number of creates without a reply, which the service may still carry out. */
  unanswered: number;
  /** The hosts of each app that may be bound. */
  apps: Map<string, readonly string[]>;
  jobs: Set<string>;
}

/** An instance that may be left behind, and the call that removes it. */
export interface Left {
  name: string;
  removal: Call;
}

/** The number of instances that are removed at the same time. */
const REMOVALS_AT_ONCE = 4;

/** Milliseconds to wait for a reply while instances are removed. */
const REMOVAL_TIMEOUT = 10_000;

/** Milliseconds for the removal of all instances at the end. */
const CLEAN_UP_TIME = 30_000;

/** Everything that a run made in the service, and its removal. */
export class Made {
  /** The call that tells whether an instance exists, once it is known that there is one. */
  teller: 'status' | 'info' | undefined;
  private readonly session: Session;
  private readonly instances = new Map<string, Instance>();
  private readonly removed = new Map<string, Instance>();
  /** The number of removals without a reply in time, which are not worth waiting for hundreds of times. */
  private hangs = 0;
  private signal = new AbortController().signal;

  constructor(session: Session) {
    this.session = session;
    setMaxListeners(0, this.signal);
  }

  /**
   * Notes, before a call is sent, what may exist afterwards.
   * @returns to be called with the outcome
   */
  expectEffectOf({ action, instance: name, app, job, request }: Call, encoding: Encoding): (sent: Sent) => void {
    if (action === 'Create') {
      const instance = this.expect(name, encoding);
      instance.unanswered++;
      return ({ exchange: { reply } }) => {
        if (reply === undefined) return;
        instance.unanswered--;
        if (reply.status < 400) instance.isCreated = true;
      };
    }
    const instance = this.instances.get(name);
    if (instance === undefined) return () => undefined;
    if (action === 'BindApp') instance.apps.set(app, hostsIn(request.body ?? ''));
    if (action === 'BindJob') instance.jobs.add(job);
    return ({ exchange: { reply } }) => {
      if (reply === undefined || reply.status >= 300) return;
      if (action === 'UnbindApp') instance.apps.delete(app);
      if (action === 'UnbindJob') instance.jobs.delete(job);
    };
  }

  /** Notes that an instance may be created, and must then be removed. */
  expect(name: string, encoding: Encoding): Instance {
    const known = this.instances.get(name);
    if (known !== undefined) return known;
    const instance: Instance = { encoding, isCreated: false, unanswered: 0, apps: new Map(), jobs: new Set() };
    this.instances.set(name, instance);
    return instance;
  }

  /** The apps that may be bound to an instance, with their hosts. */
  appsOf(name: string): [app: string, hosts: readonly string[]][] {
    return [...(this.instances.get(name)?.apps ?? [])];
  }

  /**
   * Removes the instances with these names.
   * @returns the names of those that may still exist
   */
  async remove(names: readonly string[] = [...this.instances.keys()]): Promise<string[]> {
    const left: string[] = [];
    await forEachConcurrently(names, REMOVALS_AT_ONCE, async (name) => {
      const instance = this.instances.get(name);
      if (instance === undefined) return;
      const isGone = await this.removeOne(name, instance);
      if (isGone) {
        this.instances.delete(name);
        this.removed.set(name, instance);
      } else if (mayExist(instance)) {
        left.push(name);
      }
    });
    return left;
  }

  /**
   * Removes all instances, and once more those that came back after their removal, or that a create without a reply may have
   * made since. Takes half a minute at most.
   * @param hurry ends it at once
   */
  async removeAll(hurry = new AbortController().signal): Promise<Left[]> {
    this.signal = AbortSignal.any([hurry, AbortSignal.timeout(CLEAN_UP_TIME)]);
    setMaxListeners(0, this.signal);
    const left = await this.remove();
    if (this.session.isLost) return left.map((name) => this.leftOf(name));
    await forEachConcurrently([...this.removed], REMOVALS_AT_ONCE, async ([name, instance]) => {
      if (instance.unanswered > 0 || (await this.isThere(name, instance)) === true) this.instances.set(name, instance);
    });
    return (await this.remove()).map((name) => this.leftOf(name));
  }

  private leftOf(name: string): Left {
    const encoding = this.instances.get(name)?.encoding ?? 'form';
    return { name, removal: this.session.calls(encoding).destroy(name) };
  }

  /** Destroys one instance, after unbinding from it if necessary. @returns whether it is gone */
  private async removeOne(name: string, instance: Instance): Promise<boolean> {
    const calls = this.session.calls(instance.encoding);
    for (let time = 0; time < 3 && this.hangs < HANGING_LIMIT; time++) {
      const destroyed = await this.ask(calls.destroy(name));
      const status = destroyed.reply?.status ?? 0;
      if (status === 404 || status === 410) return true;
      if (status >= 200 && status < 300) return this.vanishes(name, instance);
      if (status >= 400 && !mayExist(instance)) return true;
      if (isUnreachable(destroyed) || destroyed.failure === 'aborted') return false;
      if (destroyed.failure === 'timeout') {
        this.hangs++;
        return false;
      }
      for (const [app, hosts] of instance.apps) await this.ask(calls.unbindApp(name, app, hosts));
      for (const job of instance.jobs) await this.ask(calls.unbindJob(name, job));
    }
    return false;
  }

  /** A removal may continue after its reply: waits for up to a second, unless the service keeps its instances anyway. */
  private async vanishes(name: string, instance: Instance): Promise<boolean> {
    for (let pause = 50; ; pause *= 2) {
      if ((await this.isThere(name, instance)) !== true) return true;
      if (pause > 400 || this.session.isKeeping) return false;
      await sleep(pause);
    }
  }

  /** Whether an instance exists; undefined if the service has no call that tells. */
  private async isThere(name: string, { encoding }: Instance): Promise<boolean | undefined> {
    if (this.teller === undefined) return undefined;
    const { reply } = await this.ask(this.session.calls(encoding)[this.teller](name));
    return reply === undefined ? undefined : reply.status < 300;
  }

  /** Makes a call during the removal of instances, even after the run was stopped. */
  private async ask(call: Call): Promise<Exchange> {
    return (await this.session.exchange(call, this.signal, REMOVAL_TIMEOUT)).exchange;
  }
}

/** Whether a create was taken, or got no reply. */
function mayExist({ isCreated, unanswered }: Instance): boolean {
  return isCreated || unanswered > 0;
}

/** The hosts in the body of a bind, in either encoding. */
function hostsIn(body: string): string[] {
  if (!body.startsWith('{')) return new URLSearchParams(body).getAll('app-hosts');
  return (JSON.parse(body) as { appHosts?: string[] }).appHosts ?? [];
}
