import { isFull } from './errors.js';
import { name, number } from './quote.js';
import type { Server } from './server.js';

/** Added to a limit while it is lifted, so that whatever finds it can restore it. */
const LIFT = 100_000;
/** Milliseconds. */
const RESTORE_TIMEOUT = 10_000;

/**
 * Runs a step in a database in which apps may have all connections of the plan. The limit is lifted for that time; after
 * a crash, the next unbind or update of the instance restores it.
 */
export async function withRoom(
  server: Server,
  signal: AbortSignal,
  database: string,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!isFull(error)) throw error;
    const [row] = await server.run(signal, (query) =>
      query<{ limit: number }>(`SELECT datconnlimit % ${LIFT} AS "limit" FROM pg_database WHERE datname = $1`, [database]),
    );
    // It is the server that is full.
    if (row === undefined || row.limit < 0) throw error;
    const setLimit = (connections: number, until: AbortSignal) =>
      server.run(until, (query) => query(`ALTER DATABASE ${name(database)} WITH CONNECTION LIMIT ${number(connections)}`));
    await setLimit(row.limit + LIFT, signal);
    try {
      await step();
    } finally {
      // Also when the call is cancelled.
      await setLimit(row.limit, AbortSignal.timeout(RESTORE_TIMEOUT));
    }
  }
}
