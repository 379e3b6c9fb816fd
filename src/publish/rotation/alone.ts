import { existsSync } from 'node:fs';

import { claim, refuseOthers } from '../../project/claim.ts';
import { refuseInterrupted } from '../../project/journal.ts';
import type { Machine } from '../../project/machine.ts';
import { codeOf, Root, type FileSystem } from '../../project/root.ts';
import { textIn } from '../../project/service-files.ts';
import { removeLeftOver, SECRET_FILES } from './replace-file.ts';

/**
 * Does something while no other run changes the project: the password that is sent to Tsuru stays the right one. What a run
 * left that was cut off is removed.
 * @throws ExpectedError if another run is active, or was interrupted
 */
export async function alone<Result>(directory: string, { fs, machine }: { fs: FileSystem; machine: Machine }, run: () => Promise<Result>): Promise<Result> {
  const files = SECRET_FILES.filter((file) => textIn(directory, file) !== undefined);
  if (!existsSync(directory)) return run();
  const root = new Root(fs, directory);
  // A fresh clone has none, and may be read-only.
  const end = files.length === 0 ? undefined : await claim(root, machine).catch((error: unknown) => {
    if (!['EROFS', 'EACCES'].includes(codeOf(error))) throw error;
    // A rotation, which writes the files, ends by itself; all else needs to write nothing.
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
