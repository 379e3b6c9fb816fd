import { setTimeout as pause } from 'node:timers/promises';

import { send, startService, type RunningService, type WireResponse } from '../support/service.ts';
import type { Chance } from '../soak/chance.ts';
import type { Journal } from './journal.ts';

/** A request of Tsuru's. */
export interface Call {
  method: string;
  path: string;
  fields?: Record<string, string>;
}

/** Some replicas of one service on one store, which can be killed and come back. */
export class Fleet {
  readonly #project: string;
  readonly #environment: Record<string, string>;
  readonly #journal: Journal;
  readonly #replicas: (RunningService | undefined)[];
  kills = 0;

  constructor(project: string, storeUrl: string, size: number, journal: Journal) {
    this.#project = project;
    this.#environment = { STORE_URL: storeUrl, REPLICAS_DIRECTORY: journal.directory, LOG_LEVEL: 'info' };
    this.#journal = journal;
    this.#replicas = Array.from({ length: size }, () => undefined);
  }

  get size(): number {
    return this.#replicas.length;
  }

  /** Starts the replicas that are not running, all at once. */
  async start(): Promise<void> {
    await Promise.all(
      this.#replicas.map(async (replica, index) => {
        if (replica !== undefined) return;
        const options = { environment: this.#environment, keepOutput: false };
        this.#replicas[index] = await startService(this.#project, options);
      }),
    );
  }

  /** Kills replicas at random, and starts them again, until the time is over. */
  async killAtRandom(chance: Chance, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await pause(chance.between(300, 1500));
      const victims = chance.happens(0.2) ? this.size : 1;
      const first = Math.floor(chance.between(0, this.size));
      await Promise.all(Array.from({ length: victims }, (_, index) => this.kill((first + index) % this.size)));
      await this.start();
    }
  }

  async kill(index: number): Promise<void> {
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    this.#replicas[index] = undefined;
    this.kills++;
    this.#journal.died(replica.child.pid ?? 0);
    await replica.kill();
  }

  /** Asks every replica to stop. @returns their exit codes */
  async stop(): Promise<(number | null)[]> {
    const running = this.#replicas.flatMap((replica) => replica ?? []);
    this.#replicas.fill(undefined);
    return Promise.all(running.map((replica) => replica.stop()));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#replicas.map((_, index) => this.kill(index)));
  }

  /** Where a replica listens, once it is up. */
  async portOf(index: number): Promise<number> {
    return (await this.#up(index)).port;
  }

  /** The replica that runs as that process. */
  indexOf(pid: number): number {
    return this.#replicas.findIndex((replica) => replica?.child.pid === pid);
  }

  /** Sends a call to one replica. @returns undefined when the replica dies before it has replied */
  async call(index: number, { method, path, fields }: Call): Promise<WireResponse | undefined> {
    const replica = await this.#up(index);
    const { port, authorization } = replica;
    const body = fields === undefined ? '' : new URLSearchParams(fields).toString();
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded', connection: 'close' };
    try {
      return await send(port, { method, path, headers, body });
    } catch (error) {
      if (this.#replicas[index] === replica) throw error;
      return undefined;
    }
  }

  async #up(index: number): Promise<RunningService> {
    for (;;) {
      const replica = this.#replicas[index];
      if (replica !== undefined) return replica;
      await pause(10);
    }
  }
}
