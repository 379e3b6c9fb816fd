import type { PostgresData } from './data.js';
import { alreadyExists, ignoreMissing, isForbidden } from './errors.js';
import type { Limits } from './limits.js';
import { insistently } from './patience.js';
import { name, number, text } from './quote.js';
import { dropRole, lockOut } from './role-removal.js';
import { rolesOf } from './roles.js';
import type { Query, Server } from './server.js';

/**
 * Creates a database, and the role that owns everything in it. The database itself belongs to the admin account: its
 * owner could lift the limits of the plan.
 */
export async function createDatabase(
  server: Server,
  signal: AbortSignal,
  { database, owner }: PostgresData,
  limits: Limits,
): Promise<void> {
  await server.run(signal, async (query) => {
    await unlessExists(query(`CREATE ROLE ${name(owner)} NOLOGIN`));
    await query(`GRANT ${name(owner)} TO CURRENT_USER`);
    // No connection is allowed before the privileges of PUBLIC are gone.
    await unlessExists(
      query(`CREATE DATABASE ${name(database)} TEMPLATE template0 ENCODING 'UTF8' ALLOW_CONNECTIONS false`),
    );
    await query(`REVOKE ALL ON DATABASE ${name(database)} FROM PUBLIC`);
    await query(`GRANT ALL ON DATABASE ${name(database)} TO ${name(owner)}`);
    await limitDatabase(query, database, limits);
    await query(`ALTER DATABASE ${name(database)} WITH ALLOW_CONNECTIONS true`);
  });
  await server.run(
    signal,
    async (query) => {
      // Before PostgreSQL 15 the schema belongs to a superuser, and every role that can connect may use it.
      const [schema] = await query<{ is_own: boolean }>(
        `SELECT pg_has_role(nspowner, 'USAGE') AS is_own FROM pg_namespace WHERE nspname = 'public'`,
      );
      if (schema?.is_own === true) await query(`ALTER SCHEMA public OWNER TO ${name(owner)}`);
    },
    database,
  );
}

/** Applies the limits of a plan to a database and to its apps and jobs. Open connections stay open. */
export async function limitAll(query: Query, data: PostgresData, limits: Limits): Promise<void> {
  await limitDatabase(query, data.database, limits);
  for (const role of await rolesOf(query, data)) {
    await ignoreMissing(query(`ALTER ROLE ${name(role)} CONNECTION LIMIT ${number(limits.connectionsPerApp)}`));
  }
}

/** Removes a database with everything in it, its sessions, and its roles. */
export async function dropDatabase(server: Server, signal: AbortSignal, data: PostgresData): Promise<void> {
  const { database, owner } = data;
  const members = () => server.run(signal, (query) => rolesOf(query, data));
  const known = await members();
  for (const role of [...known, owner]) await lockOut(server, signal, role);
  await insistently(server, signal, (query) => dropWithSessions(query, database));
  // Again: a bind on another replica may have been faster than the end of the database, but none is from here on.
  const apps = await members();
  for (const role of apps) {
    if (!known.includes(role)) await lockOut(server, signal, role);
    await dropRole({ server, signal, data, role });
  }
  await dropRole({ server, signal, data, role: owner });
  const left = await server.run(signal, (query) =>
    query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname = $1
       UNION ALL SELECT rolname FROM pg_roles WHERE rolname = ANY ($2)`,
      [database, [...apps, owner]],
    ),
  );
  if (left.length > 0) throw new Error(`${left.map((one) => one.name).join(', ')} is still on the server`);
}

export async function limitDatabase(query: Query, database: string, limits: Limits): Promise<void> {
  await query(`ALTER DATABASE ${name(database)} WITH CONNECTION LIMIT ${number(limits.connections)}`);
  await query(`ALTER DATABASE ${name(database)} SET statement_timeout = ${text(number(limits.statementTimeout))}`);
}

/**
 * FORCE ends the sessions, but only a superuser may end an autovacuum with it. Without FORCE, PostgreSQL ends that
 * itself; the apps are locked out by then.
 */
async function dropWithSessions(query: Query, database: string): Promise<void> {
  try {
    await query(`DROP DATABASE IF EXISTS ${name(database)} WITH (FORCE)`);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await query(`DROP DATABASE IF EXISTS ${name(database)}`);
  }
}

async function unlessExists(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error: unknown) => {
    if (!alreadyExists(error)) throw error;
  });
}
