import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'libsql';

import { openStore } from '../../../src/tsuru/store-open.js';
import type { Store } from '../../../src/tsuru/store.js';

/** An empty place for one store. */
export interface StorePlace {
  /** The environment of a process that uses it. */
  environment: Record<string, string>;
  open: () => Promise<Store>;
  /** Runs SQL on it, while no store is open there. */
  execute: (sql: string) => Promise<void>;
  remove: () => Promise<void>;
}

export async function storePlace(): Promise<StorePlace> {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  const path = join(directory, 'service.db');
  return {
    environment: { DATABASE_PATH: path },
    open: () => openStore({ path }),
    execute: async (sql) => {
      const database = new Database(path);
      database.exec(sql);
      database.close();
    },
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Texts, in SQL, that are not UTF-8. */
export const NOT_UTF8 = ["cast(x'7bff7d' as text)"];

/** How much slower than a file it is, for time limits that a test chooses. */
export const PACE = 1;

/** The store as the next run of the service opens it, after this one has crashed. */
export function restarted(store: Store): Promise<Store> {
  return Promise.resolve(store);
}

/** A new, empty store. */
export function testStore(): Promise<Store> {
  return openStore({ path: ':memory:' });
}
