import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { connectionOptions } from './store-connection.js';

const CHANNEL = 'tsuru_service_removals';
/** Milliseconds between two attempts to listen again. */
const RETRY_INTERVAL = 1_000;

/** Says which instance is being removed. Channels belong to a database, so the schema is part of the message. */
export const ANNOUNCE = `select pg_notify('${CHANNEL}', current_schema() || '/' || $1)`;

/** The number of a lock that all replicas share while they run, so that the store is not copied meanwhile. */
export const IN_USE = "hashtextextended(current_schema() || '/in use', 0)";

/** Listens to the announcements of the other replicas. What is said while the connection is down is missed. */
export class Announcements {
  readonly #url: string;
  readonly #schema: string;
  readonly #closing = new AbortController();
  readonly #listeners: ((name: string) => void)[] = [];
  #ended = Promise.resolve();

  constructor(url: string, schema: string) {
    this.#url = url;
    this.#schema = schema;
  }

  /** Starts to listen. @throws Error when the database is away or the store is being copied */
  async open(): Promise<void> {
    this.#ended = this.#keep(await this.#connect());
  }

  onRemoval(listener: (name: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  /** Connects again whenever a connection has ended. */
  async #keep(first: { ended: Promise<void> }): Promise<void> {
    const { signal } = this.#closing;
    let connection: typeof first | undefined = first;
    while (!signal.aborted) {
      await connection?.ended;
      await pause(RETRY_INTERVAL, undefined, { signal }).catch(() => {});
      // The server may be away.
      connection = await this.#connect().catch(() => undefined);
    }
    await connection?.ended;
  }

  async #connect(): Promise<{ ended: Promise<void> }> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const client = new pg.Client(connectionOptions(this.#url));
    const end = () => client.connection.stream.destroy();
    signal.addEventListener('abort', end);
    const ended = new Promise<void>((resolve) => client.on('end', resolve)).finally(() => {
      signal.removeEventListener('abort', end);
    });
    client.on('error', end);
    client.on('notification', ({ payload = '' }) => {
      if (payload.startsWith(`${this.#schema}/`)) this.#hear(payload.slice(this.#schema.length + 1));
    });
    try {
      await client.connect();
      await client.query(`set idle_session_timeout = 0; listen ${CHANNEL}`);
      const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock_shared(${IN_USE}) as taken`);
      if (rows[0]?.taken !== true) throw new Error('it is being copied; start the service when that has ended');
    } catch (error) {
      end();
      throw error;
    }
    return { ended };
  }

  #hear(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}
