import type { Action, AppFields, Call, Calls, InstanceFields } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import { groupIn, hostOf, TEAM } from './names.ts';
import {
  differing,
  isAccepted,
  isRefused,
  isSame,
  isSuccess,
  outcomeOf,
  statusOf,
  variablesOf,
  wayOf,
  type Sent,
  type Variables,
} from './sent.ts';
import type { Session, SendMore } from './session.ts';
import { Verdict } from './verdict.ts';
import { findWitness, type Witness } from './witness.ts';

/** The check that tests each call by itself: others wait for it when that call fails. */
const TESTED_BY: Partial<Record<Action, string>> = {
  Plans: 'plans.readable',
  Create: 'create.success',
  Info: 'info.readable',
  Update: 'update.success',
  Destroy: 'destroy.success',
  BindApp: 'bind-app.success',
  BindJob: 'bind-job.success',
  UnbindApp: 'unbind-app.success',
  UnbindJob: 'unbind-job.success',
  Status: 'status.readable',
};

/** Milliseconds for which a removal may continue after a reply other than 202. */
const REMOVAL_TIME = 30_000;

/** The same once an instance outlived its removal. */
const SHORT_REMOVAL_TIME = 500;

const NEVER_READY = 'a bind still got a 412';

/** The tools of one check: calls in one encoding, instances of its own, and ways to reach a verdict. */
export class Probe {
  readonly session: Session;
  readonly encoding: Encoding;
  readonly calls: Calls;
  /** Every call of this check, in order. */
  readonly sent: Sent[];
  /** The instances of this check, which are removed after it. */
  readonly names: string[];
  private readonly id: string;
  private readonly onWait: (waiting: string | undefined) => void;

  /**
   * @param id the id of the check
   * @param onWait called with a description of each wait, and with `undefined` at its end
   */
  constructor(
    session: Session,
    id: string,
    encoding: Encoding,
    onWait: (waiting: string | undefined) => void,
    { sent, names }: Pick<Probe, 'sent' | 'names'> = { sent: [], names: [] },
  ) {
    this.sent = sent;
    this.names = names;
    this.session = session;
    this.id = id;
    this.encoding = encoding;
    this.calls = session.calls(encoding);
    this.onWait = onWait;
  }

  /** The same check with calls in another encoding. */
  in(encoding: Encoding): Probe {
    return encoding === this.encoding ? this : new Probe(this.session, this.id, encoding, this.onWait, this);
  }

  /** A new name for an instance that is removed after the check. */
  newName(): string {
    return this.own(this.missingName());
  }

  /** A name that no instance has. */
  missingName(): string {
    return this.session.names.next('ck');
  }

  /** Adds a name to the instances of this check. */
  own(name: string): string {
    this.names.push(name);
    this.session.made.expect(name, this.encoding);
    return name;
  }

  newApp(): string {
    return this.session.names.next('ap');
  }

  newJob(): string {
    return this.session.names.next('jb');
  }

  /** The fields of an instance as a user would set them. */
  async fields(over: Partial<InstanceFields> = {}): Promise<InstanceFields> {
    const { plan, parameters, parametersBy: by = {} } = this.session.service;
    return {
      team: TEAM,
      plan: plan ?? (await this.session.plans())[0] ?? '',
      description: '',
      tags: [],
      ...over,
      parameters: { ...parameters, ...by[groupIn(this.id)], ...by[this.id], ...over.parameters },
    };
  }

  /** @throws Verdict `blocked` if this call tends to hang, and the check is about another one */
  async send(call: Call, more?: SendMore): Promise<Sent> {
    const tester = TESTED_BY[call.action];
    if (tester !== undefined && this.session.isHanging(call.action) && groupIn(tester) !== groupIn(this.id)) {
      throw new Verdict('blocked', `${wayOf(call)} gets no reply in time`, { id: tester, encoding: this.encoding });
    }
    const sent = await this.session.send(call, this.encoding, more);
    this.sent.push(sent);
    return sent;
  }

  /** The last call of the check. */
  last(): Sent | undefined {
    return this.sent.at(-1);
  }

  /** Makes a call that must succeed for the check to continue. @throws Verdict `blocked` if it fails */
  async need(call: Call, otherwise: string): Promise<Sent> {
    const sent = await this.send(call);
    return isSuccess(sent) ? sent : this.blockBy(TESTED_BY[call.action] ?? this.id, otherwise, sent);
  }

  async create(name: string, over: Partial<InstanceFields> = {}): Promise<Sent> {
    return this.send(this.calls.create(name, await this.fields(over)));
  }

  /** Creates an instance, which may be pending. @throws Verdict `blocked` if that fails */
  async created(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.need(this.calls.create(name, await this.fields(over)), 'no instance could be created');
    return name;
  }

  /** Creates an instance, and waits until it is no longer pending. @throws Verdict `blocked` if that fails */
  async instance(over: Partial<InstanceFields> = {}, name = this.newName()): Promise<string> {
    await this.created(over, name);
    await this.settled(name);
    return name;
  }

  /** Waits while an instance is pending, as far as its status tells. */
  async settled(name: string): Promise<void> {
    if (!this.session.isHanging('Status')) await this.untilUp(name);
  }

  /**
   * Makes a step with a special name, which may wait for the instance: a wait without end counts only if an ordinary instance
   * does not wait as long.
   * @param ordinary throws a Verdict if it does
   */
  async special<Outcome>(step: () => Promise<Outcome>, ordinary: () => Promise<unknown>): Promise<Outcome> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Verdict)) throw error;
      await ordinary();
      throw new Verdict('failed', error.message, undefined, error.sent);
    }
  }

  /** A plan that the service does not offer. @throws Verdict `skipped` if it offers none at all */
  async unknownPlan(): Promise<string> {
    if ((await this.session.plans()).length === 0) this.skip('the service has no plans');
    return `no-such-plan-${this.session.mark}`;
  }

  /** An instance that all checks in this encoding share; they must leave it unchanged. */
  shared(): Promise<string> {
    return this.session.once(`shared ${this.encoding}`, () => this.instance({}, this.missingName()));
  }

  /** An instance to bind an app to: the shared one, or a new one if the service binds only one app to each. */
  async toBind(): Promise<string> {
    return (await this.isExclusive()) ? this.instance() : this.shared();
  }

  /** Whether the service refuses a second app that is bound to an instance. */
  private isExclusive(): Promise<boolean> {
    return this.session.once(`exclusive ${this.encoding}`, async () => {
      const name = await this.instance();
      const [first, second] = [await this.bindApp(name, this.newApp()), await this.bindAppNow(name, this.newApp())];
      return isSuccess(first) && !isSuccess(second);
    });
  }

  /** Requires that several apps can be bound to an instance. @throws Verdict `blocked` */
  async needSeveralApps(): Promise<void> {
    if (await this.isExclusive()) this.endAt('bind-app.second-app', 'an instance takes only one app');
  }

  /** Waits while an instance is pending. @returns its first other status @throws Verdict `blocked` if that takes too long */
  async untilUp(name: string): Promise<Sent> {
    return this.patiently(name, 'is pending', 'status.up', 'the instance was still pending', async () => {
      const sent = await this.send(this.calls.status(name));
      return [statusOf(sent) !== 202, sent];
    });
  }

  /**
   * Binds as Tsuru does, with `bind` as the fallback after a 404, and as its user does, again after a 412: the instance may
   * be pending, and its status need not tell.
   */
  async bindApp(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Sent> {
    return this.patiently(instance, 'is not ready', 'bind-app.success', NEVER_READY, async () => {
      const sent = await this.bindAppNow(instance, app, fields);
      return [statusOf(sent) !== 412, sent];
    });
  }

  /** The same, once. */
  async bindAppNow(instance: string, app: string, fields: Partial<AppFields> = {}, more?: SendMore): Promise<Sent> {
    const whole = { hosts: app === '' ? [] : [hostOf(app)], ...fields };
    const first = await this.send(this.calls.bindApp(instance, app, whole), more);
    return statusOf(first) === 404 ? this.send(this.calls.bindApp(instance, app, whole, 'bind'), more) : first;
  }

  async bindJob(instance: string, job: string): Promise<Sent> {
    return this.patiently(instance, 'is not ready', 'bind-job.success', NEVER_READY, async () => {
      const sent = await this.send(this.calls.bindJob(instance, job));
      return [statusOf(sent) !== 412, sent];
    });
  }

  /** An unbind of an app with a host of its own. */
  unbinding(instance: string, app: string): Call {
    return this.calls.unbindApp(instance, app, [hostOf(app)]);
  }

  /** Unbinds all apps, as Tsuru requires of its user, and destroys the instance. */
  async destroy(name: string): Promise<Sent> {
    for (const [app, hosts] of this.session.made.appsOf(name)) {
      await this.send(this.calls.unbindApp(name, app, hosts));
    }
    return this.send(this.calls.destroy(name));
  }

  /** Destroys an instance, and waits until it is gone. @throws Verdict `blocked` if that fails */
  async destroyed(name: string): Promise<void> {
    const sent = await this.destroy(name);
    if (!isSuccess(sent)) this.blockBy('destroy.success', 'the instance could not be destroyed', sent);
    const gone = await this.vanishes(name);
    if (!gone.holds) this.blockBy('destroy.gone', 'the destroyed instance still exists', gone.sent);
  }

  /** The variables of a bind that must succeed. @throws Verdict `blocked` if it fails */
  async variables(instance: string, app: string, fields: Partial<AppFields> = {}): Promise<Variables> {
    const bound = await this.bindApp(instance, app, fields);
    return variablesOf(bound) ?? this.blockBy('bind-app.success', 'the app could not be bound', bound);
  }

  /** The same for a job. */
  async jobVariables(instance: string, job: string): Promise<Variables> {
    const bound = await this.bindJob(instance, job);
    return variablesOf(bound) ?? this.blockBy('bind-job.success', 'the job could not be bound', bound);
  }

  /** The call of the service that tells whether an instance exists. @throws Verdict `skipped` if it has none */
  async witness(): Promise<Witness> {
    const found = await this.session.once(`witness ${this.encoding}`, () => findWitness(this));
    if (found !== undefined && found.kind !== 'create') this.session.made.teller = found.kind;
    return found ?? this.skip('no call of the service tells whether an instance exists');
  }

  /** Whether an instance exists, as the service itself tells. */
  async exists(name: string): Promise<{ holds: boolean; sent: Sent }> {
    const witness = await this.witness();
    const sent = await witness.ask(this, name);
    return { holds: witness.confirms(sent), sent };
  }

  /** Waits until an instance is gone: its removal may continue after the reply. */
  async vanishes(name: string): Promise<{ holds: boolean; sent: Sent }> {
    const { session } = this;
    const start = performance.now();
    try {
      for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
        const { holds, sent } = await this.exists(name);
        if (!holds) return { holds: true, sent };
        if (performance.now() - start > this.removalTime()) {
          session.isKeeping = true;
          return { holds: false, sent };
        }
        this.onWait(`${name} is being removed`);
        await session.pause(pause);
      }
    } finally {
      this.onWait(undefined);
    }
  }

  /** Milliseconds for which a removal may continue after its reply. */
  removalTime(): number {
    const { isKeeping, isRemovingLater, service } = this.session;
    if (isKeeping) return SHORT_REMOVAL_TIME;
    return isRemovingLater ? service.timeout : Math.min(REMOVAL_TIME, service.timeout);
  }

  /** Requires that binds can be repeated, for checks that compare what they return. @throws Verdict `blocked` */
  async needStableBinds(): Promise<void> {
    const isStable = await this.session.once(`stable ${this.encoding}`, async () => {
      const name = await this.toBind();
      const app = this.newApp();
      const before = await this.variables(name, app);
      return isSame(before, variablesOf(await this.bindApp(name, app)));
    });
    if (!isStable) this.endAt('bind-app.repeat', 'a repeated bind does not return the same variables');
  }

  /** Whether an existing instance can be created again, with the same fields. */
  isRepeatable(): Promise<boolean> {
    return this.session.once(`repeatable ${this.encoding}`, async () =>
      isSuccess(await this.create(await this.instance())),
    );
  }

  /** Requires it. @throws Verdict `blocked` */
  async needRepeatableCreates(): Promise<void> {
    if (!(await this.isRepeatable())) this.endAt('create.repeat', 'a create cannot be repeated');
  }

  /** Requires that an ordinary create succeeds. @throws Verdict `blocked` */
  readonly needCreate = (): Promise<unknown> => this.ordinary('create', () => this.created());

  /** The same for a bind of an app. */
  readonly needBind = (): Promise<unknown> =>
    this.ordinary('bind', async () => this.variables(await this.toBind(), this.newApp()));

  /** The same for an unbind of an app. */
  readonly needUnbind = (): Promise<unknown> =>
    this.ordinary('unbind', async () => {
      const name = await this.instance();
      const app = this.newApp();
      await this.variables(name, app);
      await this.need(this.unbinding(name, app), 'an ordinary unbind fails too');
    });

  /** The same for a create with a parameter. */
  readonly needParameter = (): Promise<unknown> =>
    this.ordinary('parameter', async () => {
      const sent = await this.create(this.newName(), { parameters: { check: 'x' } });
      if (!isSuccess(sent) && !isRefused(sent)) this.blockBy('parameters.simple', 'no parameter is accepted', sent);
    });

  /** The same for a destroy. */
  readonly needDestroy = (): Promise<unknown> =>
    this.ordinary('destroy', async () => {
      const sent = await this.destroy(await this.instance());
      if (!isSuccess(sent)) this.blockBy('destroy.success', 'an ordinary instance cannot be destroyed either', sent);
    });

  /** Requires that an ordinary instance is gone after its destroy. */
  readonly needRemoval = (): Promise<unknown> =>
    this.ordinary('removal', async () => this.destroyed(await this.instance()));

  /** Requires that updates are served at all: accepted, or refused. */
  readonly needUpdate = (): Promise<unknown> =>
    this.ordinary('update', async () => {
      const fields = await this.fields({ description: 'changed' });
      const sent = await this.send(this.calls.update(await this.instance(), fields));
      const isServed = isAccepted(sent) || (isRefused(sent) && statusOf(sent) !== 404);
      if (!isServed) this.blockBy('update.not-found', 'updates are not served', sent);
    });

  /** Requires that the rule holds. @throws Verdict `failed` */
  require(holds: boolean, sent: Sent | undefined, problem: string): void {
    if (!holds) throw new Verdict('failed', problem, undefined, sent);
  }

  /** Requires that Tsuru reads the reply as a success. @param what the call, as the subject of a sentence */
  requireSuccess(sent: Sent, what: string): void {
    this.require(isSuccess(sent), sent, `${what} ${outcomeOf(sent)}`);
  }

  /**
   * Requires the success of a call with special values: its failure counts only if the call succeeds with ordinary ones.
   * @param ordinary throws a Verdict if the ordinary call fails as well
   */
  async requireSpecial(sent: Sent, what: string, ordinary: () => Promise<unknown>): Promise<void> {
    await this.requireUnless(isSuccess(sent), sent, `${what} ${outcomeOf(sent)}`, ordinary);
  }

  /** Requires a 4xx for a create, unless ordinary creates fail in the same way. @param what the create, as the subject of a sentence */
  async requireRefused(sent: Sent, what: string): Promise<void> {
    await this.requireUnless(isRefused(sent), sent, `${what} ${outcomeOf(sent)}`, async () => {
      if (!isAccepted(sent)) await this.needCreate();
    });
  }

  /** Requires that the rule holds, unless the fault lies elsewhere: `ordinary` throws a Verdict in that case. */
  async requireUnless(
    holds: boolean,
    sent: Sent | undefined,
    problem: string,
    ordinary: () => Promise<unknown>,
  ): Promise<void> {
    if (!holds) await ordinary();
    this.require(holds, sent, problem);
  }

  /** Requires that a new bind of an app returns the same variables. @param what the bind, as the subject of a sentence */
  async requireSame(instance: string, app: string, before: Variables, what: string): Promise<void> {
    const again = await this.bindApp(instance, app);
    await this.requireEqual(before, again, what, () => this.needStableBinds());
  }

  /** Requires that a bind returned these variables. */
  async requireEqual(
    before: Variables,
    again: Sent,
    what: string,
    ordinary: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    const after = variablesOf(again);
    const problem = after === undefined ? outcomeOf(again) : `returned different variables: ${differing(before, after)}`;
    await this.requireUnless(isSame(before, after), again, `${what} ${problem}`, ordinary);
  }

  /** Requires that an instance is gone; its removal may take a moment. */
  async requireGone(name: string, ordinary: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    const { holds, sent } = await this.vanishes(name);
    await this.requireUnless(holds, sent, `the instance still exists: ${wayOf(sent.call)} ${outcomeOf(sent)}`, ordinary);
  }

  /** Requires that the service still replies. */
  async requireAlive(): Promise<void> {
    const plans = await this.send(this.calls.plans());
    this.require(plans.exchange.reply !== undefined, plans, 'the service no longer replies');
  }

  /** Ends the check: what it depends on failed, and another check tests that. */
  blockBy(id: string, reason: string, sent = this.last()): never {
    this.endAt(id, sent === undefined ? reason : `${reason}: the call ${outcomeOf(sent)}`, sent);
  }

  /** Ends the check: its rule does not apply to this service. */
  skip(reason: string): never {
    throw new Verdict('skipped', reason);
  }

  /** Ends the check with the finding of another one, or its own: then it failed. */
  private endAt(id: string, problem: string, sent = this.last()): never {
    const { encoding } = this;
    throw new Verdict('blocked', problem, { id, encoding }, sent);
  }

  /** What an ordinary call does is found out once in each encoding. */
  private ordinary(what: string, find: () => Promise<unknown>): Promise<unknown> {
    return this.session.once(`${what} ${this.encoding}`, find);
  }

  /**
   * Repeats a step until it is done.
   * @param tester the check that fails if the service is never ready
   * @throws Verdict `blocked` in that case
   */
  private async patiently(
    name: string,
    waiting: string,
    tester: string,
    otherwise: string,
    step: () => Promise<readonly [isDone: boolean, sent: Sent]>,
  ): Promise<Sent> {
    const { session } = this;
    const start = performance.now();
    try {
      for (let pause = 10; ; pause = Math.min(pause * 1.5, 1000)) {
        const [isDone, sent] = await step();
        const time = performance.now() - start;
        if (isDone) {
          session.creationTime = Math.max(session.creationTime, time);
          return sent;
        }
        // What never comes up can never be bound.
        const cause = ['status.up', 'bind-app.success'].find((id) => session.neverEnding.has(id)) ?? tester;
        const isOver = time > session.service.timeout;
        if (isOver || session.neverEnding.has(tester)) {
          // A special name says nothing about the next instance.
          if (session.names.isOrdinary(name)) session.neverEnding.add(tester);
          this.endAt(cause, `${otherwise}${isOver ? ` after ${session.service.timeout / 1000} s` : ', as others are for ever'}`, sent);
        }
        this.onWait(`${name} ${waiting}`);
        await session.pause(pause);
      }
    } finally {
      this.onWait(undefined);
    }
  }
}
