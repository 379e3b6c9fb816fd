import { closeSync, existsSync, openSync } from 'node:fs';
import { hostname } from 'node:os';

import Database from 'libsql';

import { messageOf } from './errors.js';

/**
 * Locks a store for this process. The lock is an open transaction in a small SQLite file beside the store: the
 * operating system ends it with the process, even after a crash, so no stale lock is left. Other processes can still
 * read in the file which one holds it.
 *
 * @param path of the store
 * @returns releases the lock
 * @throws Error that names the process that holds it
 */
export function lockStore(path: string): () => void {
  const file = `${path}.lock`;
  // Not an existing one: closing it would end this process's own POSIX locks on it.
  if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
  const database = new Database(file);
  try {
    // Enough for another process to write its name, or to end.
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
        ? `The store ${path} is in use by ${holder}. Only one process can use it at a time: end that one, or set another DATABASE_PATH.`
        : `The store ${path} cannot be locked: ${messageOf(error)}`,
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
    // It may be writing its name right now.
  }
  return 'another process';
}
