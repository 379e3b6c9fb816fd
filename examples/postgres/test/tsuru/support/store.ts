import { randomUUID } from 'node:crypto';

import pg from 'pg';
import { afterAll, expect, inject, onTestFinished } from 'vitest';

import { createLogger } from '../../../src/tsuru/log.js';
import { openStore } from '../../../src/tsuru/store-open.js';
import type { Store } from '../../../src/tsuru/store.js';

/** An empty place for one store. */
export interface StorePlace {
  /** The environment of a process that uses it. */
  environment: Record<string, string>;
  open: () => Promise<Store>;
  schema: string;
  /** Runs SQL on it. */
  execute: (sql: string) => Promise<void>;
  query: (sql: string) => Promise<Record<string, string>[]>;
  /** Ends the sessions that hold its locks, and returns when they have ended. */
  loseLocks: () => Promise<void>;
  remove: () => Promise<void>;
}

export async function storePlace(): Promise<StorePlace> {
  const schema = `test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(inject('storeUrl'));
  url.searchParams.set('options', `-c search_path=${schema}`);
  const admin = new URL(url);
  url.searchParams.set('application_name', schema);
  const query = async (sql: string) => {
    const client = new pg.Client(admin.href);
    await client.connect();
    try {
      return (await client.query<Record<string, string>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const execute = async (sql: string) => {
    await query(sql);
  };
  await execute(`create schema "${schema}"`);
  const stores: Store[] = [];
  return {
    environment: { STORE_URL: url.href },
    open: async () => {
      const store = await openStore({ url: url.href }, createLogger('silent'));
      stores.push(store);
      return store;
    },
    schema,
    execute,
    query,
    loseLocks: () =>
      execute(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where application_name = '${schema}' and pid in (select pid from pg_locks where locktype = 'advisory')`,
      ),
    remove: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await execute(`drop schema "${schema}" cascade; drop schema if exists "${schema}_jobs" cascade`);
    },
  };
}

/** Texts, in SQL, that are not UTF-8: the server stores none. */
export const NOT_UTF8: string[] = [];

/** Places that are used by all tests of a file. */
const places: StorePlace[] = [];
afterAll(() => Promise.all(places.map((place) => place.remove())));

/** How much slower than a file it is, for time limits that a test chooses. */
export const PACE = 50;

const opened = new WeakMap<Store, StorePlace>();

/** The store as the next run of the service opens it, after this one has crashed. */
export async function restarted(store: Store): Promise<Store> {
  const place = opened.get(store);
  if (place === undefined) throw new Error('the store is not one of the test');
  // The process of a crash does not connect again, as this one would.
  await store.close();
  return openAt(place);
}

async function openAt(place: StorePlace): Promise<Store> {
  const store = await place.open();
  opened.set(store, place);
  return store;
}

/** A new, empty store. It is closed after the test, or after all of them when it was opened before them. */
export async function testStore(): Promise<Store> {
  const place = await storePlace();
  if (expect.getState().currentTestName === undefined) places.push(place);
  else onTestFinished(() => place.remove());
  return openAt(place);
}
