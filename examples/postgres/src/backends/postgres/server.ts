import pg from 'pg';
import type { Logger } from 'pino';

import { connectionTo } from './connection.js';
import type { PostgresSettings } from './settings.js';

/**
 * Sends one statement, with `$1` and so on for the values.
 * @throws pg.DatabaseError, or the error of a lost connection
 */
export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** The PostgreSQL server, as the steps of the backend use it: each step gets one connection. */
export interface Server {
  /**
   * @param signal cancels the running statement; the step ends only when the server has ended it
   * @param database that of the admin URL by default
   */
  run<T>(signal: AbortSignal, step: (query: Query) => Promise<T>, database?: string): Promise<T>;
  close(): Promise<void>;
}

/** Connections of the admin account. It needs one for each operation under way. */
const MAX_CONNECTIONS = 5;

export function connectServer(settings: PostgresSettings, log: Logger): Server {
  const pool = new pg.Pool({ ...connectionTo(settings), max: MAX_CONNECTIONS, idleTimeoutMillis: 10_000 });
  // A connection that breaks is replaced by the next call; without listeners its error would end the process.
  pool.on('error', (error) => {
    log.warn({ err: error }, 'an idle connection to PostgreSQL was lost');
  });
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });

  /** Asks the server to stop a statement, on a connection of its own; if it cannot be asked, the connection is cut. */
  async function cancel(client: Connection): Promise<void> {
    const other = new pg.Client(connectionTo(settings));
    other.on('error', () => {});
    try {
      await other.connect();
      await other.query('SELECT pg_cancel_backend($1)', [client.processID]);
    } catch {
      client.connection.stream.destroy();
    } finally {
      await other.end().catch(() => {});
    }
  }

  async function on<T>(client: pg.ClientBase, signal: AbortSignal, step: (query: Query) => Promise<T>): Promise<T> {
    let cancelling: Promise<void> | undefined;
    const onAbort = () => {
      cancelling = cancel(client as unknown as Connection);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await step(async <Row extends object>(text: string, values: readonly unknown[] = []) => {
        signal.throwIfAborted();
        const { rows } = await client.query<Row>(text, [...values]);
        return rows;
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      // A cancellation that arrives late would hit the next user of the connection.
      await cancelling;
    }
  }

  return {
    async run(signal, step, database) {
      signal.throwIfAborted();
      if (database !== undefined) {
        const client = new pg.Client(connectionTo(settings, database));
        client.on('error', () => {});
        try {
          await client.connect();
          return await on(client, signal, step);
        } finally {
          await client.end().catch(() => {});
        }
      }
      const client = await pool.connect();
      let isBroken = true;
      try {
        const result = await on(client, signal, step);
        isBroken = signal.aborted;
        return result;
      } finally {
        client.release(isBroken);
      }
    },
    close: () => pool.end(),
  };
}

/** What pg's own cancellation uses, and its types leave out. */
interface Connection {
  processID: number;
  connection: { stream: { destroy(): void } };
}
