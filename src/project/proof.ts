import { createHash, randomBytes } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import type { Machine } from './machine.ts';
import { codeOf, Root, type FileSystem } from './root.ts';

/** What writing to a project takes beside the project. */
export interface Disk {
  fs: FileSystem;
  /** Folders for what a program remembers of its user, outside of any project; the first one that is safe is taken. */
  stateFolders: readonly string[];
  machine: Machine;
}

/**
 * The folders of a user for that, as the XDG Base Directory Specification has them: `$XDG_STATE_HOME`, or
 * `~/.local/state`; then, where there is no home that can be written, one of the user's own among the temporary files.
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
    // A user that the system does not know, as in a container.
    return '';
  }
}

/** What a key shows to be of this machine: the journal of a run, or the mark of a set-up that is not done. */
export type Purpose = 'journal' | 'set-up';

/**
 * Makes the key that shows a journal or a mark of a project to be ours, and keeps it outside of the project: a repository
 * can bring the one, and never the other.
 * @throws ExpectedError when there is no place for it
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

/** The keys of what was not finished in a project. */
export function keysOf(disk: Disk, project: Root, purpose: Purpose = 'journal'): string[] {
  return disk.stateFolders.flatMap((folder) => {
    try {
      const text = safe(disk, folder, project).read(keyFile(project, purpose))?.content.toString();
      const { project: directory, key } = JSON.parse(text ?? '{}') as { project?: unknown; key?: unknown };
      return directory === project.directory && typeof key === 'string' && key.length === 64 ? [key] : [];
    } catch {
      // Not there, not safe or not whole: none that counts.
      return [];
    }
  });
}

/** Forgets them: no journal, or no mark, of the project is believed any more. */
export function forgetKeys(disk: Disk, project: Root, purpose: Purpose = 'journal'): void {
  for (const folder of disk.stateFolders) {
    let place: Root;
    try {
      place = safe(disk, folder, project);
    } catch {
      // No key in it counts.
      continue;
    }
    place.remove(keyFile(project, purpose));
  }
}

/** By the project's real path, of any length and with any characters. */
function keyFile({ directory }: Root, purpose: Purpose): string {
  const name = createHash('sha256').update(directory).digest('hex');
  return purpose === 'journal' ? `${name}.json` : `${name}.${purpose}.json`;
}

/** A folder that only this user writes to, and that no repository can bring. @throws Error for any other one */
function safe({ fs, machine: { uid } }: Disk, folder: string, project: Root): Root {
  const root = new Root(fs, folder);
  const found = root.look('');
  const isMine = uid === undefined || (Number(found?.uid) === uid && (Number(found?.mode) & 0o022) === 0);
  if (!isMine) throw new Error(`${root.directory} is writable by others`);
  refuseInside(fs, folder, project);
  return root;
}

/** Also for one that is not there yet, or behind a link in the project. @throws Error that says so */
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
