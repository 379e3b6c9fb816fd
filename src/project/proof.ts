import { createHash, randomBytes } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import type { Machine } from './machine.ts';
import { codeOf, Root, type FileSystem } from './root.ts';

/** The file system, and the state folders that writing to a project uses. */
export interface Disk {
  fs: FileSystem;
  /** Folders for per-user state, outside of any project; the first safe one is used. */
  stateFolders: readonly string[];
  machine: Machine;
}

/**
 * The candidates for the state folder, after the XDG Base Directory Specification: in `$XDG_STATE_HOME` or
 * `~/.local/state`; where neither is writable, a folder of the user's own in the temporary directory.
 */
export function stateFolders(environment: NodeJS.ProcessEnv, { uid }: Machine): string[] {
  const { XDG_STATE_HOME: named = '', LOCALAPPDATA: local = '' } = environment;
  const home = environment['HOME'] ?? homeOf();
  const own = [named, local, home === '' ? '' : join(home, '.local/state')]
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, 'create-tsuru-service'));
  return [...own, join(tmpdir(), `create-tsuru-service-${uid ?? 'user'}`)];
}

function homeOf(): string {
  try {
    return homedir();
  } catch {
    // The user has no entry in the system, as in a container.
    return '';
  }
}

/** The kind of file that a key signs: the journal of a run, or the mark of an unfinished set-up. */
export type Purpose = 'journal' | 'set-up';

/**
 * Makes the key that signs a journal or a mark, and stores it outside of the project: a repository can bring a forged
 * journal, but never its key.
 * @throws ExpectedError when no folder can store it
 */
export async function newKey(
  disk: Disk,
  project: Root,
  purpose: Purpose = 'journal',
): Promise<string> {
  const { fs, stateFolders: folders } = disk;
  const key = randomBytes(32).toString('hex');
  const problems: string[] = [];
  for (const folder of folders) {
    try {
      refuseInside(fs, folder, project);
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const place = safe(disk, folder, project);
      const file = keyFile(project, purpose);
      const draft = `${file}.draft`;
      place.remove(draft);
      place.write(draft, Buffer.from(`${JSON.stringify({ project: project.directory, key })}\n`), 0o600);
      await place.sync([draft]);
      place.rename(draft, file);
      await place.sync(['']);
      return key;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new ExpectedError(
    EXIT.failed,
    `There is no folder for the key that an interrupted run needs to resume: ${problems.join('; ')}.`,
    'Set XDG_STATE_HOME to a folder outside of the project that only you can write to.',
  );
}

/** The keys of an unfinished run or set-up in a project. */
export function keysOf(disk: Disk, project: Root, purpose: Purpose = 'journal'): string[] {
  return disk.stateFolders.flatMap((folder) => {
    try {
      const text = safe(disk, folder, project).read(keyFile(project, purpose))?.content.toString();
      const { project: directory, key } = JSON.parse(text ?? '{}') as { project?: unknown; key?: unknown };
      return directory === project.directory && typeof key === 'string' && key.length === 64 ? [key] : [];
    } catch {
      // Missing, unsafe or damaged: not trusted.
      return [];
    }
  });
}

/** Deletes the keys: an existing journal or mark of the project is no longer trusted. */
export function forgetKeys(disk: Disk, project: Root, purpose: Purpose = 'journal'): void {
  for (const folder of disk.stateFolders) {
    let place: Root;
    try {
      place = safe(disk, folder, project);
    } catch {
      // Its keys are not trusted anyway.
      continue;
    }
    place.remove(keyFile(project, purpose));
  }
}

/** Hashed, as the project's real path may be long and have any characters. */
function keyFile({ directory }: Root, purpose: Purpose): string {
  const name = createHash('sha256').update(directory).digest('hex');
  return purpose === 'journal' ? `${name}.json` : `${name}.${purpose}.json`;
}

/** Opens a folder that only this user can write to and no repository can bring. @throws Error for any other one */
function safe({ fs, machine: { uid } }: Disk, folder: string, project: Root): Root {
  const root = new Root(fs, folder);
  const found = root.look('');
  const isMine = uid === undefined || (Number(found?.uid) === uid && (Number(found?.mode) & 0o022) === 0);
  if (!isMine) throw new Error(`${root.directory} is writable by others`);
  refuseInside(fs, folder, project);
  return root;
}

/** Also covers a folder that does not exist yet, or is reached through a symbolic link. @throws Error when it is inside */
function refuseInside(fs: FileSystem, folder: string, project: Root): void {
  for (let at = folder; ; at = dirname(at)) {
    let real: string | undefined;
    try {
      real = fs.realpathSync(at);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    if (real !== undefined) {
      const way = relative(project.directory, real);
      const isOutside = way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
      if (!isOutside) throw new Error(`${folder} is inside the project`);
    }
    if (at === dirname(at)) return;
  }
}
