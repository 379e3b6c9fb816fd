import { setTimeout as pause } from 'node:timers/promises';

import { isPassing } from './errors.js';
import { NAMESPACE } from './names.js';
import { preparedAgainst, rollBackPrepared } from './prepared-transactions.js';
import type { Query, Server } from './server.js';

/** Milliseconds until a statement that waits for an app ends the app's session. */
const WAIT = 1000;
const ATTEMPTS = 6;
/** Milliseconds before the second attempt; doubled each time. */
const FIRST_PAUSE = 50;

/** Runs a step again after an error that passes, such as that of two replicas that change one role at once. */
export async function patiently<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error;
      await pause(FIRST_PAUSE * 2 ** (attempt - 1), undefined, { signal });
    }
  }
}

/**
 * Runs a step of a removal, as {@link Server.run} does. An app cannot keep it waiting: `BEGIN; ALTER ROLE ... PASSWORD`
 * locks the app's own role, and `BEGIN; GRANT ... TO` that of an app of another instance. The statement is in the queue
 * for the lock when their sessions end, so it is before those that connect again.
 */
export async function insistently<T>(
  server: Server,
  signal: AbortSignal,
  step: (query: Query) => Promise<T>,
  database?: string,
): Promise<T> {
  return server.run(
    signal,
    async (query) => {
      const [self] = await query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new AbortController();
      const watch = endBlockers(server, signal, ended.signal, self?.pid ?? 0);
      try {
        return await step(query);
      } finally {
        ended.abort();
        await watch;
      }
    },
    database,
  );
}

/** Ends the transactions of apps and jobs that a session waits for. @param ended when it waits no more */
async function endBlockers(server: Server, signal: AbortSignal, ended: AbortSignal, pid: number): Promise<void> {
  const endSessions = (query: Query) =>
    query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE pid = ANY (pg_blocking_pids($1)) AND starts_with(usename::text, $2) AND pg_has_role(usesysid, 'USAGE')`,
      [pid, NAMESPACE],
    );
  const endAll = async () => {
    await server.run(signal, endSessions, server.database);
    await rollBackPrepared(server, signal, (query) => preparedAgainst(query, pid));
  };
  for (;;) {
    await pause(WAIT, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted || signal.aborted) return;
    // The lock's own time limit is the error to show.
    await endAll().catch(() => {});
  }
}
