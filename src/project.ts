import nodeFileSystem, { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Answers } from './answers.ts';
import { recover } from './engine/apply.ts';
import { basePath, readLock, sha256, type Lock } from './engine/lock.ts';
import { LOCK, RECORD, refuseLinks, STATE, unreadable } from './engine/paths.ts';
import type { DiskFile } from './engine/plan.ts';
import { EXIT, ExpectedError } from './errors.ts';
import { readRecord } from './record.ts';
import { say, type Terminal } from './terminal.ts';

/** A generated project, as it was last applied and as its record wants it. */
export interface Project {
  directory: string;
  recordText: string;
  /** What the record says now. */
  answers: Answers;
  lockText: string;
  lock: Lock;
}

/** Whether a directory is a generated project. */
export function isProject(directory: string): boolean {
  return existsSync(join(directory, RECORD));
}

/** Brings to its end what a run that was killed had begun to write. */
export function finishEarlierRun(terminal: Terminal, directory: string): void {
  if (existsSync(directory) && recover(nodeFileSystem, directory) === 'finished') {
    say(terminal, 'An earlier run was stopped half-way; its files are in their places now.');
  }
}

/**
 * Reads the record and the lock of a project.
 * @param generator the version of this package
 * @throws ExpectedError when the directory is no project, or one of them is unreadable or newer than this program
 */
export function openProject(directory: string, generator: string): Project {
  if (!isProject(directory)) {
    throw new ExpectedError(
      EXIT.usage,
      `There is no ${RECORD} in ${directory}.`,
      'Run it in a project that create-tsuru-service made.',
    );
  }
  for (const path of [RECORD, LOCK]) refuseLinks({ lstatSync }, directory, path);
  if (!existsSync(join(directory, LOCK))) {
    throw unreadable(
      `${LOCK} is missing: nobody can tell your edits from what was made.`,
      'Bring it back from your version control, with all of .tsuru-service.',
    );
  }
  const recordText = readFileSync(join(directory, RECORD), 'utf8');
  const lockText = readFileSync(join(directory, LOCK), 'utf8');
  return { directory, recordText, answers: readRecord(recordText), lockText, lock: readLock(lockText, generator) };
}

/**
 * Reads files of a project as they are; those that are not there are left out.
 * @throws ExpectedError when one of them is a link, or behind one
 */
export function readDisk(directory: string, paths: Iterable<string>): Map<string, DiskFile> {
  const disk = new Map<string, DiskFile>();
  for (const path of paths) {
    refuseLinks({ lstatSync }, directory, path);
    const file = join(directory, path);
    if (existsSync(file)) disk.set(path, { content: readFileSync(file), mode: statSync(file).mode & 0o777 });
  }
  return disk;
}

/** Reads a base. @throws ExpectedError when it is missing or not what its name says */
export function readBase(directory: string, hash: string): Buffer {
  const path = basePath(hash);
  refuseLinks({ lstatSync }, directory, path);
  const content = existsSync(join(directory, path)) ? readFileSync(join(directory, path)) : undefined;
  if (content === undefined || sha256(content) !== hash) {
    throw unreadable(
      `${path} is ${content === undefined ? 'missing' : 'damaged'}.`,
      'Bring it back from your version control.',
    );
  }
  return content;
}

/** The hashes of the bases that are there. */
export function basesOf(directory: string): string[] {
  const folder = join(directory, STATE, 'base');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name)) : [];
}

/** The name of the next folder for what is replaced: `0001`, `0002`, ... */
export function nextBackup(directory: string): string {
  const folder = join(directory, STATE, 'backup');
  const numbers = existsSync(folder) ? readdirSync(folder).map(Number).filter(Number.isInteger) : [];
  return String(Math.max(0, ...numbers) + 1).padStart(4, '0');
}
