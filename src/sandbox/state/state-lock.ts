import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { EXIT, ExpectedError } from '../../errors.ts';
import { isOver, ownMark } from '../../project/claim.ts';
import type { Machine } from '../../project/machine.ts';

/** How often a lock is tried for when others come and go at the same time. */
const ATTEMPTS = 10;

/** More than any mark has. */
const LONGEST_MARK = 200;

/**
 * Locks a file for this process, by a file beside it that names the process. The lock of a process that has ended is taken over.
 *
 * @returns a function that ends the lock; it never throws
 * @throws ExpectedError if another process holds it; the error of writing the lock
 */
export function lockFile(path: string, machine: Machine): () => void {
  const lock = `${path}.lock`;
  const mark = ownMark(machine);
  const own = `${lock}-${randomBytes(6).toString('hex')}`;
  // It is linked to its name once it is complete, so that it is never read half written.
  writeFileSync(own, mark, { flag: 'wx', mode: 0o600 });
  try {
    for (let attempt = 1; !isLinked(own, lock); attempt++) {
      if (attempt > ATTEMPTS || !removeIfOver(lock, machine)) {
        throw new ExpectedError(EXIT.inTheWay, `Another sandbox uses ${path}.`, `Give it another --state. If no other one runs, delete ${lock}.`);
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (contentOf(lock) === mark) rmSync(lock, { force: true });
  };
}

function isLinked(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
  }
  try {
    // A disk without hard links.
    copyFileSync(own, lock, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Removes a lock whose process has ended. @returns whether the lock can be tried for again */
function removeIfOver(lock: string, machine: Machine): boolean {
  const mark = contentOf(lock);
  if (mark === undefined) return true;
  if (!isOver(mark, machine)) return false;
  const aside = `${lock}-${randomBytes(6).toString('hex')}`;
  try {
    renameSync(lock, aside);
  } catch {
    return true;
  }
  // Another process may have taken it over meanwhile: it gets its own back.
  if (contentOf(aside) !== mark) isLinked(aside, lock);
  rmSync(aside, { force: true });
  return true;
}

/** @returns undefined if there is no lock; `''` for a file that is none */
function contentOf(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'latin1').slice(0, LONGEST_MARK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
}
