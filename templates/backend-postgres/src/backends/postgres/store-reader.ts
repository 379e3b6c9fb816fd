import { existsSync } from 'node:fs';

import Database from 'libsql';

import { decoded } from '../../tsuru/store-rows.js';
import { postgresData, type PostgresData } from './data.js';

/** An instance of the store, with the apps and jobs that are bound to it. */
export interface KnownInstance {
  id: string;
  name: string;
  /** Undefined before its creation has succeeded. */
  data: PostgresData | undefined;
  binds: { kind: 'app' | 'job'; name: string }[];
}

type Row = Record<string, Uint8Array | null>;

/**
 * Reads all instances, while the service uses the store: on a connection that cannot write, without the store's lock.
 * @param path of the store
 * @returns undefined when there is no store
 */
export async function readInstances(path: string): Promise<KnownInstance[] | undefined> {
  if (!existsSync(path)) return undefined;
  const database = new Database(path);
  try {
    // libsql ignores SQLite's own option to open a file only for reading.
    database.pragma('query_only = ON');
    database.pragma('busy_timeout = 5000');
    const rows = (table: string, columns: string[], where = 'true') =>
      database
        .prepare(`select ${columns.map((name) => `cast(${name} as blob) as ${name}`).join(', ')} from ${table} where ${where}`)
        .all() as Row[];
    const binds = rows('binds', ['instance_id', 'kind', 'name'], "state <> 'unbound'");
    return rows('instances', ['id', 'name', 'data']).map((row) => ({
      id: textOf(row, 'id'),
      name: textOf(row, 'name'),
      data: dataIn(textOf(row, 'data')),
      binds: binds
        .filter((bind) => textOf(bind, 'instance_id') === textOf(row, 'id'))
        .map((bind) => ({ kind: textOf(bind, 'kind') === 'job' ? 'job' : 'app', name: textOf(bind, 'name') })),
    }));
  } finally {
    database.close();
  }
}

function textOf(row: Row, column: string): string {
  return decoded(row[column] ?? null) ?? '';
}

function dataIn(text: string): PostgresData | undefined {
  try {
    return postgresData.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
