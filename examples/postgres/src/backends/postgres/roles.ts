import type { PostgresData } from './data.js';
import { alreadyExists } from './errors.js';
import type { Limits } from './limits.js';
import { name, number, text } from './quote.js';
import { scramVerifier } from './scram.js';
import type { Query } from './server.js';

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
  // To end its sessions later, and to take over its objects.
  const rest = `GRANT ${name(role)} TO CURRENT_USER; ALTER ROLE ${name(role)} IN DATABASE ${name(database)} SET ROLE ${name(owner)}`;
  // Several statements in one query are one transaction: no role is left when a destroy has removed the database.
  try {
    await query(`CREATE ROLE ${name(role)} ${login} IN ROLE ${name(owner)}; ${rest}`);
  } catch (error) {
    if (!alreadyExists(error)) throw error;
    await query(`ALTER ROLE ${name(role)} ${login}; ${rest}`);
  }
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
