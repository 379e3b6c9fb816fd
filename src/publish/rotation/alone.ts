import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { EXIT, ExpectedError } from '../../errors.ts';
import { claim, refuseOthers } from '../../project/claim.ts';
import { refuseInterrupted } from '../../project/journal.ts';
import type { Machine } from '../../project/machine.ts';
import { STATE } from '../../project/paths.ts';
import { codeOf, Root, type FileSystem } from '../../project/root.ts';
import { textIn } from '../../project/service-files.ts';
import { removeLeftOver, SECRET_FILES } from './replace-file.ts';
import { readPasswords } from './state.ts';

/**
 * Does something while no other run changes the project: the password that is sent to Tsuru stays the right one. What a run
 * left that was cut off is removed.
 * @param isRotation whether the password is to change
 * @throws ExpectedError if another run is active, or was interrupted, or if a rotation cannot keep others out
 */
export async function alone<Result>(directory: string, { fs, machine }: { fs: FileSystem; machine: Machine }, isRotation: boolean, run: () => Promise<Result>): Promise<Result> {
  const files = SECRET_FILES.filter((file) => textIn(directory, file) !== undefined);
  if (!existsSync(directory)) return run();
  const root = new Root(fs, directory);
  // A fresh clone has none, and may be read-only.
  const end = files.length === 0 ? undefined : await claim(root, machine).catch((error: unknown) => {
    if (!['EROFS', 'EACCES'].includes(codeOf(error))) throw error;
    // All but a rotation needs to write nothing.
    if (isRotation || readPasswords(directory).old !== undefined) {
      const why = `another run could change it at the same time, since ${join(directory, STATE)} cannot be written (${codeOf(error)})`;
      throw new ExpectedError(EXIT.inTheWay, `The password cannot be changed here: ${why}.`, 'Make that directory writable for this user, then run the same command again.');
    }
    return undefined;
  });
  try {
    if (end === undefined) refuseOthers(root, machine);
    refuseInterrupted(root);
    for (const file of files) removeLeftOver(fs, directory, file);
    return await run();
  } finally {
    end?.();
  }
}
