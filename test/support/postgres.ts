import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { startPostgres as start } from '../../templates/embedded-postgres/test/tsuru/support/postgres-server.ts';

/** A PostgreSQL server on 127.0.0.1, started as generated projects start theirs. */
export interface PostgresServer {
  /** The URL of a database, for the superuser. */
  url(database?: string): string;
  createDatabase(name: string): Promise<void>;
  /** Ends it; {@link start} brings it back at the same address, with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Creates a server with its own data, and starts it. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const directory = join(tmpdir(), `postgres-${randomBytes(8).toString('hex')}`);
  let server = await start({ directory, password: 'postgres', settings: { max_connections: '300', ...settings } });
  const port = Number(new URL(server.url()).port);
  return {
    url: (database) => server.url(database),
    createDatabase: async (name) => {
      const client = new pg.Client(server.url());
      await client.connect();
      await client.query(`create database ${client.escapeIdentifier(name)}`);
      await client.end();
    },
    stop: () => server.stop(),
    start: async () => {
      server = await start({ directory, password: 'postgres', port, settings: { max_connections: '300', ...settings } });
    },
    remove: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
