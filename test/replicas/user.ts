import { setTimeout as pause } from 'node:timers/promises';

import type { WireResponse } from '../support/service.ts';
import type { Chance } from '../soak/chance.ts';
import type { Call, Fleet } from './fleet.ts';
import type { Journal } from './journal.ts';

/** Milliseconds in which something that was interrupted must have been continued. */
const PATIENCE = 60_000;
/** Replies, and notes of the backend, that explain a failure. */
const RECENT = 12;

interface Mode {
  /** Whether a created instance is pending at first. */
  inBackground: boolean;
  /** Whether every reply must be a wanted one, as no replica is killed. */
  isCalm: boolean;
}

/**
 * A user of Tsuru with one instance, whose calls reach any replica. A call that fails is repeated, as users do, so after each
 * success the user knows what must exist.
 */
export class User {
  readonly violations: string[] = [];
  readonly #name: string;
  readonly #app: string;
  readonly #fleet: Fleet;
  readonly #journal: Journal;
  readonly #chance: Chance;
  readonly #inBackground: boolean;
  readonly #isCalm: boolean;
  readonly #replies: string[] = [];
  #exists = false;
  #variables: string | undefined;
  successes = 0;

  constructor(name: string, fleet: Fleet, journal: Journal, chance: Chance, mode: Mode) {
    this.#name = name;
    this.#app = `app-${name}`;
    this.#fleet = fleet;
    this.#journal = journal;
    this.#chance = chance;
    this.#inBackground = mode.inBackground;
    this.#isCalm = mode.isCalm;
  }

  /** Creates, binds, unbinds and removes the instance, again and again, until the time is over. */
  async live(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.violations.length === 0) {
      if (!this.#exists) await this.#create();
      await this.#bind();
      await this.verify();
      if (isOver()) return;
      if (this.#chance.happens(0.5)) await this.#unbind();
      if (this.#chance.happens(0.5)) await this.#destroy();
      await this.verify();
    }
  }

  /** Compares what exists with what this user was told, through every replica. */
  async verify(): Promise<void> {
    const things = this.#journal.thingsOf(this.#name);
    if (things.length !== (this.#exists ? 1 : 0)) {
      this.violations.push(`${this.#name}: ${things.length} exist, although ${this.#exists ? 'one was' : 'none is'} acknowledged`);
    }
    for (let index = 0; index < this.#fleet.size; index++) {
      const reply = await this.#fleet.call(index, this.#status);
      if (reply === undefined) continue;
      const wanted = this.#exists ? 204 : 404;
      if (reply.status !== wanted) {
        this.violations.push(`${this.#name}: the status is ${reply.status} through replica ${index}, and not ${wanted}`);
      }
    }
    const { SECRET } = JSON.parse(this.#variables ?? '{}') as { SECRET?: string };
    const secret = this.#journal.secretOf(things[0] ?? '', this.#app);
    if (secret !== SECRET) this.violations.push(`${this.#name}: the user of the app is not that of its bind`);
  }

  async #create(): Promise<void> {
    const call = { method: 'POST', path: '/resources', fields: { name: this.#name, team: 't', plan: 'small' } };
    await this.#until('is not created', async () => {
      const reply = await this.#call(call, [201]);
      return reply !== undefined && (!this.#inBackground || (await this.#isCreated()));
    });
    this.#exists = true;
  }

  /** Waits for a creation in the background. @returns false when it failed, and must be asked for again */
  async #isCreated(): Promise<boolean> {
    let isReady = false;
    await this.#until('stays pending', async () => {
      const { status } = (await this.#fleet.call(this.#replica(), this.#status)) ?? { status: 202 };
      isReady = status === 204;
      return status !== 202 && status < 502;
    });
    return isReady;
  }

  async #bind(): Promise<void> {
    const call = { method: 'POST', path: this.#path('/bind-app'), fields: { 'app-name': this.#app } };
    const before = this.#journal.bindsOf(this.#name);
    const { body } = await this.#succeeds('is not bound', call, [201]);
    if (this.#variables !== undefined && this.#variables !== body) {
      this.violations.push(`${this.#name}: the variables of a repeated bind are others`);
    }
    if (this.#variables !== undefined && this.#journal.bindsOf(this.#name) > before) {
      this.violations.push(`${this.#name}: a bind that was acknowledged has been made again`);
    }
    this.#variables = body;
  }

  async #unbind(): Promise<void> {
    const call = { method: 'DELETE', path: this.#path('/bind-app'), fields: { 'app-name': this.#app } };
    await this.#succeeds('is not unbound', call, [200]);
    this.#variables = undefined;
  }

  async #destroy(): Promise<void> {
    await this.#succeeds('is not removed', { method: 'DELETE', path: this.#path(), fields: { user: 'u' } }, [200, 404]);
    this.#exists = false;
    this.#variables = undefined;
  }

  async #succeeds(otherwise: string, call: Call, wanted: number[]): Promise<WireResponse> {
    let last: WireResponse | undefined;
    await this.#until(otherwise, async () => {
      last = await this.#call(call, wanted);
      return last !== undefined;
    });
    return last ?? { status: 0, headers: {}, body: '' };
  }

  /** Sends a call, often to two replicas at once, as one that is repeated while it runs. @returns a wanted reply */
  async #call(call: Call, wanted: number[]): Promise<WireResponse | undefined> {
    const replicas = this.#chance.happens(0.3) ? [this.#replica()] : [this.#replica(), this.#replica()];
    const replies = await Promise.all(replicas.map((index) => this.#fleet.call(index, call)));
    for (const reply of replies) {
      const told = `${call.method} ${call.path}: ${reply?.status ?? 'killed'} ${reply?.body ?? ''}`;
      this.#replies.push(told);
      if (this.#isCalm && reply !== undefined && !wanted.includes(reply.status)) this.violations.push(told);
    }
    return replies.find((reply) => reply !== undefined && wanted.includes(reply.status));
  }

  async #until(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!(await isSo())) {
      if (performance.now() > deadline) {
        const notes = this.#journal.toldOf(this.#name).slice(-RECENT);
        const text = [`${this.#name} ${otherwise} within ${PATIENCE} ms`, ...this.#replies.slice(-RECENT), ...notes];
        throw new Error(text.join('\n    '));
      }
      await pause(50);
    }
    this.successes++;
  }

  get #status(): Call {
    return { method: 'GET', path: this.#path('/status') };
  }

  #path(rest = ''): string {
    return `/resources/${this.#name}${rest}`;
  }

  #replica(): number {
    return Math.floor(this.#chance.between(0, this.#fleet.size));
  }
}
