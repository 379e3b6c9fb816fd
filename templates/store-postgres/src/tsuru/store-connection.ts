import { setTimeout as pause } from 'node:timers/promises';

import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';

import { ServiceError } from './errors.js';
import { LostLock } from './store-engine.js';
import type { Tables } from './store-tables.js';

/** Milliseconds that a request or a start waits for a database that is away, such as one that restarts. */
export const PATIENCE = 60_000;
/** Milliseconds between two attempts to reach it. */
const RETRY_INTERVAL = 250;

/** The SQLSTATE classes and codes of a server that is away for a while, is starting or stopping, ends a session, or is a standby. */
const AWAY = /^(08...|57P0[1235]|53300|25006)$/;
/** Node's codes, and the texts of `pg`, which have none. */
const NODE_CODES = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)$/;
const TEXTS = /^(Connection terminated|Client (has encountered|was closed)|timeout expired|timeout exceeded|Query read timeout)/i;

/** Whether an error says that the database cannot be reached now, so that the same query can succeed later. */
export function isAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isAway);
  if (error instanceof LostLock) return true;
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as NodeJS.ErrnoException;
  return AWAY.test(code) || NODE_CODES.test(code) || TEXTS.test(error.message);
}

export function unreachable(cause: unknown): ServiceError {
  return new ServiceError(503, "The service's database cannot be reached. Try again in a minute.", {}, { cause });
}

/** Parameters of every connection: a server or network that hangs is noticed. */
export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'tsuru-service',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    // A process that is frozen in a transaction, such as that of a migration, would stop the others for ever.
    idle_in_transaction_session_timeout: 20_000,
    query_timeout: 35_000,
    keepAlive: true,
  };
}

/**
 * Repeats an attempt while the database is away.
 * @param patience milliseconds
 * @param onWait gets the error of the first one, when another follows
 * @throws ServiceError 503 when it stays away; any other error at once
 */
export async function whenBack<T>(
  attempt: () => Promise<T>,
  patience = PATIENCE,
  onWait: (error: unknown) => void = () => {},
): Promise<T> {
  const deadline = performance.now() + patience;
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (performance.now() + RETRY_INTERVAL > deadline) throw unreachable(error);
      if (count === 1) onWait(error);
      await pause(RETRY_INTERVAL);
    }
  }
}

/**
 * The tables of the store, whose queries are sent by a function. Two queries may go through different connections, so it
 * is not for transactions.
 */
export function tablesThrough(query: (sql: string, values: unknown[]) => Promise<pg.QueryResult>): Kysely<Tables> {
  const client = { query: query as unknown as PostgresPoolClient['query'], release() {} };
  const pool: PostgresPool = { connect: () => Promise.resolve(client), end: () => Promise.resolve() };
  return new Kysely({ dialect: new PostgresDialect({ pool }) });
}
