import { basename, dirname } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../../errors.ts';
import { Root, type FileRead, type FileSystem } from '../../project/root.ts';
import { realPathIn } from '../../project/service-files.ts';

/** The files of a project that have the password. */
export const SECRET_FILES = ['.env', 'manifest.yaml'] as const;
export type SecretFile = (typeof SECRET_FILES)[number];

/** A file, by its real path: it may be reached through a link in the project, which stays. */
interface Place {
  root: Root;
  name: string;
  /** The new file, until it takes the place of the other. */
  next: string;
}

/**
 * Replaces the text of a file in one step: a crash leaves the old one or the new one. Its permissions and its owner stay.
 * @param edit gives the new text; the same one leaves the file alone
 * @param isTrial whether only to find out that it is possible
 * @throws ExpectedError if that is impossible; the file is then as it was, except after a failed flush to the disk
 */
export async function replaceFile(fs: FileSystem, directory: string, file: SecretFile, edit: (text: string) => string, isTrial = false): Promise<void> {
  try {
    const place = placeOf(fs, directory, file);
    const { root, name, next } = place;
    const old = root.read(name);
    if (old === undefined) throw new Error('it was removed meanwhile');
    const { content } = old;
    const text = content.toString();
    const isSame = (other: Buffer | undefined) => other?.equals(content) === true;
    if (!isSame(Buffer.from(text))) throw new Error('it is not UTF-8');
    const edited = Buffer.from(edit(text));
    if (isSame(edited)) return;
    root.remove(next);
    write(place, file, edited, old);
    try {
      await root.sync([next]);
      if (!isSame(root.read(name)?.content)) throw new Error('it was edited meanwhile');
      if (isTrial) root.remove(next);
      else root.rename(next, name);
    } catch (error) {
      root.remove(next);
      throw error;
    }
    await root.sync(['']);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw new ExpectedError(EXIT.failed, `${file} cannot be replaced: ${messageOf(error)}.`, 'Correct that, then run the same command again.', { cause: error });
  }
}

function write({ root, next }: Place, file: SecretFile, content: Buffer, { mode, owner }: FileRead): void {
  try {
    root.write(next, content, mode, true, owner);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== 'fchown') throw error;
    throw new ExpectedError(
      EXIT.inTheWay,
      `${file} cannot be replaced: it belongs to user ${owner.uid} and group ${owner.gid}, and the new file would not: ${messageOf(error)}.`,
      'Run the same command as that user, with that group, or as root.',
      { cause: error },
    );
  }
}

/** Removes the new file of a replacement that was cut off. */
export function removeLeftOver(fs: FileSystem, directory: string, file: SecretFile): void {
  const { root, next } = placeOf(fs, directory, file);
  root.remove(next);
}

function placeOf(fs: FileSystem, directory: string, file: SecretFile): Place {
  const real = realPathIn(fs, directory, file);
  const name = basename(real);
  // Git and Docker ignore it by this ending.
  return { root: new Root(fs, dirname(real)), name, next: `${name}.rotating` };
}
