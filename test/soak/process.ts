import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { startProgram, type Started } from '../support/started.ts';
import { readEnvironment } from '../support/service.ts';
import type { Chance } from './chance.ts';
import type { Journal } from './journal.ts';
import { LAST_MOMENT, MARGIN } from './limits.ts';
import { ENTRY } from './project.ts';
import type { World } from './world.ts';

export type Provisioning = 'inline' | 'background';

interface Run {
  number: number;
  started: Started;
  /** When it was asked to stop, or killed. */
  ending: number;
  ended: number;
}

/**
 * The service as a process that is killed, stopped and restarted on one store. Each start is a run with a number, which its
 * backend sends to the world.
 */
export class ServiceProcess {
  readonly authorization: string;
  readonly #project: string;
  readonly #world: World;
  readonly #journal: Journal;
  readonly #runs: Run[] = [];
  readonly #whenEnded = new Set<(run: number) => void>();
  #environment: Record<string, string> = {};
  #number = 0;
  #isUp = Promise.resolve();

  constructor(project: string, world: World, journal: Journal) {
    this.#project = project;
    this.#world = world;
    this.#journal = journal;
    const { SERVICE_USERNAME = '', SERVICE_PASSWORD = '' } = readEnvironment(project);
    this.authorization = `Basic ${Buffer.from(`${SERVICE_USERNAME}:${SERVICE_PASSWORD}`).toString('base64')}`;
  }

  /** The address of the service, once it is up. */
  async address(): Promise<{ url: URL; run: number }> {
    await this.#isUp;
    const run = this.#current();
    return { url: new URL(run.started.url), run: run.number };
  }

  /** Whether a run was ending at some moment between two times. */
  wasEnding(from: number, to: number): boolean {
    return this.#runs.some(({ ending, ended }) => ending <= to && ended >= from);
  }

  isUp(run: number): boolean {
    return this.#runs.some(({ number, ended }) => number === run && ended === Infinity);
  }

  onceEnded(run: number, then: () => void): void {
    const listener = (number: number) => {
      if (number !== run) return;
      this.#whenEnded.delete(listener);
      then();
    };
    this.#whenEnded.add(listener);
  }

  async start(database: string, provisioning: Provisioning): Promise<void> {
    this.#environment = { DATABASE_PATH: database, SOAK_PROVISIONING: provisioning, SOAK_WORLD: this.#world.address };
    await this.#up(() => this.#start());
  }

  /** Ends the process and starts it again. */
  async restart(how: 'kill' | 'stop', chance: Chance): Promise<void> {
    await this.#up(async () => {
      await this.end(how, chance);
      for (let deaths = 0; deaths < 3 && chance.happens(0.3); deaths++) {
        await this.#dieWhileStarting(chance.between(0, 600));
      }
      await this.#start();
    });
  }

  async end(how: 'kill' | 'stop', chance: Chance): Promise<void> {
    const run = this.#current();
    run.ending = performance.now();
    const { child, ended } = run.started;
    this.#journal.count(how === 'kill' ? 'process: kill -9' : 'process: SIGTERM');
    this.#journal.note('', how === 'kill' ? `run ${run.number} is killed` : `run ${run.number} is asked to stop`);
    if (how === 'kill') {
      child.kill('SIGKILL');
      await ended;
      return;
    }
    child.kill('SIGTERM');
    const again = chance.happens(0.3) && setTimeout(() => child.kill('SIGTERM'), chance.between(0, 300));
    const late = setTimeout(() => {
      this.#journal.violation('process', '', `run ${run.number} did not end ${LAST_MOMENT} ms after it was asked to`);
      child.kill('SIGKILL');
    }, LAST_MOMENT + MARGIN);
    const code = await ended;
    clearTimeout(late);
    if (again) clearTimeout(again);
    const gaveUp = performance.now() - run.ending >= LAST_MOMENT;
    // The second signal may arrive when the process has finished and is only exiting.
    const isDone = code === 0 || run.started.output().includes('"stopped"');
    if (!isDone && !gaveUp) {
      this.#journal.violation('process', '', `run ${run.number} ended with ${String(code)} when it was asked to stop`);
    }
  }

  /** Kills every run that has not ended. */
  async kill(): Promise<void> {
    for (const run of this.#runs) {
      if (run.ended < Infinity) continue;
      run.ending = performance.now();
      run.started.child.kill('SIGKILL');
      await run.started.ended;
    }
  }

  /** Starts a second process on the same store: it must end by itself without calling the backend. */
  async intrude(): Promise<void> {
    this.#journal.count('process: a second one');
    this.#journal.note('', 'a second process is started on the store');
    const child = this.#spawn(++this.#number);
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (text += part));
    const late = setTimeout(() => child.kill('SIGKILL'), LAST_MOMENT + MARGIN);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(late);
    if (code === null || code === 0 || text === '') {
      this.#journal.violation('two processes', '', `a second process on the store ended with ${String(code)}: ${text}`);
    }
  }

  async #dieWhileStarting(milliseconds: number): Promise<void> {
    const number = ++this.#number;
    this.#world.live = number;
    this.#journal.count('process: kill -9 while it starts');
    this.#journal.note('', `run ${number} is started, and killed after ${Math.round(milliseconds)} ms`);
    const child = this.#spawn(number);
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (code !== null) this.#journal.violation('process', '', `run ${number} ended with ${code} while it started`);
    this.#world.cut(number);
  }

  async #start(): Promise<void> {
    const number = ++this.#number;
    this.#world.live = number;
    const environment = { ...this.#environment, SOAK_RUN: String(number) };
    const started = await startProgram(process.execPath, [ENTRY], environment, this.#project);
    // A framework may print its address before the service can handle a request to stop.
    while (!started.output().includes('"listening"') && started.child.exitCode === null) await pause(5);
    const run: Run = { number, started, ending: Infinity, ended: Infinity };
    this.#runs.push(run);
    this.#journal.note('', `run ${number} listens`);
    void started.ended.then((code) => {
      this.#ended(run, code);
    });
  }

  #ended(run: Run, code: number | null): void {
    const { number, started, ending } = run;
    this.#journal.note('', `run ${number} has ended with ${String(code)}`);
    this.#world.cut(number);
    run.ended = performance.now();
    for (const listener of [...this.#whenEnded]) listener(number);
    const lines = started.output().split('\n');
    const bad = lines.filter((line) => line.includes('unexpected error') || line.includes('failed unexpectedly'));
    for (const line of bad.slice(0, 3)) this.#journal.violation('unexplained error', '', `run ${number} logged: ${line}`);
    if (ending === Infinity) {
      run.ending = run.ended;
      const last = lines.slice(-30).join('\n');
      this.#journal.violation('process', '', `run ${number} ended by itself with ${String(code)}:\n${last}`);
    }
  }

  #spawn(number: number): ChildProcess {
    return spawn(process.execPath, [ENTRY], {
      cwd: this.#project,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...this.#environment, SOAK_RUN: String(number) },
    });
  }

  #current(): Run {
    const run = this.#runs.at(-1);
    if (run === undefined) throw new Error('the service was never started');
    return run;
  }

  #up(task: () => Promise<void>): Promise<void> {
    this.#isUp = task();
    return this.#isUp;
  }
}
