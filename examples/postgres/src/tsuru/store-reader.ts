import pg from 'pg';

import type { StoreConfig } from './store-config.js';
import { connectionOptions } from './store-connection.js';

/** Columns of a row, as bytes. */
export type RawRow = Record<string, Uint8Array | null>;

/** The store's place, for people. */
export function storeName({ url }: StoreConfig): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/**
 * Reads rows while the service uses the store.
 * @returns undefined when there is no store
 */
export async function readRows(
  { url }: StoreConfig,
  table: 'instances' | 'binds',
  columns: readonly string[],
): Promise<RawRow[] | undefined> {
  const client = new pg.Client(connectionOptions(url));
  await client.connect();
  try {
    await client.query('set default_transaction_read_only = on');
    const { rows: found } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table]);
    if (found[0]?.exists !== true) return undefined;
    const list = columns.map((name) => `convert_to(${name}, getdatabaseencoding()) as ${name}`).join(', ');
    return (await client.query<RawRow>(`select ${list} from ${table}`)).rows;
  } finally {
    await client.end();
  }
}
