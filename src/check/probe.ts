import { setTimeout as sleep } from 'node:timers/promises';

import type { Action, AppFields, Call, Calls, InstanceFields } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Session, SendMore, Sent } from './session.ts';
import { Verdict } from './verdict.ts';

/** The variables of a bind. */
export type Variables = Readonly<Record<string, string>>;

/** What an instance of the checks belongs to, and what one belongs to that is somebody else's. */
export const TEAM = 'check-team';
export const OTHER_TEAM = 'check-other-team';

/** The checks that are about a call. */
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

/** What one check does its work with: calls in one encoding, instances of its own, and the verdict on what it sees. */
export class Probe {
  readonly session: Session;
  readonly encoding: Encoding;
  readonly calls: Calls;
  /** Every call of this check, in order. */
  readonly sent: Sent[] = [];
  /** The one that the verdict is about, if it is not the last. */
  culprit: Sent | undefined;
  /** The instances of this check. */
  readonly names: string[] = [];
  private readonly group: string;
  private readonly onWait: (waiting: string | undefined) => void;

  /**
   * @param group of the check, which may wait for its own call even where that was seen to hang
   * @param onWait told what is waited for, and `undefined` when that is over
   */
  constructor(session: Session, group: string, encoding: Encoding, onWait: (waiting: string | undefined) => void) {
    this.session = session;
    this.group = group;
    this.encoding = encoding;
    this.calls = session.calls(encoding);
    this.onWait = onWait;
  }

  /** A new name for an instance, which is removed after the check. */
  newName(): string {
    return this.own(this.session.newName());
  }

  /** Takes a name as one of this check's instances. */
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

  /** The fields of an instance as Tsuru's user would give them. */
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

  /** @throws Verdict `blocked` when that call was seen to hang, and this check is about another one */
  async send(call: Call, more?: SendMore): Promise<Sent> {
    if (this.session.isHanging(call.action) && GROUPS[call.action] !== this.group) {
      throw new Verdict('blocked', `${call.request.method} ${call.request.path} would not be answered in time`);
    }
    const sent = await this.session.send(call, this.encoding, more);
    this.sent.push(sent);
    return sent;
  }

  /** Makes a call that has to work for what comes after it. @throws Verdict `blocked` when it does not */
  async need(call: Call, otherwise: string): Promise<Sent> {
    const sent = await this.send(call);
    return isAccepted(sent) && sent.reading.ok ? sent : this.block(otherwise, sent);
  }

  async create(name: string, over: Partial<InstanceFields> = {}): Promise<Sent> {
    return this.send(this.calls.create(name, await this.fields(over)));
  }

  /** Binds as Tsuru does: when `bind-app` is not found, `bind` is tried. */
  async bindApp(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Sent> {
    const first = await this.send(this.calls.bindApp(instance, app, fields));
    return statusOf(first) === 404 ? this.send(this.calls.bindApp(instance, app, fields, 'bind')) : first;
  }

  /** An instance that was created, and may be pending. @throws Verdict `blocked` when there is none to be had */
  async created(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.need(this.calls.create(name, await this.fields(over)), 'no instance could be created');
    return name;
  }

  /** An instance that is up. @throws Verdict `blocked` when there is none to be had */
  async instance(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.created(over, name);
    await this.untilUp(name);
    return name;
  }

  /** A plan that the service does not have. @throws Verdict `skipped` when it has none at all */
  async unknownPlan(): Promise<string> {
    if ((await this.session.plans()).length === 0) this.skip('the service has no plans');
    return `no-such-plan-${this.session.mark}`;
  }

  /** An instance that is up, the same for every check in this encoding that leaves it as it is. */
  shared(): Promise<string> {
    return this.session.shared(this.encoding, () => this.instance({}, this.session.newName()));
  }

  /** Waits while an instance is pending. @returns the first status after that @throws Verdict `blocked` when that takes too long */
  async untilUp(name: string): Promise<Sent> {
    const start = performance.now();
    try {
      for (let pause = 10; ; pause = Math.min(pause * 1.5, 1000)) {
        const status = await this.send(this.calls.status(name));
        if (status.exchange.failure === 'timeout') this.block('its status did not answer in time', status);
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

  /** The variables of a bind that has to work. @throws Verdict `blocked` when it does not */
  async variables(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Variables> {
    const bound = await this.bindApp(instance, app, fields);
    return variablesOf(bound) ?? this.block('no app could be bound', bound);
  }

  /** The same for a job. */
  async jobVariables(instance: string, job: string): Promise<Variables> {
    const bound = await this.send(this.calls.bindJob(instance, job));
    return variablesOf(bound) ?? this.block('no job could be bound', bound);
  }

  /** Holds that the rule is kept. @throws Verdict `failed` */
  require(holds: boolean, sent: Sent | undefined, problem: string): void {
    if (holds) return;
    this.culprit = sent;
    throw new Verdict('failed', problem);
  }

  /** Holds that a call was answered with success, as Tsuru reads it. */
  requireSuccess(sent: Sent, what: string): void {
    this.require(isSuccess(sent), sent, `${what} ${outcomeOf(sent)}`);
  }

  /** Holds that an app gets the variables that it had. */
  async requireSame(instance: string, app: string, before: Variables, when: string): Promise<void> {
    const again = await this.bindApp(instance, app);
    const after = variablesOf(again);
    this.require(after !== undefined, again, `the bind ${when} ${outcomeOf(again)}`);
    this.require(
      isSame(before, after),
      again,
      `the bind ${when} gave other variables than before: ${differing(before, after)}`,
    );
  }

  /** Holds that the service still works. */
  async requireAlive(): Promise<void> {
    const plans = await this.send(this.calls.plans());
    this.require(plans.exchange.reply !== undefined, plans, 'afterwards the service did not answer any more');
  }

  block(reason: string, sent: Sent): never {
    this.culprit = sent;
    throw new Verdict('blocked', `${reason}: the call ${outcomeOf(sent)}`);
  }

  skip(reason: string): never {
    throw new Verdict('skipped', reason);
  }
}

/** The status of an answer; 0 without one. */
export function statusOf({ exchange }: Sent): number {
  return exchange.reply?.status ?? 0;
}

/** Whether Tsuru takes an answer as a success, and it is one. */
export function isSuccess(sent: Sent): boolean {
  return isAccepted(sent) && sent.reading.ok;
}

/** Whether the status is one of success. */
export function isAccepted(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 200 && status < 300;
}

/** Whether the service said no, rather than breaking: a 4xx. */
export function isRefused(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 400 && status < 500;
}

/** What happened to a call, as a verb. */
export function outcomeOf({ exchange: { reply, failure }, reading }: Sent): string {
  if (failure === 'timeout') return 'was not answered in time';
  if (reply === undefined) return `ended without an answer (${failure ?? 'the connection was closed'})`;
  const isOk = reply.status >= 200 && reply.status < 300;
  return isOk && !reading.ok
    ? `was answered ${reply.status} with what Tsuru cannot read`
    : `was answered ${reply.status}`;
}

/** The variables of a bind that worked. */
export function variablesOf(sent: Sent): Variables | undefined {
  if (!isSuccess(sent)) return undefined;
  return (sent.reading as { value: Variables | null }).value ?? {};
}

export function isSame(a: Variables, b: Variables | undefined): boolean {
  return b !== undefined && differing(a, b) === '';
}

/** The names of the variables that differ; their values are secrets. */
export function differing(a: Variables, b: Variables = {}): string {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).join(', ');
}
