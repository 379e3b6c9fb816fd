import { randomBytes } from 'node:crypto';

import pg from 'pg';
import type { TestProject } from 'vitest/node';

import { postgresSettings } from '../../../src/backends/postgres/settings.js';
import { startPostgres } from './postgres-server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The URL of the superuser. */
    postgres: string;
  }
}

/**
 * One PostgreSQL server for all tests. The environment has the settings of an account like that of a managed server: it
 * is no superuser.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ settings: { fsync: 'off', max_connections: '200' } });
  const password = randomBytes(16).toString('hex');
  const client = new pg.Client(server.url());
  await client.connect();
  await client.query(`CREATE ROLE svcadmin LOGIN CREATEDB CREATEROLE PASSWORD '${password}'`);
  await client.end();
  // Those of .env are not for tests.
  for (const name of Object.keys(postgresSettings)) process.env[name] = '';
  process.env['POSTGRES_ADMIN_URL'] = server.url('postgres', 'svcadmin', password);
  project.provide('postgres', server.url());
  return () => server.stop();
}
