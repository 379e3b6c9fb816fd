import type { TestProject } from 'vitest/node';

import { startPostgres } from './postgres-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of a database in which each store of a test is a schema. */
    storeUrl: string;
  }
}

/** Starts one server for all tests. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ settings: { fsync: 'off', max_connections: '300' } });
  provide('storeUrl', server.url());
  return () => server.stop();
}
