import { setMaxListeners } from 'node:events';

import type { Call, Calls } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Exchange } from '../tsuru/http.ts';
import { INSTANCE_NAME } from '../tsuru/names.ts';
import { forEachConcurrently } from './concurrency.ts';
import { hostOf } from './names.ts';
import { HANGING_LIMIT, pause, REPEATS, requestedPause } from './patience.ts';
import { isUnreachable, type Sent } from './sent.ts';

/** What may exist of an instance of a check. */
interface Instance {
  encoding: Encoding;
  /** Whether the service took a create. */
  isCreated: boolean;
  /** Whether it took a destroy since. */
  isDestroyed: boolean;
  /** Whether a create failed in the service, which may have kept something all the same. */
  isSuspect: boolean;
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

/** Makes the calls. */
export interface Caller {
  calls(encoding: Encoding): Calls;
  /** @param timeout milliseconds */
  exchange(call: Call, signal: AbortSignal, timeout: number): Promise<Sent>;
  /** Whether the service became unreachable. */
  readonly isLost: boolean;
  /** Whether the service keeps its instances anyway. */
  readonly isKeeping: boolean;
  /** `timeout`: milliseconds to wait for a reply. */
  readonly service: { timeout: number };
}

/** The app whose bind tells whether an instance exists. */
const APP = 'checkapp';

/** The number of instances that are removed at the same time. */
const REMOVALS_AT_ONCE = 4;

/** After this many instances that the service did not destroy, it is asked once for each. */
const MOST_REFUSALS = 3;

/** Milliseconds for the removal of all instances at the end. */
const CLEAN_UP_TIME = 30_000;

/** Everything that a run made in the service, and its removal. */
export class Made {
  /** The call that tells whether an instance exists, once it is known that there is one. */
  teller: 'status' | 'info' | 'bind' | undefined;
  private readonly caller: Caller;
  private readonly instances = new Map<string, Instance>();
  private readonly removed = new Map<string, Instance>();
  /** The number of removals without a reply in time, which are not worth waiting for hundreds of times. */
  private hangs = 0;
  /** Whether a destroy of an instance that was there got a 404. */
  private servesNoDestroy = false;
  /** The number of instances that the service did not destroy. */
  private refusals = 0;
  /** Whether the service took any create. */
  private isAnyCreated = false;
  private signal: AbortSignal;

  /** @param signal ends the removals of single checks; what they leave is removed at the end */
  constructor(caller: Caller, signal: AbortSignal) {
    this.caller = caller;
    this.signal = signal;
  }

  /**
   * Notes, before a call is sent, what may exist afterwards.
   * @returns to be called with the outcome
   */
  expectEffectOf({ action, instance: name, app, job, request }: Call, encoding: Encoding): (sent: Sent) => void {
    if (action === 'Create') {
      const instance = this.expect(name, encoding);
      instance.unanswered++;
      return ({ exchange }) => {
        const { reply } = exchange;
        if (reply === undefined && !isUnreachable(exchange)) return;
        instance.unanswered--;
        if (reply === undefined) return;
        if (reply.status < 400) {
          instance.isCreated = this.isAnyCreated = true;
          instance.isDestroyed = false;
        }
        if (reply.status >= 500) instance.isSuspect = true;
      };
    }
    const instance = this.instances.get(name);
    if (instance === undefined) return () => undefined;
    if (action === 'BindApp') instance.apps.set(app, hostsIn(request.body ?? ''));
    if (action === 'BindJob') instance.jobs.add(job);
    const isThere = instance.isCreated && !instance.isDestroyed;
    return ({ exchange: { reply }, authorization }) => {
      const isOwn = action === 'Destroy' && authorization === 'own';
      if (isOwn && isThere && reply?.status === 404) this.servesNoDestroy = true;
      if (reply === undefined || reply.status >= 300) return;
      if (action === 'UnbindApp') instance.apps.delete(app);
      if (action === 'UnbindJob') instance.jobs.delete(job);
      if (action === 'Destroy') instance.isDestroyed = true;
    };
  }

  /** Notes that an instance may be created, and must then be removed. */
  expect(name: string, encoding: Encoding): Instance {
    const known = this.instances.get(name);
    if (known !== undefined) return known;
    const instance: Instance = {
      ...{ encoding, isCreated: false, isDestroyed: false, isSuspect: false, unanswered: 0 },
      ...{ apps: new Map(), jobs: new Set() },
    };
    this.instances.set(name, instance);
    return instance;
  }

  /** Notes that the service may have created an instance, by a call that names another one or none. */
  suspect(name: string, encoding: Encoding): void {
    this.expect(name, encoding).isSuspect = true;
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
      } else {
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
  async removeAll(hurry: AbortSignal = new AbortController().signal): Promise<Left[]> {
    this.signal = AbortSignal.any([hurry, AbortSignal.timeout(CLEAN_UP_TIME)]);
    setMaxListeners(0, this.signal);
    let left = await this.remove();
    if (!this.caller.isLost) {
      const [late, others] = [[...this.removed].filter(isLate), [...this.removed].filter((one) => !isLate(one))];
      for (const [name, instance] of late) this.instances.set(name, instance);
      await this.remove();
      await forEachConcurrently(others, REMOVALS_AT_ONCE, async ([name, instance]) => {
        if ((await this.isThere(name, instance)) !== true) return;
        instance.isSuspect = true;
        this.instances.set(name, instance);
      });
      left = await this.remove();
    }
    return left.map((name) => this.leftOf(name));
  }

  private leftOf(name: string): Left {
    const encoding = this.instances.get(name)?.encoding ?? 'form';
    return { name, removal: this.caller.calls(encoding).destroy(name) };
  }

  /** Destroys one instance, after unbinding from it if necessary. @returns whether it is gone */
  private async removeOne(name: string, instance: Instance): Promise<boolean> {
    const { isCreated, isSuspect, unanswered } = instance;
    if (!isCreated && !isSuspect && unanswered === 0) return true;
    const calls = this.caller.calls(instance.encoding);
    for (const [app, hosts] of instance.apps) await this.ask(calls.unbindApp(name, app, hosts));
    for (const job of instance.jobs) await this.ask(calls.unbindJob(name, job));
    // A service that always refuses is not asked thrice for each instance.
    const times = this.refusals < MOST_REFUSALS ? 3 : 1;
    for (let time = 0; time < times && this.hangs < HANGING_LIMIT; time++) {
      if (time > 0) await pause(50 * 2 ** time, this.signal);
      const destroyed = await this.ask(calls.destroy(name));
      const status = destroyed.reply?.status ?? 0;
      if (destroyed.failure === 'aborted' || isUnreachable(destroyed)) return false;
      if (destroyed.failure === 'timeout') {
        this.hangs++;
        return false;
      }
      if (status >= 200 && status < 300) instance.isDestroyed = true;
      // After a destroy that was taken, the next one may well be refused.
      if (instance.isDestroyed) return !this.caller.isKeeping || (await this.isThere(name, instance)) !== true;
      if (status === 404 || status === 410) {
        if (!isCreated) return true;
        const isThere = await this.isThere(name, instance);
        // No path leads to some names that Tsuru does not allow.
        if (!INSTANCE_NAME.test(name)) return false;
        return this.servesNoDestroy ? isThere === false : isThere !== true;
      }
      // What was never taken is not there, as far as the service tells; nor is anything in one that takes nothing.
      if (status >= 400 && !isCreated && unanswered === 0) return (await this.isThere(name, instance)) !== true;
      if (status >= 400 && !isCreated && !this.isAnyCreated) return true;
      if (time === 2 && status === 0) this.hangs++;
    }
    this.refusals++;
    return (await this.isThere(name, instance)) === false;
  }

  /** Whether an instance exists; undefined if the service has no call that tells. */
  private async isThere(name: string, { encoding }: Instance): Promise<boolean | undefined> {
    if (this.teller === undefined) return undefined;
    const calls = this.caller.calls(encoding);
    if (this.teller === 'bind') return this.isBindable(name, calls);
    const { reply } = await this.ask(calls[this.teller](name));
    return reply === undefined ? undefined : reply.status < 300;
  }

  /** The same, told by a bind, which is taken back. A 412 comes from an instance that is not ready. */
  private async isBindable(name: string, calls: Calls): Promise<boolean | undefined> {
    const hosts = [hostOf(APP)];
    const { reply } = await this.ask(calls.bindApp(name, APP, { hosts }));
    const { reply: second } = reply?.status === 404 ? await this.ask(calls.bindApp(name, APP, { hosts }, 'bind')) : { reply };
    if (second === undefined) return undefined;
    if (second.status < 300) await this.ask(calls.unbindApp(name, APP, hosts));
    return second.status < 300 || second.status === 412;
  }

  /** Makes a call during the removal of instances, even after the run was stopped. */
  private async ask(call: Call): Promise<Exchange> {
    const timeout = Math.min(this.caller.service.timeout, CLEAN_UP_TIME);
    for (let time = 1; ; time++) {
      const { exchange } = await this.caller.exchange(call, this.signal, timeout);
      const requested = requestedPause(exchange);
      if (requested === undefined || time > REPEATS || this.signal.aborted) return exchange;
      await pause(requested, this.signal);
    }
  }
}

/** Whether the service may still carry out a create. */
function isLate([, { unanswered }]: readonly [string, Instance]): boolean {
  return unanswered > 0;
}

/** The hosts in the body of a bind, in either encoding. */
function hostsIn(body: string): string[] {
  if (!body.startsWith('{')) return new URLSearchParams(body).getAll('app-hosts');
  return (JSON.parse(body) as { appHosts?: string[] }).appHosts ?? [];
}
