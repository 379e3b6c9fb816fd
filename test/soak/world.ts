import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { Chance } from './chance.ts';
import type { Action } from './history.ts';
import type { Journal } from './journal.ts';
import { CALM, scriptOf, type Ending, type Script, type Weather } from './weather.ts';

export type Method = Exclude<Action, 'none'>;

/** A backend call as it arrives from src/backend.ts of the project. */
interface Asked {
  id: string;
  run: number;
  method: Method;
  instance: { id: string; name: string; data: Record<string, unknown>; parameters: Record<string, unknown> };
  target?: string;
  secret?: string;
  previous?: Variables;
}

type Variables = Record<string, string>;

/** The name of a variable. Each instance has its own, since an app may be bound to all of them. */
export function variableOf(instance: string, name: string): string {
  return `${instance}_${name}`;
}

/** A backend call, from its beginning until the service has its outcome. */
interface Call extends Asked {
  script: Script;
  start: number;
  end: number;
  /** Whether it explains an error: it fails, or was asked to stop. */
  isTroubled: boolean;
  isAborted: boolean;
  /** Whether its process died. */
  isCut: boolean;
  /** The value that it returned. */
  returned: unknown;
  wake: (() => void) | undefined;
}

interface Thing {
  name: string;
  parameters: string;
}

interface User {
  instance: string;
  name: string;
  target: string;
  secret: string;
}

/** The state of an instance in the service, as passed to `status`. */
export interface View {
  id: string;
  parameters: string;
  data: Record<string, unknown>;
}

const READS: readonly Method[] = ['status', 'info'];
/** The calls of Tsuru that may cause each backend call; a creation also continues without one. */
const ASKED_BY: Readonly<Partial<Record<Method, readonly Action[]>>> = {
  update: ['update'],
  destroy: ['destroy', 'create'],
  bind: ['bind'],
  unbind: ['unbind', 'destroy', 'create'],
};
/** Milliseconds after a reply in which a backend call may still begin for its request. */
const JUST_ANSWERED = 3000;

/** Whether a call of Tsuru explains a backend call. */
export type IsAsked = (name: string, actions: readonly Action[], target: string, since: number) => boolean;

/**
 * All that exists, in a process that survives the kills of the service. It plays the backend: each call waits, changes what
 * exists, waits again and ends, as its script says. It also checks the promises that must hold at every moment.
 */
export class World {
  /** The only run of the service that may call. */
  live = 0;
  weather: Weather = CALM;
  isAsked: IsAsked = () => true;
  readonly #journal: Journal;
  readonly #seed: string;
  readonly #server: Server;
  readonly #things = new Map<string, Thing>();
  readonly #users = new Map<string, User>();
  readonly #removed = new Set<string>();
  readonly #calls = new Map<string, Call[]>();
  readonly #running = new Map<string, Call>();
  readonly #abortedEarly = new Set<string>();
  readonly #views = new Map<string, View>();
  #serial = 0;

  private constructor(journal: Journal, seed: string) {
    this.#journal = journal;
    this.#seed = seed;
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
      void this.#take(request, response);
    });
  }

  static async open(journal: Journal, seed: string): Promise<World> {
    const world = new World(journal, seed);
    world.#server.listen(0, '127.0.0.1');
    await once(world.#server, 'listening');
    return world;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Ends the calls of a process that has died. */
  cut(run: number): void {
    for (const call of this.#running.values()) {
      if (call.run !== run) continue;
      call.isCut = true;
      this.#end(call, 'cut by the death of its process');
      call.wake?.();
    }
  }

  /** Stops all failures, and ends running calls soon. */
  calmDown(): void {
    this.weather = CALM;
    for (const call of this.#running.values()) call.wake?.();
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** The ids of the instances with this name that a call was made for. */
  idsOf(name: string): Set<string> {
    return new Set(this.#of(name).map(({ instance }) => instance.id));
  }

  /** Records that instances were destroyed, with a reply that said so. */
  bury(name: string, ids: Iterable<string>, why: string): void {
    for (const id of ids) {
      this.#removed.add(id);
      if (this.#things.has(id)) this.#journal.violation('leaked', name, `${why}, but ${id} still exists`);
      for (const { target } of this.usersOf(id)) {
        this.#journal.violation('leaked', name, `${why}, but the user of ${target} in ${id} still exists`);
      }
    }
  }

  thing(id: string): Thing | undefined {
    return this.#things.get(id);
  }

  thingsOf(name: string): string[] {
    return [...this.#things].filter(([, thing]) => thing.name === name).map(([id]) => id);
  }

  usersOf(id: string): User[] {
    return [...this.#users.values()].filter(({ instance }) => instance === id);
  }

  usersOfName(name: string, target: string): User[] {
    return [...this.#users.values()].filter((user) => user.name === name && user.target === target);
  }

  view(name: string): View | undefined {
    return this.#views.get(name);
  }

  /** The value of the last call of these kinds, if it returned and its process is still running. */
  lastReturned(name: string, id: string, methods: readonly Method[], target = ''): unknown {
    const last = this.#of(name).findLast(
      (call) => call.instance.id === id && methods.includes(call.method) && (call.target ?? '') === target,
    );
    return last?.run === this.live ? last.returned : undefined;
  }

  /** Whether a call for this instance failed, or was asked to stop, between two times. */
  wasTroubled(name: string, from: number, to: number): boolean {
    return this.#of(name).some((call) => call.isTroubled && call.start <= to && call.end >= from);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: unknown = JSON.parse(await text(request));
    if (request.url === '/abort') {
      this.#abort((body as { id: string }).id);
      response.end('{}');
      return;
    }
    const ending = await this.#play(body as Asked, response);
    response.end(JSON.stringify(ending));
  }

  #abort(id: string): void {
    const call = this.#running.get(id);
    if (call === undefined) {
      this.#abortedEarly.add(id);
      return;
    }
    this.#journal.note(call.instance.name, `${described(call)} is asked to stop${call.script.isDeaf ? ', and does not' : ''}`);
    call.isAborted = call.isTroubled = true;
    if (!call.script.isDeaf) call.wake?.();
  }

  async #play(asked: Asked, response: ServerResponse): Promise<Ending> {
    const call = this.#begin(asked);
    response.on('close', () => {
      if (!this.#running.has(call.id)) return;
      call.isCut = true;
      this.#end(call, 'cut off');
      call.wake?.();
    });
    const { script } = call;
    await this.#pause(call, script.before);
    if (isCut(call)) return STOPPED;
    if (!isStopped(call)) {
      if (script.ending.hasEffect) this.#effect(call);
      await this.#pause(call, script.after);
      if (isCut(call)) return STOPPED;
    }
    if (isStopped(call)) {
      this.#end(call, 'stopped');
      return STOPPED;
    }
    return this.#finish(call);
  }

  #begin(asked: Asked): Call {
    const { name } = asked.instance;
    const calls = this.#of(name);
    const isAborted = this.#abortedEarly.delete(asked.id);
    const script = scriptOf(asked.method, this.weather, new Chance(`${this.#seed} ${name} ${calls.length}`));
    const call: Call = {
      ...asked,
      ...{ script, isAborted, isCut: false, returned: undefined, wake: undefined },
      ...{ start: performance.now(), end: Infinity, isTroubled: isAborted || !script.ending.isGood },
    };
    this.#journal.note(name, `${described(call)} begins: ${script.told}`);
    this.#journal.count(`backend: ${asked.method}`);
    if (asked.run !== this.live) {
      this.#journal.violation('two processes', name, `${described(call)}, but run ${this.live} has the store`);
    }
    calls.push(call);
    if (READS.includes(asked.method)) {
      const { id, data, parameters } = asked.instance;
      this.#views.set(name, { id, data, parameters: JSON.stringify(parameters) });
    } else {
      this.#watch(call);
    }
    this.#running.set(call.id, call);
    return call;
  }

  #watch(call: Call): void {
    const { method, instance, target = '' } = call;
    const { id, name } = instance;
    const beside = [...this.#running.values()].find(
      (running) => running.instance.name === name && !READS.includes(running.method),
    );
    if (beside !== undefined) {
      this.#journal.violation('overlapping', name, `${described(call)} runs at the same time as ${described(beside)}`);
    }
    const actions = ASKED_BY[method];
    if (actions !== undefined && !this.isAsked(name, actions, target, performance.now() - JUST_ANSWERED)) {
      this.#journal.violation('unasked', name, `${described(call)}, but no request asked for it`);
    }
    if (method === 'destroy') {
      for (const user of this.usersOf(id)) {
        this.#journal.violation('leaked', name, `${described(call)}, while ${user.target} still has its user`);
      }
    }
  }

  /** Changes what exists. Doing it twice has the same effect as once. */
  #effect(call: Call): void {
    const { method, instance, target = '', secret = '' } = call;
    const { id, name, parameters } = instance;
    if (READS.includes(method)) return;
    const key = `${id} ${target}`;
    this.#journal.note(name, `${described(call)} has its effect`);
    if (this.#removed.has(id) && (method === 'create' || method === 'update' || method === 'bind')) {
      this.#journal.violation('came back', name, `${described(call)} changes an instance that was destroyed`);
    }
    switch (method) {
      case 'create': {
        const other = this.thingsOf(name).find((thing) => thing !== id);
        if (other !== undefined) this.#journal.violation('doubled', name, `${id} is made while ${other} exists`);
        this.#things.set(id, { name, parameters: JSON.stringify(parameters) });
        break;
      }
      case 'update':
        this.#needThing(call);
        this.#things.set(id, { name, parameters: JSON.stringify(parameters) });
        break;
      case 'destroy':
        this.#things.delete(id);
        break;
      case 'bind':
        this.#needThing(call);
        this.#users.set(key, { instance: id, name, target, secret });
        break;
      case 'unbind':
        this.#users.delete(key);
        break;
    }
  }

  #needThing(call: Call): void {
    if (this.#things.has(call.instance.id)) return;
    this.#journal.violation('lost', call.instance.name, `${described(call)}, but the instance does not exist`);
  }

  #finish(call: Call): Ending {
    const { script, method } = call;
    if (!script.ending.isGood) {
      this.#end(call, script.ending.told);
      return script.ending.outcome;
    }
    const value = this.#valueOf(call);
    if (!READS.includes(method)) call.returned = value ?? {};
    this.#end(call, 'returns');
    return { ends: 'return', value: value ?? null };
  }

  #valueOf(call: Call): unknown {
    const { instance, method, target = '', secret = '', previous } = call;
    switch (method) {
      case 'create':
      case 'update':
        return { serial: ++this.#serial };
      case 'bind':
        return {
          [variableOf(instance.name, 'ID')]: instance.id,
          [variableOf(instance.name, 'TARGET')]: target,
          [variableOf(instance.name, 'SECRET')]: secret,
          [variableOf(instance.name, 'SERIAL')]: previous?.[variableOf(instance.name, 'SERIAL')] ?? String(++this.#serial),
        };
      case 'status':
        return 'up';
      case 'info':
        return [{ label: 'Serial', value: JSON.stringify(instance.data) }];
      default:
        return undefined;
    }
  }

  #end(call: Call, how: string): void {
    call.end = performance.now();
    if (call.isCut) call.isTroubled = true;
    this.#running.delete(call.id);
    this.#journal.note(call.instance.name, `${described(call)} ends: ${how}`);
  }

  /** Waits, unless the call stops on request or the weather calms down. */
  #pause(call: Call, milliseconds: number): Promise<void> {
    if (isCut(call) || isStopped(call)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.weather === CALM ? Math.min(milliseconds, 5) : milliseconds);
      call.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #of(name: string): Call[] {
    const calls = this.#calls.get(name) ?? [];
    this.#calls.set(name, calls);
    return calls;
  }
}

const STOPPED: Ending = { ends: 'throw', as: 'error', text: 'This operation was aborted' };

function isCut({ isCut }: Call): boolean {
  return isCut;
}

function isStopped({ isAborted, script }: Call): boolean {
  return isAborted && !script.isDeaf;
}

function described({ method, instance, target, run }: Call): string {
  return `backend.${method}(${[instance.id.slice(0, 8), target].filter((part) => part !== undefined).join(', ')}) of run ${run}`;
}
