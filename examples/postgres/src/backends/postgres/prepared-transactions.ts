import { ignoreMissing } from './errors.js';
import { name, text } from './quote.js';
import { withRoom } from './room.js';
import type { Query, Server } from './server.js';

/** A transaction of `PREPARE TRANSACTION`. It outlives its session, with its locks. */
interface Prepared {
  gid: string;
  database: string;
  owner: string;
}

/** Those of a role. */
export function preparedBy(query: Query, role: string): Promise<Prepared[]> {
  return query('SELECT gid, database, owner FROM pg_prepared_xacts WHERE owner = $1', [role]);
}

/** Those of apps and jobs that a session waits for. @param pid its process */
export function preparedAgainst(query: Query, pid: number): Promise<Prepared[]> {
  return query(
    `SELECT DISTINCT gid, prepared.database, owner FROM pg_prepared_xacts AS prepared
       JOIN pg_locks AS own ON own.transactionid = transaction
       JOIN pg_locks AS held ON held.virtualtransaction = own.virtualtransaction
       JOIN pg_locks AS wanted
         ON (held.locktype, held.database, held.relation, held.transactionid, held.classid, held.objid)
           IS NOT DISTINCT FROM
           (wanted.locktype, wanted.database, wanted.relation, wanted.transactionid, wanted.classid, wanted.objid)
     WHERE own.pid IS NULL AND held.pid IS NULL AND held.granted AND wanted.pid = $1 AND NOT wanted.granted
       AND 0 = ANY (pg_blocking_pids($1)) AND pg_has_role(owner, 'USAGE')`,
    [pid],
  );
}

/** Only the role of a prepared transaction, in its database, may end it. */
export async function rollBackPrepared(
  server: Server,
  signal: AbortSignal,
  find: (query: Query) => Promise<Prepared[]>,
): Promise<void> {
  for (const { gid, database, owner } of await server.run(signal, find, server.database)) {
    const rollBack = async (query: Query) => {
      await query(`SET ROLE ${name(owner)}`);
      await ignoreMissing(query(`ROLLBACK PREPARED ${text(gid)}`));
    };
    await withRoom(server, signal, database, () => server.run(signal, rollBack, database));
  }
}
