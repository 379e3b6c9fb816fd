import { Calls, type Call } from '../../src/tsuru/calls.ts';
import { send } from '../../src/tsuru/http.ts';
import type { Chance } from './chance.ts';
import { History, type Action, type Operation, type Result } from './history.ts';
import type { Journal } from './journal.ts';
import { MARGIN, TIMEOUTS } from './limits.ts';
import type { ServiceProcess } from './process.ts';
import { variableOf, type World } from './world.ts';

/** A call that Tsuru may make. */
export interface Wanted {
  name: string;
  action: Action;
  /** `app:NAME` or `job:NAME`, for a bind and an unbind. */
  target?: string;
  /** For a create and an update. */
  parameters?: Record<string, string>;
}

export interface Replied {
  result: Result;
  status: number;
  text: string;
}

/** Makes Tsuru's calls in both encodings, remembers the replies, and checks each against the earlier ones. */
export class Tsuru {
  readonly #world: World;
  readonly #service: ServiceProcess;
  readonly #journal: Journal;
  readonly #histories = new Map<string, History>();
  /** The variables that binds returned, by id and target. */
  readonly #variables = new Map<string, string>();
  /** Calls without a reply, which may still have effects. */
  readonly #open = new Set<Operation>();
  #underWay = 0;
  #number = 0;

  constructor(world: World, service: ServiceProcess, journal: Journal) {
    this.#world = world;
    this.#service = service;
    this.#journal = journal;
    world.isAsked = (name, actions, target, since) => this.history(name).isAsked(actions, target, since);
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  history(name: string): History {
    const history = this.#histories.get(name) ?? new History();
    this.#histories.set(name, history);
    return history;
  }

  /** Everything was destroyed: earlier replies no longer count. */
  forget(): void {
    this.#histories.clear();
    this.#open.clear();
  }

  /** The service is idle: calls without a reply have ended too. */
  closeOpen(): void {
    for (const operation of this.#open) operation.end = performance.now();
    this.#open.clear();
  }

  /** Makes a call. @returns undefined if it did not reach the service */
  async call(wanted: Wanted, chance: Chance, hangUp?: number): Promise<Replied | undefined> {
    const { name, action, target = '', parameters = {} } = wanted;
    const { url, run } = await this.#service.address();
    const ids = this.#world.idsOf(name);
    const history = this.history(name);
    const operation = history.begin(action, target, JSON.stringify(parameters));
    const number = ++this.#number;
    const encoding = chance.of(['form', 'json']);
    const what = `${action}${target === '' ? '' : ` ${target}`} (request ${number}, ${encoding})`;
    this.#journal.note(name, `${what}${parameters['v'] === undefined ? '' : ` v=${parameters['v']}`}`);
    this.#underWay++;
    const { request } = tsuruCall(wanted, encoding, number, this.#service.authorization);
    const { reply, failure } = await send(url, request, {
      timeout: TIMEOUTS.reply + MARGIN,
      signal: new AbortController().signal,
      ...(hangUp !== undefined && { hangUp }),
    });
    this.#underWay--;
    if (failure === 'ECONNREFUSED') {
      history.forget(operation);
      this.#journal.note(name, `${what}: not sent`);
      return undefined;
    }
    if (reply?.complete !== true) {
      operation.result = 'unclear';
      this.#lost(wanted, operation, what, failure ?? 'an incomplete reply', run);
      return { result: 'unclear', status: 0, text: '' };
    }
    const { status } = reply;
    const text = reply.body.toString();
    operation.end = performance.now();
    operation.result = resultOf(action, status);
    this.#journal.note(name, `${what}: ${status} ${text.slice(0, 200)}`);
    this.#journal.count(`${action}: ${operation.result === 'unclear' ? status : operation.result}`);
    this.#judge(wanted, operation, { result: operation.result, status, text }, ids);
    return { result: operation.result, status, text };
  }

  #lost({ name, action }: Wanted, operation: Operation, what: string, failure: string, run: number): void {
    this.#journal.note(name, `${what}: lost, ${failure}`);
    this.#journal.count(`${action}: ${failure === 'hung up' ? 'hung up' : 'reply lost'}`);
    if (failure === 'timeout') {
      this.#journal.violation('late reply', name, `${what} got no reply in ${TIMEOUTS.reply + MARGIN} ms`);
    }
    const now = performance.now();
    if (!this.#service.isUp(run)) {
      operation.end = now;
      return;
    }
    this.#open.add(operation);
    this.#service.onceEnded(run, () => {
      if (this.#open.delete(operation)) operation.end = performance.now();
    });
    if (failure !== 'timeout' && failure !== 'hung up') {
      // The exit of a process may be noticed after its connections have closed.
      setTimeout(() => {
        if (this.#service.wasEnding(operation.start, now + 1000)) return;
        this.#journal.violation('unexplained error', name, `${what}: ${failure}`);
      }, 1000);
    }
  }

  #judge(wanted: Wanted, operation: Operation, replied: Replied, ids: Set<string>): void {
    const { name, action, target = '' } = wanted;
    const { result, status, text } = replied;
    const { start, end } = operation;
    const history = this.history(name);
    const said = `${action}${target === '' ? '' : ` ${target}`} got a ${status}: ${text.slice(0, 200)}`;
    if (status >= 500 && !this.#isExplained(wanted, operation, replied)) {
      this.#journal.violation('unexplained error', name, said);
    }
    if (action === 'destroy' && (result === 'done' || result === 'gone')) this.#world.bury(name, ids, said);
    const isMissing = status === 404 || (action === 'update' && status === 410);
    if (isMissing && action !== 'create' && history.exists(start, end)) {
      this.#journal.violation('lost', name, `${said}, although it was created`);
    }
    if (!isMissing && status < 500 && action !== 'create' && history.isGone(start, end)) {
      this.#journal.violation('came back', name, `${said}, although it was destroyed`);
    }
    if (action === 'bind' && result === 'done') this.#bound(wanted, operation, text);
  }

  #bound({ name, target = '' }: Wanted, operation: Operation, text: string): void {
    operation.variables = text;
    const id = (JSON.parse(text) as Record<string, string>)[variableOf(name, 'ID')];
    const key = `${id} ${target}`;
    const before = this.#variables.get(key);
    if (before !== undefined && before !== text) {
      this.#journal.violation('bind changed', name, `${target} got ${text}, and had ${before}`);
    }
    this.#variables.set(key, text);
    const still = this.history(name).isBound(target, operation.start, operation.end);
    if (still !== undefined && still.variables !== text) {
      this.#journal.violation('bind changed', name, `${target} got ${text}, and still had ${still.variables}`);
    }
  }

  #isExplained({ name, action }: Wanted, { start, end }: Operation, { status, text }: Replied): boolean {
    if (text.includes('unexpectedly')) return false;
    if (action === 'status' && status === 500 && text === '{"status":"down"}') return true;
    if (this.#service.wasEnding(start, end) || this.#world.wasTroubled(name, start, end)) return true;
    const waited = end - start;
    return (status === 503 && waited >= TIMEOUTS.lock * 0.9) || (status === 504 && waited >= TIMEOUTS.read * 0.9);
  }
}

function tsuruCall(
  { name, action, target = '', parameters = {} }: Wanted,
  encoding: 'form' | 'json',
  number: number,
  authorization: string,
): Call {
  const event = { user: 'ana@example.com', id: number.toString(16).padStart(24, '0') };
  const calls = new Calls(encoding, event, { Authorization: authorization, 'X-Request-ID': `soak-${number}` });
  const fields = { team: 'data', plan: 'small', description: '', tags: [], parameters };
  const [kind = '', bound = ''] = target.split(':');
  switch (action) {
    case 'create':
      return calls.create(name, fields);
    case 'update':
      return calls.update(name, fields);
    case 'destroy':
      return calls.destroy(name);
    case 'bind':
      return kind === 'app' ? calls.bindApp(name, bound) : calls.bindJob(name, bound);
    case 'unbind':
      return kind === 'app' ? calls.unbindApp(name, bound) : calls.unbindJob(name, bound);
    case 'status':
      return calls.status(name);
    case 'info':
      return calls.info(name);
  }
}

function resultOf(action: Action, status: number): Result {
  if (status < 300) return 'done';
  // 410 means that a removal interrupted the creation, and may still be running.
  if (status >= 500 || (action === 'create' && status === 410)) return 'unclear';
  return status === 404 && (action === 'destroy' || action === 'unbind') ? 'gone' : 'refused';
}
