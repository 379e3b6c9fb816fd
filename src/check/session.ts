import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';

import { basicAuth, type ServiceAccess } from '../tsuru/access.ts';
import { Calls, type Action, type Call } from '../tsuru/calls.ts';
import type { Encoding, ParameterMap } from '../tsuru/encoding.ts';
import { send, type Reply } from '../tsuru/http.ts';
import { poolHeaders } from '../tsuru/pool.ts';
import { readReply } from '../tsuru/read-reply.ts';
import { sendFollowing } from '../tsuru/redirects.ts';
import { Made } from './made.ts';
import { MARK_LENGTH, Names } from './names.ts';
import { HANGING_LIMIT, pause, REPEATS, requestedPause } from './patience.ts';
import { isUnreachable, type Sent } from './sent.ts';

/** A service, and how to check it. */
export interface CheckedService extends ServiceAccess {
  /** The id of the service, for Tsuru's error messages. */
  id: string;
  encodings: readonly Encoding[];
  /** The plan to create instances with; if undefined, the first one that the service offers. */
  plan: string | undefined;
  /** Sent with every create, besides its own parameters. */
  parameters: ParameterMap;
  /** Sent besides them, by the group or the id of the checks that create. */
  parametersBy?: Readonly<Record<string, ParameterMap>>;
  /** Milliseconds to wait for a reply, and for a pending instance. */
  timeout: number;
  multiCluster: boolean;
}

export interface SendMore {
  /** Replaces the `Authorization` header; undefined leaves it out. */
  authorization?: string | undefined;
  hangUp?: number | 'half-way';
  /** Takes the first reply, even from a service that asks for patience: Tsuru repeats nothing. */
  isSingle?: true;
}

/** Ends a check: the service became unreachable, or the run was stopped. */
export class Lost extends Error {}

/** A fact that the service does not tell now, and may tell later. */
class Untold extends Error {}

const POOL = poolHeaders({
  name: 'check-pool',
  provisioner: 'kubernetes',
  cluster: {
    name: 'check-cluster',
    provisioner: 'kubernetes',
    addresses: ['https://203.0.113.1:6443', 'https://203.0.113.2:6443'],
  },
});

/** After this many timeouts in all, the run ends. */
const TIMEOUT_LIMIT = 20;

/** Milliseconds, in all, for which a run waits for a service that asks for patience. */
const PATIENCE = 60_000;

/** Bytes of a body that are kept until the end of the run, once it is read. */
const KEPT_BODY = 65_536;

/** A reply without the rest of a long body. */
function shortened(reply: Reply): Reply {
  return reply.body.length <= KEPT_BODY ? reply : { ...reply, body: Buffer.from(reply.body.subarray(0, KEPT_BODY)) };
}

/** One run against a service: makes Tsuru's calls, and records what they may leave behind. */
export class Session {
  readonly service: CheckedService;
  /** Part of every name that this run creates. */
  readonly mark = randomBytes(4).toString('hex').slice(0, MARK_LENGTH);
  readonly names = new Names(this.mark);
  readonly made: Made;
  /** Whether the service became unreachable. */
  isLost = false;
  /** The failure of the last connection to it. */
  lossReason = '';
  /** The checks that found a wait without end: no other instance is worth the same wait. */
  readonly neverEnding = new Set<string>();
  /** Whether an instance outlived its removal: no other one is worth the same wait. */
  isKeeping = false;
  /** The longest time, in milliseconds, for which an instance was pending. */
  creationTime = 0;
  /** The longest time, in milliseconds, that a create took to reply. */
  createLatency = 0;
  /** Whether a destroy got a 202: its removal takes as long as it takes. */
  isRemovingLater = false;
  /** Milliseconds for which the run still waits for a service that asks for patience. */
  private patience: number;
  private readonly signal: AbortSignal;
  private readonly authorization: string;
  private readonly timeouts: Action[] = [];
  private readonly facts = new Map<string, Promise<unknown>>();

  /**
   * @param signal stops the checks, but not the removal of instances
   * @param patience milliseconds, in all, for a service that asks for patience
   */
  constructor(service: CheckedService, signal: AbortSignal, patience = PATIENCE) {
    this.patience = patience;
    this.service = service;
    this.signal = signal;
    // Every request in flight listens to it.
    setMaxListeners(0, signal);
    this.authorization = basicAuth(`${service.username}:${service.password}`);
    this.made = new Made(this, signal);
  }

  /** The calls in an encoding. */
  calls(encoding: Encoding, event = { user: 'check@example.com', id: `${this.mark}0123456789abcdef` }): Calls {
    return new Calls(encoding, event, this.service.multiCluster ? POOL : {});
  }

  /** Makes a call. @throws Lost if the service became unreachable, or the run was stopped */
  async send(call: Call, encoding: Encoding, more: SendMore = {}): Promise<Sent> {
    for (let time = 1; ; time++) {
      this.requireRunning();
      const settle = this.made.expectEffectOf(call, encoding);
      const sent = await this.exchange(call, this.signal, this.service.timeout, more);
      settle(sent);
      if (call.action === 'Destroy' && sent.exchange.reply?.status === 202) this.isRemovingLater = true;
      if (call.action === 'Create' && sent.exchange.reply !== undefined) {
        this.createLatency = Math.max(this.createLatency, sent.exchange.milliseconds);
      }
      if (sent.exchange.failure === 'aborted') throw new Lost();
      if (sent.exchange.failure === 'timeout') this.timeouts.push(call.action);
      if (isUnreachable(sent.exchange)) await this.confirmLoss();
      const requested = requestedPause(sent.exchange);
      if (requested === undefined || time > REPEATS || more.isSingle || this.patience < requested) return sent;
      this.patience -= requested;
      await this.pause(requested);
    }
  }

  /**
   * What is found out about the service once, and holds for the whole run. A failure is not kept.
   * @param key names the fact
   */
  once<Fact>(key: string, find: () => Promise<Fact>): Promise<Fact> {
    const known = this.facts.get(key) as Promise<Fact> | undefined;
    if (known !== undefined) return known;
    const found = find();
    this.facts.set(key, found);
    found.catch(() => this.facts.delete(key));
    return found;
  }

  /** Forgets what was found out, to find it out again. */
  forget(): void {
    this.facts.clear();
  }

  /** Requires that calls can still be made. @throws Lost otherwise */
  requireRunning(): void {
    if (this.signal.aborted || this.isLost || this.isSilent) throw new Lost();
  }

  /** Waits for a number of milliseconds. @throws Lost if the run is stopped meanwhile */
  async pause(milliseconds: number): Promise<void> {
    await pause(milliseconds, this.signal);
    if (this.signal.aborted) throw new Lost();
  }

  /** The names of the plans that the service offers; none if it does not tell. */
  async plans(): Promise<string[]> {
    try {
      return await this.once('plans', () => this.readPlans());
    } catch (error) {
      if (error instanceof Untold) return [];
      throw error;
    }
  }

  /** Whether a call tends to hang. */
  isHanging(action: Action): boolean {
    return this.timeouts.filter((hung) => hung === action).length >= HANGING_LIMIT;
  }

  /** Whether too many calls got no reply in time. */
  get isSilent(): boolean {
    return this.timeouts.length >= TIMEOUT_LIMIT;
  }

  /** Makes a call that no check depends on. */
  async exchange(call: Call, signal: AbortSignal, timeout: number, more: SendMore = {}): Promise<Sent> {
    const authorization = 'authorization' in more ? more.authorization : this.authorization;
    const headers = { ...call.request.headers, ...(authorization !== undefined && { Authorization: authorization }) };
    // Tsuru's proxy passes redirects on to its user.
    const exchange = await (call.action === 'Proxy' ? send : sendFollowing)(
      this.service.address,
      { ...call.request, headers },
      { timeout, signal, tls: this.service.tls ?? {}, ...(more.hangUp !== undefined && { hangUp: more.hangUp }) },
    );
    const reading = readReply(call, exchange, { id: this.service.id, address: this.service.address });
    return {
      call,
      exchange: exchange.reply === undefined ? exchange : { ...exchange, reply: shortened(exchange.reply) },
      reading,
      authorization: 'authorization' in more ? more.authorization : 'own',
    };
  }

  private async readPlans(): Promise<string[]> {
    const { exchange, reading } = await this.send(this.calls('form').plans(), 'form');
    if (exchange.reply === undefined || exchange.reply.status >= 500) throw new Untold();
    if (!reading.ok || !Array.isArray(reading.value)) return [];
    return (reading.value as { Name: string }[]).map(({ Name }) => Name).filter((name) => name !== '');
  }

  /** A refused connection may mean a restart: tries again for a second. */
  private async confirmLoss(): Promise<void> {
    for (let time = 0; time < 5 && !this.signal.aborted; time++) {
      await this.pause(200);
      const { exchange } = await this.exchange(this.calls('form').plans(), this.signal, 2000);
      if (!isUnreachable(exchange)) return;
      this.lossReason = exchange.failure ?? '';
    }
    this.isLost = true;
    throw new Lost();
  }
}
