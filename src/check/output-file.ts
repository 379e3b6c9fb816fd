import { closeSync, lstatSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';

/**
 * Requires that a file can be written, before anything else is done; leaves what is there as it is.
 * @param option the option that names it, for the error
 * @param path absolute
 * @throws ExpectedError if it cannot be written
 */
export function requireWritable(option: string, path: string): void {
  try {
    const made = create(path);
    if (statSync(path).isFIFO()) throw new Error(`${path} is a pipe`);
    closeSync(openSync(path, 'a'));
    if (made !== undefined) rmSync(made);
  } catch (error) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `The file of ${option} cannot be written: ${messageOf(error)}.`,
      'Give a file in a directory that exists and that you may write to.',
    );
  }
}

/** Creates a file that does not exist, or the one that a link leads to. @returns its path; undefined if it exists */
function create(path: string): string | undefined {
  try {
    closeSync(openSync(path, 'wx'));
    return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!lstatSync(path).isSymbolicLink() || exists(path)) return undefined;
  closeSync(openSync(path, 'a'));
  return realpathSync(path);
}

function exists(path: string): boolean {
  try {
    realpathSync(path);
    return true;
  } catch {
    return false;
  }
}
