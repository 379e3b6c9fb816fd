import type { StoreConfig } from '../../tsuru/store-config.js';
import { readRows, type RawRow } from '../../tsuru/store-reader.js';
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

/** Reads all instances, while the service uses the store. @returns undefined when there is no store */
export async function readInstances(store: StoreConfig): Promise<KnownInstance[] | undefined> {
  const instances = await readRows(store, 'instances', ['id', 'name', 'data']);
  const binds = await readRows(store, 'binds', ['instance_id', 'kind', 'name', 'state']);
  return instances?.map((row) => ({
    id: textOf(row, 'id'),
    name: textOf(row, 'name'),
    data: dataIn(textOf(row, 'data')),
    binds: (binds ?? [])
      .filter((bind) => textOf(bind, 'instance_id') === textOf(row, 'id') && textOf(bind, 'state') !== 'unbound')
      .map((bind) => ({ kind: textOf(bind, 'kind') === 'job' ? 'job' : 'app', name: textOf(bind, 'name') })),
  }));
}

function textOf(row: RawRow, column: string): string {
  return decoded(row[column] ?? null) ?? '';
}

function dataIn(text: string): PostgresData | undefined {
  try {
    return postgresData.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
