import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { connectionOptions } from './store-connection.js';

const CHANNEL = 'tsuru_service_removals';
/** Milliseconds between two attempts to listen again. */
const RETRY_INTERVAL = 1_000;

/** Says which instance is being removed. Channels belong to a database, so the schema is part of the message. */
export const ANNOUNCE = `select pg_notify('${CHANNEL}', current_schema() || '/' || $1)`;

/** Listens to the announcements of the other replicas. What is said while the connection is down is missed. */
export class Announcements {
  readonly #url: string;
  readonly #schema: string;
  readonly #closing = new AbortController();
  readonly #listeners: ((name: string) => void)[] = [];
  readonly #ended: Promise<void>;

  constructor(url: string, schema: string) {
    this.#url = url;
    this.#schema = schema;
    this.#ended = this.#listen();
  }

  onRemoval(listener: (name: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = new pg.Client(connectionOptions(this.#url));
      const gone = new Promise<void>((resolve) => {
        for (const event of ['error', 'end'] as const) client.on(event, () => resolve());
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      // The server may be away.
      await Promise.race([this.#subscribe(client), gone]).then(() => gone, () => {});
      client.connection.stream.destroy();
      await pause(RETRY_INTERVAL, undefined, { signal }).catch(() => {});
    }
  }

  async #subscribe(client: pg.Client): Promise<void> {
    client.on('notification', ({ payload = '' }) => {
      if (payload.startsWith(`${this.#schema}/`)) this.#hear(payload.slice(this.#schema.length + 1));
    });
    await client.connect();
    await client.query(`set idle_session_timeout = 0; listen ${CHANNEL}`);
  }

  #hear(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}
