import { setTimeout as sleep } from 'node:timers/promises';

import type { Action, AppFields, Call, Calls, InstanceFields } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Session, SendMore, Sent } from './session.ts';
import { Verdict } from './verdict.ts';

/** The variables of a bind. */
export type Variables = Readonly<Record<string, string>>;

/** The team that owns the instances of the checks, and another one. */
export const TEAM = 'check-team';
export const OTHER_TEAM = 'check-other-team';

/** The group of checks that tests each call. */
const GROUPS: Partial<Record<Action, string>> = {
  Plans: 'plans',
  Create: 'create',
  Info: 'info',
  Update: 'update',
  Destroy: 'destroy',
  BindApp: 'bind-app',
  BindJob: 'bind-job',
  UnbindApp: 'unbind-app',
  UnbindJob: 'unbind-job',
  Status: 'status',
};

/** The tools of one check: calls in one encoding, instances of its own, and ways to reach a verdict. */
export class Probe {
  readonly session: Session;
  readonly encoding: Encoding;
  readonly calls: Calls;
  /** Every call of this check, in order. */
  readonly sent: Sent[] = [];
  /** The call that the verdict is about, if it is not the last. */
  culprit: Sent | undefined;
  /** The instances of this check, which are removed after it. */
  readonly names: string[] = [];
  private readonly group: string;
  private readonly onWait: (waiting: string | undefined) => void;

  /**
   * @param group the group of the check, which may make its own call even if that call tends to hang
   * @param onWait called with a description of each wait, and with `undefined` at its end
   */
  constructor(session: Session, group: string, encoding: Encoding, onWait: (waiting: string | undefined) => void) {
    this.session = session;
    this.group = group;
    this.encoding = encoding;
    this.calls = session.calls(encoding);
    this.onWait = onWait;
  }

  /** A new name for an instance that is removed after the check. */
  newName(): string {
    return this.own(this.session.newName());
  }

  /** Adds a name to the instances of this check. */
  own(name: string): string {
    this.names.push(name);
    this.session.expect(name, this.encoding);
    return name;
  }

  newApp(): string {
    return this.session.newName('app-');
  }

  newJob(): string {
    return this.session.newName('job-');
  }

  /** The fields of an instance as a user would set them. */
  async fields(over: Partial<InstanceFields> = {}): Promise<InstanceFields> {
    const { plan, parameters } = this.session.service;
    return {
      team: TEAM,
      plan: plan ?? (await this.session.plans())[0] ?? '',
      description: '',
      tags: [],
      ...over,
      parameters: { ...parameters, ...over.parameters },
    };
  }

  /** @throws Verdict `blocked` if this call tends to hang, and the check is about another one */
  async send(call: Call, more?: SendMore): Promise<Sent> {
    if (this.session.isHanging(call.action) && GROUPS[call.action] !== this.group) {
      throw new Verdict('blocked', `${call.request.method} ${call.request.path} gets no reply in time`);
    }
    const sent = await this.session.send(call, this.encoding, more);
    this.sent.push(sent);
    return sent;
  }

  /** Makes a call that must succeed for the check to continue. @throws Verdict `blocked` if it fails */
  async need(call: Call, otherwise: string): Promise<Sent> {
    const sent = await this.send(call);
    return isAccepted(sent) && sent.reading.ok ? sent : this.block(otherwise, sent);
  }

  async create(name: string, over: Partial<InstanceFields> = {}): Promise<Sent> {
    return this.send(this.calls.create(name, await this.fields(over)));
  }

  /** Binds as Tsuru does, with `bind` as the fallback after a 404. */
  async bindApp(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Sent> {
    const first = await this.send(this.calls.bindApp(instance, app, fields));
    return statusOf(first) === 404 ? this.send(this.calls.bindApp(instance, app, fields, 'bind')) : first;
  }

  /** Creates an instance, which may be pending. @throws Verdict `blocked` if that fails */
  async created(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.need(this.calls.create(name, await this.fields(over)), 'no instance could be created');
    return name;
  }

  /** Creates an instance, and waits until it is no longer pending. @throws Verdict `blocked` if that fails */
  async instance(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.created(over, name);
    await this.untilUp(name);
    return name;
  }

  /** A plan that the service does not offer. @throws Verdict `skipped` if it offers none at all */
  async unknownPlan(): Promise<string> {
    if ((await this.session.plans()).length === 0) this.skip('the service has no plans');
    return `no-such-plan-${this.session.mark}`;
  }

  /** An instance that all checks in this encoding share; they must leave it unchanged. */
  shared(): Promise<string> {
    return this.session.shared(this.encoding, () => this.instance({}, this.session.newName()));
  }

  /** Waits while an instance is pending. @returns its first other status @throws Verdict `blocked` if that takes too long */
  async untilUp(name: string): Promise<Sent> {
    const start = performance.now();
    try {
      for (let pause = 10; ; pause = Math.min(pause * 1.5, 1000)) {
        const status = await this.send(this.calls.status(name));
        if (status.exchange.failure === 'timeout') this.block('the status of the instance is unknown', status);
        if (statusOf(status) !== 202) return status;
        if (performance.now() - start > this.session.service.timeout) {
          this.block(`the instance was still pending after ${this.session.service.timeout / 1000} s`, status);
        }
        this.onWait(`${name} is pending`);
        await sleep(pause);
      }
    } finally {
      this.onWait(undefined);
    }
  }

  /** The variables of a bind that must succeed. @throws Verdict `blocked` if it fails */
  async variables(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Variables> {
    const bound = await this.bindApp(instance, app, fields);
    return variablesOf(bound) ?? this.block('the app could not be bound', bound);
  }

  /** The same for a job. */
  async jobVariables(instance: string, job: string): Promise<Variables> {
    const bound = await this.send(this.calls.bindJob(instance, job));
    return variablesOf(bound) ?? this.block('the job could not be bound', bound);
  }

  /** Requires that the rule holds. @throws Verdict `failed` */
  require(holds: boolean, sent: Sent | undefined, problem: string): void {
    if (holds) return;
    this.culprit = sent;
    throw new Verdict('failed', problem);
  }

  /** Requires that Tsuru reads the reply as a success. @param what the call, as the subject of a sentence */
  requireSuccess(sent: Sent, what: string): void {
    this.require(isSuccess(sent), sent, `${what} ${outcomeOf(sent)}`);
  }

  /** Requires that a new bind of an app returns the same variables. @param what the bind, as the subject of a sentence */
  async requireSame(instance: string, app: string, before: Variables, what: string): Promise<void> {
    const again = await this.bindApp(instance, app);
    const after = variablesOf(again);
    this.require(after !== undefined, again, `${what} ${outcomeOf(again)}`);
    this.require(isSame(before, after), again, `${what} returned different variables: ${differing(before, after)}`);
  }

  /** Requires that the service still replies. */
  async requireAlive(): Promise<void> {
    const plans = await this.send(this.calls.plans());
    this.require(plans.exchange.reply !== undefined, plans, 'the service no longer replies');
  }

  /** Ends the check: something that it depends on failed. */
  block(reason: string, sent: Sent): never {
    this.culprit = sent;
    throw new Verdict('blocked', `${reason}: the call ${outcomeOf(sent)}`);
  }

  /** Ends the check: its rule does not apply to this service. */
  skip(reason: string): never {
    throw new Verdict('skipped', reason);
  }
}

/** The status of the reply; 0 without a reply. */
export function statusOf({ exchange }: Sent): number {
  return exchange.reply?.status ?? 0;
}

/** Whether the status is a 2xx, and Tsuru can read the reply. */
export function isSuccess(sent: Sent): boolean {
  return isAccepted(sent) && sent.reading.ok;
}

/** Whether the status is a 2xx. */
export function isAccepted(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 200 && status < 300;
}

/** Whether the service refused the call: a 4xx. */
export function isRefused(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 400 && status < 500;
}

/** What happened to a call, as a verb phrase. */
export function outcomeOf({ exchange: { reply, failure }, reading }: Sent): string {
  if (failure === 'timeout') return 'got no reply in time';
  if (reply === undefined) return `got no reply (${failure ?? 'the connection was closed'})`;
  const isOk = reply.status >= 200 && reply.status < 300;
  return isOk && !reading.ok ? `got a ${reply.status} that Tsuru cannot read` : `got a ${reply.status}`;
}

/** The variables of a bind; undefined if it failed. */
export function variablesOf(sent: Sent): Variables | undefined {
  if (!isSuccess(sent)) return undefined;
  return (sent.reading as { value: Variables | null }).value ?? {};
}

export function isSame(a: Variables, b: Variables | undefined): boolean {
  return b !== undefined && differing(a, b) === '';
}

/** The names of the variables that differ. Their values are secrets. */
export function differing(a: Variables, b: Variables = {}): string {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).join(', ');
}
