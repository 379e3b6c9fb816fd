import type { TestProject } from 'vitest/node';

import { postgresSettings } from '../../../src/backends/postgres/settings.js';
import { createAdmin } from './postgres-admin.js';
import { startPostgres } from './postgres-server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The URL of the superuser. */
    postgres: string;
  }
}

/**
 * One PostgreSQL server for all tests, in the settings of the environment.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ settings: { fsync: 'off', max_connections: '200', max_prepared_transactions: '10' } });
  // Those of .env are not for tests.
  for (const name of Object.keys(postgresSettings)) process.env[name] = '';
  process.env['POSTGRES_ADMIN_URL'] = await createAdmin(server);
  project.provide('postgres', server.url());
  return () => server.stop();
}
