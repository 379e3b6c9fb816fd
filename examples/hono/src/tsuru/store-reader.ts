import { existsSync } from 'node:fs';

import Database from 'libsql';

import type { StoreConfig } from './store-config.js';

/** Columns of a row, as bytes. */
export type RawRow = Record<string, Uint8Array | null>;

/** The store's place, for people. */
export function storeName({ path }: StoreConfig): string {
  return path;
}

/**
 * Reads rows while the service uses the store: on a connection that cannot write, without the store's lock.
 * @returns undefined when there is no store
 */
export async function readRows(
  { path }: StoreConfig,
  table: 'instances' | 'binds',
  columns: readonly string[],
): Promise<RawRow[] | undefined> {
  if (!existsSync(path)) return undefined;
  const database = new Database(path);
  try {
    // libsql ignores SQLite's own option to open a file only for reading.
    database.pragma('query_only = ON');
    database.pragma('busy_timeout = 5000');
    const list = columns.map((name) => `cast(${name} as blob) as ${name}`).join(', ');
    return database.prepare(`select ${list} from ${table}`).all() as RawRow[];
  } finally {
    database.close();
  }
}
