import { EXIT, ExpectedError } from '../errors.ts';
import { sha256 } from './hash.ts';
import type { Journal, JournalStep } from './journal.ts';
import { STAGE, STATE } from './paths.ts';
import { ancestorsOf, codeOf, type Root } from './root.ts';

/** Where the new file of a step is complete. */
export function freshPath(number: number): string {
  return `${STAGE}/new/${number}`;
}

/** Whether every new file of a journal is complete in the stage, or in its place already. */
export function canCarryOut(root: Root, { steps }: Journal): boolean {
  return steps.every(({ path, after }, number) => {
    const isStaged = after === null || hashAt(root, freshPath(number)) === after;
    return isStaged || root.isSameFile(path, freshPath(number)) || hashAt(root, path) === after;
  });
}

/**
 * Brings every file to its place. What is in that place is moved away first, and looked at afterwards, so that a file that is
 * saved at this very moment is never replaced unseen. What a run did before it was stopped is not done again.
 *
 * @param unexpected what becomes of a file that is not the one that was planned for: `stop` throws; `keep` goes on, and
 *   {@link keepOthers} brings it to safety. A recovery keeps: its steps belong together, and the record of what was made has
 *   to be that of the files
 */
export async function carryOut(root: Root, { steps }: Journal, unexpected: 'stop' | 'keep'): Promise<void> {
  for (const [number, { path, before, after }] of steps.entries()) {
    const fresh = freshPath(number);
    // The same file, whatever is in it: it was placed, and edited since.
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

/** Brings back what was there. A file that is neither that nor the new one is its owner's, and stays. */
export async function takeBack(root: Root, { steps, directories }: Journal): Promise<void> {
  for (const [number, step] of steps.entries()) {
    const { path } = step;
    if (isOurs(root, number, step, path)) moveAway(root, number, path);
    // The last one first: when its owner saved it as it was moved away, that is what was there.
    const old = oldPaths(root, number).findLast((one) => !isOurs(root, number, step, one));
    if (old !== undefined && root.look(path) === undefined) putBack(root, old, path);
  }
  await syncPlaces(root, steps);
  for (const directory of directories) root.removeEmpty(directory);
}

/**
 * Brings to a backup what was moved away and is in no other place: what its owner saved between the plan and its steps, or
 * after a run was stopped.
 * @returns the files, and where they are
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

/** The number of the next folder for what is replaced: `0001`, `0002`, ... */
export function nextBackupIn(root: Root): string {
  const numbers = root
    .list(`${STATE}/backup`)
    .map(Number)
    .filter((number) => Number.isInteger(number));
  return String(Math.max(0, ...numbers) + 1).padStart(4, '0');
}

/** @returns the path of the folder, which nothing is in */
function newBackup(root: Root): string {
  const folder = `${STATE}/backup/${nextBackupIn(root)}`;
  root.makeDirectory(folder);
  return folder;
}

/** @returns where it is now; undefined when nothing was there */
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

/** Unless its owner has saved another one there in the meantime: that one stays, and the old one goes to a backup. */
function putBack(root: Root, old: string, path: string): void {
  root.makeDirectory(ancestorsOf(path).at(-1) ?? '');
  try {
    root.place(old, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Whether a file is the new one of a step, or the beginning of a copy of it that was stopped. */
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

/** Whether a file that was moved away has something that would be lost with it. */
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

/** The files that were moved away for a step, the last one last. */
function oldPaths(root: Root, number: number): string[] {
  return root
    .list(`${STAGE}/old`)
    .map((name) => name.split('-').map(Number))
    .filter(([of]) => of === number)
    .sort(([, one = 0], [, other = 0]) => one - other)
    .map((name) => `${STAGE}/old/${name.join('-')}`);
}

/** A file may be moved away more than once, when a run is stopped and another one goes on. */
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

/** The names, before the journal that could bring them is removed; and the files, which may be copies. */
async function syncPlaces(root: Root, steps: readonly JournalStep[]): Promise<void> {
  await root.sync(['', ...steps.flatMap(({ path }) => [path, ...ancestorsOf(path)])]);
}

/** Removes the directories of a deleted file that have nothing in them any more. */
function removeEmptyParents(root: Root, path: string): void {
  for (const directory of ancestorsOf(path).reverse()) root.removeEmpty(directory);
}

/** A file that is not the one that was planned for. */
export function editedMeanwhile(path: string): ExpectedError {
  return new ExpectedError(EXIT.inTheWay, `${path} was edited during the run.`, 'Run it again.');
}
