import { EXIT, ExpectedError } from '../errors.ts';
import { sha256 } from './hash.ts';
import type { Journal, JournalStep } from './journal.ts';
import { STAGE, STATE } from './paths.ts';
import { ancestorsOf, codeOf, type Root } from './root.ts';

/** The path of the staged new file of a step. */
export function freshPath(number: number): string {
  return `${STAGE}/new/${number}`;
}

/** Whether every new file of a journal is staged or already in place. */
export function canCarryOut(root: Root, { steps }: Journal): boolean {
  return steps.every(({ path, after }, number) => {
    const isStaged = after === null || hashAt(root, freshPath(number)) === after;
    return isStaged || root.isSameFile(path, freshPath(number)) || hashAt(root, path) === after;
  });
}

/**
 * Puts every file in place. The old file is moved away first and compared afterwards, so that an edit saved at that very
 * moment is not lost. Steps that an interrupted run has done are skipped.
 *
 * @param unexpected what to do when the old file was edited: `stop` throws; `keep` continues, and {@link keepOthers} backs
 *   the edit up. A recovery uses `keep`: the lock must match the files, so all steps are needed
 */
export async function carryOut(root: Root, { steps }: Journal, unexpected: 'stop' | 'keep'): Promise<void> {
  for (const [number, { path, before, after }] of steps.entries()) {
    const fresh = freshPath(number);
    // A hard link to the staged file is in place already, even if it was edited since.
    if (after !== null && (root.isSameFile(path, fresh) || hashAt(root, path) === after)) continue;
    const moved = moveAway(root, number, path);
    if (unexpected === 'stop' && (moved === undefined ? null : hashAt(root, moved)) !== before) {
      if (moved !== undefined) putBack(root, moved, path);
      throw editedMeanwhile(path);
    }
    if (after === null) removeEmptyParents(root, path);
    else place(root, fresh, path);
  }
  await syncPlaces(root, steps);
}

/** Restores the old files. A file that is neither the old nor the new one was edited by the user and stays. */
export async function takeBack(root: Root, { steps, directories }: Journal): Promise<void> {
  for (const [number, step] of steps.entries()) {
    const { path } = step;
    if (isOurs(root, number, step, path)) moveAway(root, number, path);
    // The last file moved away is the latest: the user may have saved the file between two moves.
    const old = oldPaths(root, number).findLast((one) => !isOurs(root, number, step, one));
    if (old !== undefined && root.look(path) === undefined) putBack(root, old, path);
  }
  await syncPlaces(root, steps);
  for (const directory of directories) root.removeEmpty(directory);
}

/**
 * Moves to a backup the files that were moved away and would otherwise be lost: edits that the user saved after planning,
 * or after an interruption.
 * @returns the original paths and the backup paths
 */
export async function keepOthers(root: Root, { direction, steps }: Journal): Promise<{ path: string; kept: string }[]> {
  let folder: string | undefined;
  const found: { path: string; kept: string }[] = [];
  for (const [number, step] of steps.entries()) {
    for (const old of oldPaths(root, number)) {
      if (!isOthers(root, number, step, old, direction)) continue;
      folder ??= newBackup(root);
      const kept = `${folder}/${found.some(({ path }) => path === step.path) ? `${found.length}/` : ''}${step.path}`;
      root.makeDirectory(ancestorsOf(kept).at(-1) ?? '');
      root.rename(old, kept);
      found.push({ path: step.path, kept });
    }
  }
  await root.sync(found.flatMap(({ kept }) => [kept, ...ancestorsOf(kept)]));
  return found;
}

/** The next backup folder: `.tsuru-service/backup/0001`, `0002`, ... */
export function nextBackup(root: Root): string {
  const numbers = root
    .list(`${STATE}/backup`)
    .map(Number)
    .filter((number) => Number.isInteger(number));
  return `${STATE}/backup/${String(Math.max(0, ...numbers) + 1).padStart(4, '0')}`;
}

/** @returns the path of the new, empty folder */
function newBackup(root: Root): string {
  const folder = nextBackup(root);
  root.makeDirectory(folder);
  return folder;
}

/** @returns the new path; undefined when there was no file */
function moveAway(root: Root, number: number, path: string): string | undefined {
  if (root.look(path) === undefined) return undefined;
  const old = freeOldPath(root, number);
  try {
    root.rename(path, old);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && root.look(path) === undefined) return undefined;
    throw error;
  }
  return old;
}

/** If the user has saved a new file at that path in the meantime, it stays, and the old one goes to a backup. */
function putBack(root: Root, old: string, path: string): void {
  root.makeDirectory(ancestorsOf(path).at(-1) ?? '');
  try {
    root.place(old, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Whether a file is the new one of a step, or an interrupted copy of it. */
function isOurs(root: Root, number: number, { before, after }: JournalStep, path: string): boolean {
  const content = root.read(path)?.content;
  if (content === undefined || after === null) return false;
  const hash = sha256(content);
  if (hash === before) return false;
  return hash === after || isBeginning(content, root.read(freshPath(number))?.content);
}

function isBeginning(content: Buffer, of: Buffer | undefined): boolean {
  return of !== undefined && content.length < of.length && of.subarray(0, content.length).equals(content);
}

/** Whether a file that was moved away has content that is nowhere else. */
function isOthers(
  root: Root,
  number: number,
  { path, before, after }: JournalStep,
  old: string,
  direction: Journal['direction'],
): boolean {
  const content = root.read(old)?.content ?? Buffer.alloc(0);
  const hash = sha256(content);
  if (content.length === 0 || hash === after || hash === hashAt(root, path)) return false;
  if (direction === 'back') return true;
  return hash !== before && !isBeginning(content, root.read(freshPath(number))?.content);
}

/** The files that were moved away for a step, oldest first. */
function oldPaths(root: Root, number: number): string[] {
  return root
    .list(`${STAGE}/old`)
    .map((name) => name.split('-').map(Number))
    .filter(([of]) => of === number)
    .sort(([, one = 0], [, other = 0]) => one - other)
    .map((name) => `${STAGE}/old/${name.join('-')}`);
}

/** A path may be moved away more than once: by an interrupted run and by the one that finishes it. */
function freeOldPath(root: Root, number: number): string {
  for (let count = 0; ; count++) {
    const path = `${STAGE}/old/${number}-${count}`;
    if (root.look(path) === undefined) return path;
  }
}

function hashAt(root: Root, path: string): string | null {
  const content = root.read(path)?.content;
  return content === undefined ? null : sha256(content);
}

function place(root: Root, source: string, target: string): void {
  root.makeDirectory(ancestorsOf(target).at(-1) ?? '');
  try {
    root.place(source, target);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw editedMeanwhile(target);
    throw error;
  }
}

/** Flushes the directory entries and the files (a file may be a copy) before the journal is removed. */
async function syncPlaces(root: Root, steps: readonly JournalStep[]): Promise<void> {
  await root.sync(['', ...steps.flatMap(({ path }) => [path, ...ancestorsOf(path)])]);
}

/** Removes the directories that a deletion has emptied. */
function removeEmptyParents(root: Root, path: string): void {
  for (const directory of ancestorsOf(path).reverse()) root.removeEmpty(directory);
}

export function editedMeanwhile(path: string): ExpectedError {
  return new ExpectedError(EXIT.inTheWay, `${path} was edited during the run.`, 'Run the command again.');
}
