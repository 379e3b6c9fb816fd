import { setTimeout as pause } from 'node:timers/promises';

import { send, startService, type RunningService, type WireResponse } from '../support/service.ts';
import type { Journal } from './journal.ts';
import type { Database } from './project.ts';

/** A request of Tsuru's. */
export interface Call {
  method: string;
  path: string;
  fields?: Record<string, string>;
}

export interface FleetOptions {
  /** The directory of the version to run. */
  directory: string;
  database: Database;
  /** Where each replica reaches the store. */
  storeUrl: (index: number) => string;
  size: number;
  journal: Journal;
}

/** Some replicas of one service on one store, which can be killed, frozen or replaced, and come back. */
export class Fleet {
  readonly #database: Database;
  readonly #storeUrl: (index: number) => string;
  readonly #journal: Journal;
  /** The directory of the version that each replica runs. */
  readonly #versions: string[];
  readonly #replicas: (RunningService | undefined)[];
  /** What replicas said that ended by themselves. */
  readonly #ends = new Set<string>();
  /** The replicas that were killed, whose connections break. */
  readonly #killed = new Set<RunningService>();

  constructor({ directory, database, storeUrl, size, journal }: FleetOptions) {
    this.#versions = Array.from({ length: size }, () => directory);
    this.#database = database;
    this.#storeUrl = storeUrl;
    this.#journal = journal;
    this.#replicas = this.#versions.map(() => undefined);
  }

  get size(): number {
    return this.#replicas.length;
  }

  /** Starts the replicas that are not running, all at once. */
  async start(): Promise<void> {
    await Promise.all(
      this.#replicas.map(async (replica, index) => {
        this.#replicas[index] = replica ?? (await this.#started(index));
      }),
    );
  }

  /** Kills a replica, with no chance to do anything. */
  async kill(index: number): Promise<void> {
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    this.#replicas[index] = undefined;
    this.#killed.add(replica);
    this.#journal.losing(replica.child.pid ?? 0);
    await replica.kill();
  }

  /**
   * Starts a replica in place of another one, which is then asked to stop, as a rolling upgrade does.
   * @param directory of its version; by default that of the other one
   * @returns the exit code of the other one
   */
  async replace(index: number, directory = this.#versions[index] ?? ''): Promise<number | null> {
    this.#versions[index] = directory;
    const old = this.#replicas[index];
    const replacement = await this.#started(index);
    const health = await this.#send(replacement, { method: 'GET', path: '/healthcheck' });
    if (health.status !== 200) throw new Error(`a replica that has just started is not healthy: ${health.body}`);
    this.#replicas[index] = replacement;
    return (await old?.stop()) ?? 0;
  }

  /** Stops a process for a while, as an overloaded or suspended machine does. */
  async freeze(index: number, whileFrozen: () => Promise<unknown>): Promise<void> {
    const child = this.#replicas[index]?.child;
    child?.kill('SIGSTOP');
    try {
      await whileFrozen();
    } finally {
      child?.kill('SIGCONT');
    }
  }

  /** Ends a replica's connections to the store. Its calls of the backend are told, so that other replicas go on with them. */
  async disconnect(index: number): Promise<void> {
    const lost = this.#journal.losing(this.#replicas[index]?.child.pid ?? 0);
    await this.#database.endSessions(nameOf(index));
    lost();
  }

  /** Restarts the server of the store. */
  async restartDatabase(): Promise<void> {
    const losses = this.#replicas.map((replica) => this.#journal.losing(replica?.child.pid ?? 0));
    await this.#database.restart();
    for (const lost of losses) lost();
  }

  /** Asks every replica to stop. @returns their exit codes */
  async stop(): Promise<(number | null)[]> {
    const running = this.#replicas.flatMap((replica) => replica ?? []);
    this.#replicas.fill(undefined);
    return Promise.all(running.map((replica) => replica.stop()));
  }

  /** What replicas said that ended by themselves. */
  get ends(): string[] {
    return [...this.#ends];
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

  /**
   * Sends a call to one replica.
   * @returns undefined when the replica is killed before it has replied, or listens no more
   * @throws Error when the replica breaks the connection otherwise
   */
  async call(index: number, call: Call): Promise<WireResponse | undefined> {
    const replica = await this.#up(index);
    try {
      return await this.#send(replica, call);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const hasLeft = this.#replicas[index] !== replica && code === 'ECONNREFUSED';
      if (this.#killed.has(replica) || hasLeft) return undefined;
      const { exitCode } = replica.child;
      if (exitCode !== null) this.#ends.add(`replica ${index} ended with ${exitCode}:\n${replica.output().slice(-2000)}`);
      throw new Error(`replica ${index} broke the connection of ${call.method} ${call.path}: ${message}`, { cause: error });
    }
  }

  #send({ port, authorization }: RunningService, { method, path, fields }: Call): Promise<WireResponse> {
    const body = fields === undefined ? '' : new URLSearchParams(fields).toString();
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded', connection: 'close' };
    return send(port, { method, path, headers, body });
  }

  #started(index: number): Promise<RunningService> {
    const url = new URL(this.#storeUrl(index));
    url.searchParams.set('application_name', nameOf(index));
    const environment = { STORE_URL: url.href, REPLICAS_DIRECTORY: this.#journal.directory, LOG_LEVEL: 'info' };
    return startService(this.#versions[index] ?? '', { environment });
  }

  async #up(index: number): Promise<RunningService> {
    for (;;) {
      const replica = this.#replicas[index];
      if (replica !== undefined) return replica;
      await pause(10);
    }
  }
}

/** The name of a replica's connections. */
function nameOf(index: number): string {
  return `replica-${index}`;
}
