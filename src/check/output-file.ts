import { closeSync, existsSync, openSync, rmSync } from 'node:fs';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';

/**
 * Requires that a file can be written, before anything else is done; leaves what is there as it is.
 * @param option the option that names it, for the error
 * @param path absolute
 * @throws ExpectedError if it cannot be written
 */
export function requireWritable(option: string, path: string): void {
  const isNew = !existsSync(path);
  try {
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new ExpectedError(
      EXIT.inTheWay,
      `The file of ${option} cannot be written: ${messageOf(error)}.`,
      'Give a file in a directory that exists and that you may write to.',
    );
  }
  if (isNew) rmSync(path);
}
