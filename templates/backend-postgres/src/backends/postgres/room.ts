import { isFull } from './errors.js';
import { name, number } from './quote.js';
import type { Server } from './server.js';

/**
 * Runs a step in a database in which apps may have all connections of the plan. The limit is lifted for that time; after
 * a crash, the next unbind or update of the instance restores it.
 */
export async function withRoom(
  server: Server,
  signal: AbortSignal,
  database: string,
  step: () => Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!isFull(error)) throw error;
    const limit = (connections: number) =>
      server.run(signal, (query) => query(`ALTER DATABASE ${name(database)} WITH CONNECTION LIMIT ${number(connections)}`));
    const [row] = await server.run(signal, (query) =>
      query<{ datconnlimit: number }>('SELECT datconnlimit FROM pg_database WHERE datname = $1', [database]),
    );
    await limit(-1);
    try {
      await step();
    } finally {
      await limit(row?.datconnlimit ?? -1);
    }
  }
}
