import type { PostgresData } from './data.js';
import { alreadyExists, isFull, isMissing } from './errors.js';
import type { Limits } from './limits.js';
import { name, number, text } from './quote.js';
import { scramVerifier } from './scram.js';
import type { Query, Server } from './server.js';

/** Milliseconds for a session to end. */
const END_OF_SESSION = 5000;

/**
 * Creates a login role, or gives the existing one that password. What it creates belongs to the owner of the
 * database, so that another app can use it, and it stays when the role goes.
 */
export async function createRole(
  query: Query,
  { database, owner }: PostgresData,
  role: string,
  password: string,
  limits: Limits,
): Promise<void> {
  const verifier = await scramVerifier(password);
  const login = `LOGIN PASSWORD ${text(verifier)} CONNECTION LIMIT ${number(limits.connectionsPerApp)}`;
  try {
    await query(`CREATE ROLE ${name(role)} ${login} IN ROLE ${name(owner)}`);
  } catch (error) {
    if (!alreadyExists(error)) throw error;
    await query(`ALTER ROLE ${name(role)} ${login}`);
  }
  // To end its sessions later, and to take over its objects.
  await query(`GRANT ${name(role)} TO CURRENT_USER`);
  await query(`ALTER ROLE ${name(role)} IN DATABASE ${name(database)} SET ROLE ${name(owner)}`);
}

/** Ends the sessions of a role, gives its objects to the owner of the database, and removes it. */
export async function revokeRole(
  server: Server,
  signal: AbortSignal,
  data: PostgresData,
  role: string,
  limits: Limits,
): Promise<void> {
  const databases = await server.run(signal, async (query) => {
    const isThere = await lockOut(query, role);
    return isThere ? databasesWith(query, role) : undefined;
  });
  if (databases === undefined) return;
  if (databases.includes(data.database)) await reassign(server, signal, data, role);
  await server.run(signal, (query) =>
    ignoreMissing(
      query(`ALTER DATABASE ${name(data.database)} WITH CONNECTION LIMIT ${number(limits.connections)}`),
    ),
  );
  await dropRole(server, signal, role);
}

/** The roles of the apps and jobs of an instance, as the server has them. */
export async function rolesOf(query: Query, { prefix, owner }: PostgresData): Promise<string[]> {
  const rows = await query<{ rolname: string }>(
    `SELECT DISTINCT member.rolname FROM pg_auth_members AS membership
       JOIN pg_roles AS member ON member.oid = membership.member
       JOIN pg_roles AS owner ON owner.oid = membership.roleid
     WHERE owner.rolname = $1 AND starts_with(member.rolname::text, $2)`,
    [owner, `${prefix}_`],
  );
  return rows.map(({ rolname }) => rolname);
}

/** Keeps a role from connecting, and ends its sessions. @returns false when there is no such role */
export async function lockOut(query: Query, role: string): Promise<boolean> {
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
}

/** Removes a role, and what it has in any database. */
export async function dropRole(server: Server, signal: AbortSignal, role: string): Promise<void> {
  const drop = (query: Query) => ignoreMissing(query(`DROP OWNED BY ${name(role)} CASCADE`));
  const databases = await server.run(signal, async (query) => {
    // Also its privileges on objects that belong to no database.
    await drop(query);
    return databasesWith(query, role);
  });
  for (const database of databases) await server.run(signal, drop, database);
  await server.run(signal, async (query) => {
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

/** An app that has left the role of the owner, with `SET ROLE NONE`, owns what it has created since. */
async function reassign(server: Server, signal: AbortSignal, data: PostgresData, role: string): Promise<void> {
  const step = async (query: Query) => {
    await ignoreMissing(query(`REASSIGN OWNED BY ${name(role)} TO ${name(data.owner)}`));
    await ignoreMissing(query(`DROP OWNED BY ${name(role)}`));
  };
  try {
    await server.run(signal, step, data.database);
  } catch (error) {
    if (!isFull(error)) throw error;
    // The other apps have all connections of the plan. The limit returns with the end of the unbind.
    await server.run(signal, (query) => query(`ALTER DATABASE ${name(data.database)} WITH CONNECTION LIMIT -1`));
    await server.run(signal, step, data.database);
  }
}

async function ignoreMissing(statement: Promise<unknown>): Promise<void> {
  await statement.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
