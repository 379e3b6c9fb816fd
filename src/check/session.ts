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
  /** The plan to create instances with; if undefined, the first one that the service offers. */
  plan: string | undefined;
  /** Sent with every create, besides its own parameters. */
  parameters: ParameterMap;
  /** Milliseconds to wait for a reply, and for a pending instance. */
  timeout: number;
  multiCluster: boolean;
}

/** A call that was made, and what Tsuru makes of the reply. */
export interface Sent {
  call: Call;
  exchange: Exchange;
  reading: Reading;
  /** The `Authorization` header that was sent; `own` stands for the credentials of the service. */
  authorization: string | undefined;
}

export interface SendMore {
  /** Replaces the `Authorization` header; undefined leaves it out. */
  authorization?: string | undefined;
  hangUp?: number | 'half-way';
}

/** What may exist of an instance of a check. */
interface Made {
  encoding: Encoding;
  apps: Set<string>;
  jobs: Set<string>;
}

/** Ends a check: the service became unreachable, or the run was stopped. */
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

/** After this many timeouts of one call, only the checks that test it make it. */
const HANGING_LIMIT = 2;

/** The number of instances that are removed at the same time. */
const REMOVALS_AT_ONCE = 4;

/** Milliseconds to wait for a reply while instances are removed. */
const CLEAN_UP_TIMEOUT = 10_000;

/** After this many timeouts in all, the run ends. */
const TIMEOUT_LIMIT = 20;

/** One run against a service: makes Tsuru's calls, and keeps track of every instance that may be left behind. */
export class Session {
  readonly service: CheckedService;
  /** Part of every name that this run creates. */
  readonly mark = randomBytes(4).toString('hex');
  /** Whether the service became unreachable. */
  isLost = false;
  private readonly made = new Map<string, Made>();
  private readonly removed = new Map<string, Made>();
  private readonly signal: AbortSignal;
  private readonly authorization: string;
  private readonly timeouts: Action[] = [];
  private readonly instances = new Map<Encoding, Promise<string>>();
  private count = 0;
  /** The number of instances that still existed after a successful destroy. */
  private kept = 0;
  /** The number of removals without a reply in time, which are not worth waiting for hundreds of times. */
  private removalTimeouts = 0;
  private offered: Promise<string[]> | undefined;

  /** @param signal stops the checks, but not the removal of instances */
  constructor(service: CheckedService, signal: AbortSignal) {
    this.service = service;
    this.signal = signal;
    // Every request in flight listens to it.
    setMaxListeners(0, signal);
    this.authorization = basicAuth(`${service.username}:${service.password}`);
  }

  /** A unique name, legal in Tsuru for instances, apps and jobs. */
  newName(kind = ''): string {
    return `check-${kind}${this.mark}-${++this.count}`;
  }

  /** The calls in an encoding. */
  calls(encoding: Encoding, event = { user: 'check@example.com', id: `${this.mark}0123456789abcdef` }): Calls {
    return new Calls(encoding, event, this.service.multiCluster ? POOL : {});
  }

  /** Makes a call. @throws Lost if the service became unreachable, or the run was stopped */
  async send(call: Call, encoding: Encoding, more: SendMore = {}): Promise<Sent> {
    if (this.signal.aborted || this.isLost || this.isSilent) throw new Lost();
    this.remember(call, encoding);
    const sent = await this.exchange(call, this.signal, this.service.timeout, more);
    if (sent.exchange.failure === 'aborted') throw new Lost();
    if (sent.exchange.failure === 'timeout') this.timeouts.push(call.action);
    if (isUnreachable(sent.exchange)) await this.confirmLoss();
    return sent;
  }

  /** The names of the plans that the service offers. */
  plans(): Promise<string[]> {
    this.offered ??= this.readPlans();
    return this.offered;
  }

  /** The instance that the checks in one encoding share. */
  shared(encoding: Encoding, make: () => Promise<string>): Promise<string> {
    const instance = this.instances.get(encoding) ?? make();
    this.instances.set(encoding, instance);
    return instance;
  }

  /** Whether a call tends to hang. */
  isHanging(action: Action): boolean {
    return this.timeouts.filter((hung) => hung === action).length >= HANGING_LIMIT;
  }

  /** Whether too many calls got no reply in time. */
  get isSilent(): boolean {
    return this.timeouts.length >= TIMEOUT_LIMIT;
  }

  /**
   * Removes instances: those named, or all that may exist.
   * @returns the names of those that may still exist
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
   * Removes all instances, including those that came back after their removal.
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

  /** The call that removes an instance. */
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

  /** Makes a call during the removal of instances, even after the run was stopped. */
  private async ask(call: Call): Promise<Exchange> {
    return (await this.exchange(call, new AbortController().signal, CLEAN_UP_TIMEOUT)).exchange;
  }

  /** Notes that an instance may be created, and must then be removed. */
  expect(name: string, encoding: Encoding): void {
    if (!this.made.has(name)) this.made.set(name, { encoding, apps: new Set(), jobs: new Set() });
  }

  /** Notes, before a call is sent, what may exist afterwards, with or without a reply. */
  private remember({ action, instance, app, job }: Call, encoding: Encoding): void {
    if (action === 'Create') this.expect(instance, encoding);
    if (action === 'BindApp') this.made.get(instance)?.apps.add(app);
    if (action === 'BindJob') this.made.get(instance)?.jobs.add(job);
  }

  /** A refused connection may mean a restart: tries again for a second. */
  private async confirmLoss(): Promise<void> {
    for (let time = 0; time < 5 && !this.signal.aborted; time++) {
      await sleep(200);
      const { exchange } = await this.exchange(this.calls('form').plans(), this.signal, 2000);
      if (!isUnreachable(exchange)) return;
    }
    this.isLost = true;
    throw new Lost();
  }

  /** Destroys one instance, after unbinding from it if necessary. @returns whether it is gone */
  private async remove(name: string, made: Made): Promise<boolean> {
    if (this.removalTimeouts >= HANGING_LIMIT) return false;
    const calls = this.calls(made.encoding);
    for (let time = 0; time < 3; time++) {
      const destroyed = await this.ask(calls.destroy(name));
      const status = destroyed.reply?.status ?? 0;
      if (status === 404 || (status === 400 && !INSTANCE_NAME.test(name))) return true;
      if (status >= 200 && status < 300) return this.isGone(calls.status(name));
      if (isUnreachable(destroyed)) return false;
      if (destroyed.failure === 'timeout') {
        this.removalTimeouts++;
        return false;
      }
      for (const app of made.apps) await this.ask(calls.unbindApp(name, app));
      for (const job of made.jobs) await this.ask(calls.unbindJob(name, job));
    }
    return false;
  }

  /**
   * A removal may continue after its reply: waits for up to a second, unless the service keeps its instances anyway. A
   * status without a reply counts as gone.
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

/** Whether no service listens at the address. */
export function isUnreachable({ failure }: Exchange): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|EADDRNOTAVAIL)$/.test(failure ?? '');
}
