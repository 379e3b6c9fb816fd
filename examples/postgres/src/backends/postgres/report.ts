import type { InfoItem, Status } from '../../tsuru/backend.js';
import type { PostgresData } from './data.js';
import type { Limits } from './limits.js';
import type { Server } from './server.js';

/** `down` when the server cannot be reached, or no longer has the database. */
export async function statusOf(server: Server, signal: AbortSignal, { database }: PostgresData): Promise<Status> {
  try {
    const found = await server.run(signal, (query) =>
      query('SELECT 1 FROM pg_database WHERE datname = $1 AND datallowconn', [database]),
    );
    return found.length > 0 ? 'up' : 'down';
  } catch {
    return 'down';
  }
}

export async function infoOf(
  server: Server,
  signal: AbortSignal,
  { database }: PostgresData,
  { host, port }: { host: string; port: number },
  { connections, statementTimeout }: Limits,
): Promise<InfoItem[]> {
  const [row] = await server.run(signal, (query) =>
    query<{ size: string; connections: string }>(
      `SELECT pg_size_pretty(pg_database_size(datname)) AS size,
              (SELECT count(*) FROM pg_stat_activity AS session WHERE session.datname = pg_database.datname) AS connections
       FROM pg_database WHERE datname = $1`,
      [database],
    ),
  );
  return [
    { label: 'Address', value: `${host}:${port}` },
    { label: 'Database', value: database },
    { label: 'Size', value: row?.size ?? 'the database is missing' },
    { label: 'Connections', value: `${row?.connections ?? 0} of ${connections}` },
    { label: 'Statement timeout', value: statementTimeout === 0 ? 'none' : `${statementTimeout / 1000} s` },
  ];
}
