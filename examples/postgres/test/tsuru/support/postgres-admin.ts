import { randomBytes } from 'node:crypto';

import pg from 'pg';

import type { PostgresServer } from './postgres-server.js';

/**
 * Creates the account of the service as on a managed server: it is no superuser.
 * @returns its POSTGRES_ADMIN_URL
 */
export async function createAdmin(server: PostgresServer): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const client = new pg.Client(server.url());
  await client.connect();
  await client.query(`CREATE ROLE svcadmin LOGIN CREATEDB CREATEROLE PASSWORD '${password}'`);
  await client.end();
  return server.url('postgres', 'svcadmin', password);
}
