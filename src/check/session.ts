import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { forEachConcurrently } from './concurrency.ts';
import { basicAuth, type ServiceAccess } from '../tsuru/access.ts';
import { Calls, type Action, type Call } from '../tsuru/calls.ts';
import type { Encoding, ParameterMap } from '../tsuru/encoding.ts';
import { send, type Exchange } from '../tsuru/http.ts';
import { INSTANCE_NAME } from '../tsuru/names.ts';
import { poolHeaders } from '../tsuru/pool.ts';
import { readReply, type Reading } from '../tsuru/read-reply.ts';

/** A service, and how to check it. */
export interface CheckedService extends ServiceAccess {
  /** The id of the service, for Tsuru's error messages. */
  id: string;
  encodings: readonly Encoding[];
  /** The plan to create with; the first one that the service offers when it is undefined. */
  plan: string | undefined;
  /** What every create is sent beside its own parameters. */
  parameters: ParameterMap;
  /** Milliseconds for one answer, and for a pending instance. */
  timeout: number;
  multiCluster: boolean;
}

/** A call that was made, and what Tsuru makes of its answer. */
export interface Sent {
  call: Call;
  exchange: Exchange;
  reading: Reading;
  /** What was sent as `Authorization`; `own` stands for the service's user name and password. */
  authorization: string | undefined;
}

export interface SendMore {
  /** Another `Authorization`, or none. */
  authorization?: string | undefined;
  hangUp?: number | 'half-way';
}

/** An instance that a check may have made. */
interface Made {
  encoding: Encoding;
  apps: Set<string>;
  jobs: Set<string>;
}

/** The service cannot be reached any more, or the run was stopped: what a check has to end with. */
export class Lost extends Error {}

const POOL = poolHeaders({
  name: 'check-pool',
  provisioner: 'kubernetes',
  cluster: {
    name: 'check-cluster',
    provisioner: 'kubernetes',
    addresses: ['https://203.0.113.1:6443', 'https://203.0.113.2:6443'],
  },
});

/** After so many answers of one call that did not come in time, only checks about that call wait for it. */
const HANGING_LIMIT = 2;

/** How many instances are removed at a time. */
const REMOVALS_AT_ONCE = 4;

/** Milliseconds for each answer while what was made is removed. */
const CLEAN_UP_TIMEOUT = 10_000;

/** After so many in all, the run is given up. */
const TIMEOUT_LIMIT = 20;

/** One run against a service: sends calls as Tsuru, and knows every instance that may be left behind. */
export class Session {
  readonly service: CheckedService;
  /** Part of every name that this run makes up. */
  readonly mark = randomBytes(4).toString('hex');
  /** Whether the service was seen to be gone. */
  isLost = false;
  private readonly made = new Map<string, Made>();
  private readonly removed = new Map<string, Made>();
  private readonly signal: AbortSignal;
  private readonly authorization: string;
  private readonly timeouts: Action[] = [];
  private readonly instances = new Map<Encoding, Promise<string>>();
  private count = 0;
  /** How many instances stayed after a destroy that was answered with success. */
  private kept = 0;
  /** How many removals were not answered in time: nobody waits for hundreds of them. */
  private unanswered = 0;
  private offered: Promise<string[]> | undefined;

  /** @param signal stops the checks; cleaning up goes on */
  constructor(service: CheckedService, signal: AbortSignal) {
    this.service = service;
    this.signal = signal;
    // Every request under way listens to it.
    setMaxListeners(0, signal);
    this.authorization = basicAuth(`${service.username}:${service.password}`);
  }

  /** A name that nobody else has: legal in Tsuru for instances, apps and jobs. */
  newName(kind = ''): string {
    return `check-${kind}${this.mark}-${++this.count}`;
  }

  /** The calls in an encoding. */
  calls(encoding: Encoding, event = { user: 'check@example.com', id: `${this.mark}0123456789abcdef` }): Calls {
    return new Calls(encoding, event, this.service.multiCluster ? POOL : {});
  }

  /** Makes a call. @throws Lost when the service is gone, or the run was stopped */
  async send(call: Call, encoding: Encoding, more: SendMore = {}): Promise<Sent> {
    if (this.signal.aborted || this.isLost || this.isSilent) throw new Lost();
    this.remember(call, encoding);
    const sent = await this.exchange(call, this.signal, this.service.timeout, more);
    if (sent.exchange.failure === 'aborted') throw new Lost();
    if (sent.exchange.failure === 'timeout') this.timeouts.push(call.action);
    if (isUnreachable(sent.exchange)) await this.confirmLoss();
    return sent;
  }

  /** The plans that the service offers, by name. */
  plans(): Promise<string[]> {
    this.offered ??= this.readPlans();
    return this.offered;
  }

  /** The instance that checks share. */
  shared(encoding: Encoding, make: () => Promise<string>): Promise<string> {
    const instance = this.instances.get(encoding) ?? make();
    this.instances.set(encoding, instance);
    return instance;
  }

  /** Whether a call was seen to hang. */
  isHanging(action: Action): boolean {
    return this.timeouts.filter((hung) => hung === action).length >= HANGING_LIMIT;
  }

  /** Whether too many answers did not come in time. */
  get isSilent(): boolean {
    return this.timeouts.length >= TIMEOUT_LIMIT;
  }

  /**
   * Removes instances that were made: by name, or all of them.
   * @returns the names of those that are still there, or may be
   */
  async cleanUp(names: readonly string[] = [...this.made.keys()]): Promise<string[]> {
    const left: string[] = [];
    await forEachConcurrently(names, REMOVALS_AT_ONCE, async (name) => {
      const made = this.made.get(name);
      if (made === undefined) return;
      if (await this.remove(name, made)) {
        this.made.delete(name);
        this.removed.set(name, made);
      } else {
        left.push(name);
      }
    });
    return left;
  }

  /**
   * Removes all that is left, and what came back after it was removed.
   * @returns as {@link cleanUp}
   */
  async cleanUpAll(): Promise<string[]> {
    const left = await this.cleanUp();
    if (this.isLost) return left;
    await forEachConcurrently([...this.removed], REMOVALS_AT_ONCE, async ([name, made]) => {
      const { reply } = await this.ask(this.calls(made.encoding).status(name));
      if (reply !== undefined && reply.status < 300) this.made.set(name, made);
    });
    return this.cleanUp();
  }

  /** The call that removes an instance, for a person to send. */
  removal(name: string): Call {
    return this.calls(this.made.get(name)?.encoding ?? 'form').destroy(name);
  }

  private async readPlans(): Promise<string[]> {
    const { reading } = await this.exchange(this.calls('form').plans(), this.signal, this.service.timeout);
    if (!reading.ok || !Array.isArray(reading.value)) return [];
    return (reading.value as { Name: string }[]).map(({ Name }) => Name).filter((name) => name !== '');
  }

  private async exchange(call: Call, signal: AbortSignal, timeout: number, more: SendMore = {}): Promise<Sent> {
    const authorization = 'authorization' in more ? more.authorization : this.authorization;
    const headers = { ...call.request.headers, ...(authorization !== undefined && { Authorization: authorization }) };
    const exchange = await send(
      this.service.address,
      { ...call.request, headers },
      { timeout, signal, ...(more.hangUp !== undefined && { hangUp: more.hangUp }) },
    );
    return {
      call,
      exchange,
      reading: readReply(call, exchange, { id: this.service.id, address: this.service.address }),
      authorization: 'authorization' in more ? more.authorization : 'own',
    };
  }

  /** Makes a call while what was made is removed: whether the run was stopped makes no difference. */
  private async ask(call: Call): Promise<Exchange> {
    return (await this.exchange(call, new AbortController().signal, CLEAN_UP_TIMEOUT)).exchange;
  }

  /** Takes an instance as one that may be made, and has to be removed. */
  expect(name: string, encoding: Encoding): void {
    if (!this.made.has(name)) this.made.set(name, { encoding, apps: new Set(), jobs: new Set() });
  }

  /** Before a call is sent: whatever becomes of its answer, the instance may be there then. */
  private remember({ action, instance, app, job }: Call, encoding: Encoding): void {
    if (action === 'Create') this.expect(instance, encoding);
    if (action === 'BindApp') this.made.get(instance)?.apps.add(app);
    if (action === 'BindJob') this.made.get(instance)?.jobs.add(job);
  }

  /** A refused connection may be a restart: it is tried again for a second. */
  private async confirmLoss(): Promise<void> {
    for (let time = 0; time < 5 && !this.signal.aborted; time++) {
      await sleep(200);
      const { exchange } = await this.exchange(this.calls('form').plans(), this.signal, 2000);
      if (!isUnreachable(exchange)) return;
    }
    this.isLost = true;
    throw new Lost();
  }

  /** Destroys one instance, if need be after what is bound to it. @returns whether it is gone */
  private async remove(name: string, made: Made): Promise<boolean> {
    if (this.unanswered >= HANGING_LIMIT) return false;
    const calls = this.calls(made.encoding);
    for (let time = 0; time < 3; time++) {
      const destroyed = await this.ask(calls.destroy(name));
      const status = destroyed.reply?.status ?? 0;
      if (status === 404 || (status === 400 && !INSTANCE_NAME.test(name))) return true;
      if (status >= 200 && status < 300) return this.isGone(calls.status(name));
      if (isUnreachable(destroyed)) return false;
      if (destroyed.failure === 'timeout') {
        this.unanswered++;
        return false;
      }
      for (const app of made.apps) await this.ask(calls.unbindApp(name, app));
      for (const job of made.jobs) await this.ask(calls.unbindJob(name, job));
    }
    return false;
  }

  /**
   * A removal may go on after its answer, for a second at most, unless the service was seen to remove nothing. A status
   * that cannot be read tells nothing.
   */
  private async isGone(status: Call): Promise<boolean> {
    for (let pause = 50; ; pause *= 2) {
      const { reply } = await this.ask(status);
      if (reply === undefined || (reply.status >= 400 && reply.status !== 500)) return true;
      if (pause > 400 || this.kept > 2) break;
      await sleep(pause);
    }
    this.kept++;
    return false;
  }
}

/** Whether nothing listens there. */
export function isUnreachable({ failure }: Exchange): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|EADDRNOTAVAIL)$/.test(failure ?? '');
}
