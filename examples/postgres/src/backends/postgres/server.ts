import pg from 'pg';
import type { Logger } from 'pino';

import { AdminClient } from './admin-client.js';
import { adminAddress, connectionTo } from './connection.js';
import type { PostgresSettings } from './settings.js';

/**
 * Sends one statement, with `$1` and so on for the values.
 * @throws pg.DatabaseError, or the error of a lost connection
 */
export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Milliseconds for the server to end a statement that was cancelled. */
const CANCEL_TIMEOUT = 10_000;

/** The PostgreSQL server, as the steps of the backend use it: each step gets one connection. */
export interface Server {
  /** The database of the admin URL. */
  readonly database: string;
  /**
   * @param signal cancels the running statement; the step ends only when the server has ended it, or is gone
   * @param database for a connection of its own in that database; by default it is one of the pool, which has to be free
   */
  run<T>(signal: AbortSignal, step: (query: Query) => Promise<T>, database?: string): Promise<T>;
  close(): Promise<void>;
}

/** Connections of the admin account. It needs one for each operation under way. */
const MAX_CONNECTIONS = 5;

export function connectServer(settings: PostgresSettings, log: Logger): Server {
  const pool = new pg.Pool({ ...connectionTo(settings), Client: AdminClient, max: MAX_CONNECTIONS, idleTimeoutMillis: 10_000 });
  // A connection that breaks is replaced by the next call; without a listener its error would end the process.
  pool.on('error', (error) => {
    log.warn({ err: error }, 'an idle connection to PostgreSQL was lost');
  });

  /** Asks the server to stop a statement, on a connection of its own; if it does not, the connection is cut. */
  async function cancel(client: AdminClient): Promise<void> {
    const other = new AdminClient(connectionTo(settings));
    try {
      await other.connect();
      await other.query('SELECT pg_cancel_backend($1)', [client.processID]);
    } catch {
      client.cut();
    } finally {
      await other.end().catch(() => {});
    }
  }

  async function on<T>(client: AdminClient, signal: AbortSignal, step: (query: Query) => Promise<T>): Promise<T> {
    let cancelling: Promise<void> | undefined;
    let giveUp: NodeJS.Timeout | undefined;
    const onAbort = () => {
      cancelling = cancel(client);
      giveUp = setTimeout(() => client.cut(), CANCEL_TIMEOUT);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await step(async <Row extends object>(text: string, values: readonly unknown[] = []) => {
        signal.throwIfAborted();
        // Without values, a text may have several statements.
        const { rows } = await client.query<Row>(text, values.length === 0 ? undefined : [...values]);
        return rows;
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(giveUp);
      // A cancellation that arrives late would hit the next user of the connection.
      await cancelling;
    }
  }

  /** Waits for a free connection of the pool. */
  function borrow(signal: AbortSignal): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      const connecting = pool.connect().finally(() => signal.removeEventListener('abort', onAbort));
      connecting.then((client) => (signal.aborted ? client.release() : resolve(client)), reject);
    });
  }

  async function onOwn<T>(signal: AbortSignal, step: (query: Query) => Promise<T>, database: string): Promise<T> {
    const client = new AdminClient(connectionTo(settings, database));
    const onAbort = () => client.cut();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await client.connect().finally(() => signal.removeEventListener('abort', onAbort));
      return await on(client, signal, step);
    } finally {
      await client.end().catch(() => {});
    }
  }

  return {
    database: adminAddress(settings).database,
    async run(signal, step, database) {
      signal.throwIfAborted();
      if (database !== undefined) return onOwn(signal, step, database);
      const client = await borrow(signal);
      let isBroken = true;
      try {
        const result = await on(client as pg.PoolClient & AdminClient, signal, step);
        isBroken = signal.aborted;
        return result;
      } finally {
        client.release(isBroken);
      }
    },
    close: () => pool.end(),
  };
}
