import type { PostgresData } from './data.js';
import { hasDependents, ignoreMissing, isForbidden, isMissing } from './errors.js';
import { insistently } from './patience.js';
import { preparedBy, rollBackPrepared } from './prepared-transactions.js';
import { name } from './quote.js';
import { withRoom } from './room.js';
import type { Query, Server } from './server.js';

/** Milliseconds for a session to end. */
const END_OF_SESSION = 5000;

interface Removal {
  server: Server;
  signal: AbortSignal;
  /** The instance, whose own database may be gone. */
  data: PostgresData;
  role: string;
}

/** Keeps a role from connecting, ends its sessions and its prepared transactions. @returns false when there is no such role */
export async function lockOut(server: Server, signal: AbortSignal, role: string): Promise<boolean> {
  const isThere = await insistently(server, signal, async (query) => {
    try {
      await query(`ALTER ROLE ${name(role)} NOLOGIN`);
      // Its bind may have stopped before this.
      await query(`GRANT ${name(role)} TO CURRENT_USER`);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return false;
    }
    await endSessions(query, role);
    return true;
  });
  if (isThere) await rollBackPrepared(server, signal, (query) => preparedBy(query, role));
  return isThere;
}

/** Ends the sessions of an app or job, and removes its role. */
export async function removeRole(server: Server, signal: AbortSignal, data: PostgresData, role: string): Promise<void> {
  if (await lockOut(server, signal, role)) await dropRole({ server, signal, data, role });
}

/**
 * Removes a role that is locked out. Its objects in the instance's database go to the owner of that, and those in other
 * databases are dropped.
 */
export async function dropRole(removal: Removal): Promise<void> {
  const { server, signal, data, role } = removal;
  const drop = (query: Query) => dropOwned(query, removal);
  // Also its privileges on objects that belong to no database.
  await insistently(server, signal, drop);
  for (const database of await server.run(signal, (query) => databasesWith(query, role))) {
    const clear = () =>
      database === data.database
        ? // Only apps of the same instance can be in the way there, and their sessions go on.
          server.run(signal, (query) => bequeath(query, removal), database)
        : ignoreMissing(insistently(server, signal, drop, database));
    await withRoom(server, signal, database, clear);
  }
  await insistently(server, signal, async (query) => {
    // One that connected while it was being locked out.
    await endSessions(query, role);
    await query(`DROP ROLE IF EXISTS ${name(role)}`);
  });
}

async function endSessions(query: Query, role: string): Promise<void> {
  let ended: object[];
  do {
    ended = await query('SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE usename = $1', [
      role,
      END_OF_SESSION,
    ]);
  } while (ended.length > 0);
}

/** The databases in which a role owns something or has a privilege of its own. */
async function databasesWith(query: Query, role: string): Promise<string[]> {
  const rows = await query<{ datname: string }>(
    `SELECT DISTINCT datname FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
     WHERE refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)`,
    [role],
  );
  return rows.map(({ datname }) => datname);
}

/** Drops what a role has in a database, but nothing that an object of another role needs. */
async function dropOwned(query: Query, removal: Removal): Promise<void> {
  const { data, role } = removal;
  try {
    await ignoreMissing(query(`DROP OWNED BY ${name(role)}`));
    if (role !== data.owner) await passOnGrants(query, removal);
  } catch (error) {
    // They go with the owner, unless they are of another instance.
    if (!hasDependents(error) || role === data.owner) throw error;
    await bequeath(query, removal);
  }
}

/** Gives what a role has in a database to the owner. An app owns what it creates after `SET ROLE NONE`. */
async function bequeath(query: Query, removal: Removal): Promise<void> {
  const { data, role } = removal;
  const give = async () => {
    await ignoreMissing(query(`REASSIGN OWNED BY ${name(role)} TO ${name(data.owner)}`));
    await ignoreMissing(query(`DROP OWNED BY ${name(role)}`));
    await passOnGrants(query, removal);
  };
  try {
    await give();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await openSchemas(query, data);
    await give();
  }
}

/** A new owner must be able to create objects in the schema, which an app can have taken from it. */
async function openSchemas(query: Query, { owner }: PostgresData): Promise<void> {
  const closed = await query<{ nspname: string }>(
    `SELECT nspname FROM pg_namespace
     WHERE pg_has_role(nspowner, 'USAGE') AND NOT has_schema_privilege($1, oid, 'CREATE')`,
    [owner],
  );
  for (const { nspname } of closed) await query(`GRANT CREATE ON SCHEMA ${name(nspname)} TO ${name(owner)}`);
}

/**
 * Privileges that a role has granted on objects of the owner. `DROP OWNED` leaves them, since a member of the owner keeps
 * the right to grant. A change of the object's owner, there and back, makes them grants of the owner.
 */
async function passOnGrants(query: Query, { data, role }: Removal): Promise<void> {
  const objects = await query<{ object: string }>(
    `SELECT DISTINCT type || ' ' || identity AS object FROM pg_shdepend, pg_identify_object(classid, objid, 0)
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND deptype = 'a'
       AND refclassid = 'pg_authid'::regclass AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)`,
    [role],
  );
  for (const { object } of objects) {
    // One transaction, so that no crash leaves the object with the role.
    await query(`ALTER ${object} OWNER TO ${name(role)}; ALTER ${object} OWNER TO ${name(data.owner)}`);
  }
}
