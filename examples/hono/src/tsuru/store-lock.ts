import { closeSync, existsSync, openSync } from 'node:fs';
import { hostname } from 'node:os';

import Database from 'libsql';

import { messageOf } from './errors.js';

/**
 * Holds a store for this process. Beside it lies a small SQLite file in which a transaction stays open for as long as the
 * process lives: the operating system ends it with the process, however that ends, so that nothing stale is left.
 * Others can still read in it which process that is.
 *
 * @param path of the store
 * @returns what lets go of it again
 * @throws Error that names the process, when another one holds it
 */
export function holdStore(path: string): () => void {
  const file = `${path}.lock`;
  // Never one that is there: to close it would end this process's own locks on it.
  if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
  const database = new Database(file);
  try {
    // Long enough for a process that is just writing its name, or ending.
    database.pragma('busy_timeout = 1000');
    database.exec('create table if not exists holder (pid integer, host text, since text)');
    database.exec('begin immediate');
    database.exec('delete from holder');
    database
      .prepare('insert into holder values (?, ?, ?)')
      .run(process.pid, hostname(), new Date().toISOString().slice(0, 19));
    database.exec('commit');
    database.exec('begin immediate');
  } catch (error) {
    const holder = holderIn(database);
    database.close();
    const isHeld = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
    throw new Error(
      isHeld
        ? `The store ${path} is held by ${holder}. One process at a time can use it.`
        : `The store ${path} cannot be held: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return () => {
    database.exec('rollback');
    database.close();
  };
}

function holderIn(database: Database.Database): string {
  try {
    const row = database.prepare('select pid, host, since from holder').get() as
      | { pid: number; host: string; since: string }
      | undefined;
    if (row) return `process ${row.pid} on ${row.host}, since ${row.since}Z`;
  } catch {
    // It may be writing its name at this very moment.
  }
  return 'another process';
}
