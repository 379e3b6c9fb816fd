import { postgresSettings } from '../../../src/backends/postgres/settings.js';
import { createAdmin } from './postgres-admin.js';
import { startPostgres, type PostgresServer } from './postgres-server.js';

/** Starts a PostgreSQL server, and puts its addresses into the environment of this process, where the tests find them. */
export async function startTestServer(): Promise<PostgresServer> {
  const server = await startPostgres({ settings: { fsync: 'off', max_connections: '200', max_prepared_transactions: '10' } });
  // Those of .env are not for tests.
  for (const name of Object.keys(postgresSettings)) process.env[name] = '';
  process.env['POSTGRES_ADMIN_URL'] = await createAdmin(server);
  process.env['POSTGRES_SUPERUSER_URL'] = server.url();
  return server;
}

/** One server for all tests but the doctor's. */
export default async function setUp(): Promise<() => Promise<void>> {
  const server = await startTestServer();
  return () => server.stop();
}
