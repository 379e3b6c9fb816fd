import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import Database from 'libsql';

import { messageOf } from './errors.js';

/** Milliseconds that a write waits for another program that uses the file, such as a backup. */
export const BUSY_TIMEOUT = 5000;

export function openDatabase(path: string): Database.Database {
  const database = new Database(path);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
    database.pragma('secure_delete = ON');
    return database;
  } catch (error) {
    database.close();
    throw unusable(path, error);
  }
}

/** The real, absolute path of a store, so that SQLite does not read it as a URI. Its directory is created. */
export function realPathOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return join(realpathSync(directory), basename(path));
}

export function filesOf(path: string): string[] {
  return [path, `${path}.lock`];
}

/** Creates the file if there is none. SQLite gives the files beside it the same permissions. */
export function restrictToOwner(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}

export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

export function unusable(path: string, error: unknown): Error {
  return new Error(`the store ${path} cannot be used: ${messageOf(error)}`, { cause: error });
}
