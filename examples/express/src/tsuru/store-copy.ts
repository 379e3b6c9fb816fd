import { parseArgs } from 'node:util';

import { z } from 'zod';

import { loadEnvironmentFile } from './config.js';
import { messageOf } from './errors.js';
import { storeConfig, storeVariables } from './store-config.js';
import { openTables } from './store-open.js';
import { exportTables, importTables } from './store-transfer.js';

const USAGE = `Usage: store:copy --to FILE     writes the store to a new file
       store:copy --from FILE   reads the file into the store, which must be empty
The service must be stopped. The file holds the secrets of all binds: delete it afterwards.`;

/** Copies the store of the environment to a file, or a file to the store. */
async function main(): Promise<void> {
  const { from, to } = argumentsIn();
  const copy = from === undefined ? exportTables : importTables;
  const path = from ?? to;
  if (path === undefined || (from !== undefined && to !== undefined)) throw new Error(USAGE);
  loadEnvironmentFile();
  const { data, error } = z.object(storeVariables).safeParse(process.env);
  if (data === undefined) {
    const problems = error.issues.map(({ path: [name], code, message }) => `${String(name)} ${code === 'invalid_type' ? 'is missing' : message}`);
    throw new Error(`correct .env or the environment: ${problems.join(', ')}`);
  }
  const { db, close } = await openTables(storeConfig(data));
  try {
    const { instances, binds } = await copy(db, path);
    process.stdout.write(`Copied ${instances} instances and ${binds} binds.\n`);
  } finally {
    await close();
  }
}

function argumentsIn(): { from?: string; to?: string } {
  try {
    return parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } }).values;
  } catch {
    throw new Error(USAGE);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error && error.message === USAGE ? USAGE : `Nothing was copied: ${messageOf(error)}`}\n`);
  process.exitCode = 1;
});
