import { basename, dirname, join } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { canCarryOut, carryOut, editedMeanwhile, freshPath, keepOthers, takeBack } from './carry-out.ts';
import { claim, hasClaims, isOver, ownMark } from './claim.ts';
import { sha256 } from './hash.ts';
import { readJournal, writeJournal, type Journal } from './journal.ts';
import type { Machine } from './machine.ts';
import { JOURNAL, ownPathProblem, STAGE, STATE } from './paths.ts';
import { forgetKeys, newKey, type Disk } from './proof.ts';
import { ancestorsOf, codeOf, Root, type FileSystem } from './root.ts';
import type { Tree } from '../render/tree.ts';

/** One file that is to be written, replaced or deleted. */
export interface Operation {
  path: string;
  /** What is there now; undefined for nothing. It is made sure of before anything is written, and as it is replaced. */
  before: Buffer | undefined;
  /** What is to be there; undefined for nothing. */
  after: Buffer | undefined;
  /** Permission bits. */
  mode: number;
}

/** What there is to say when everything was written. */
export interface Applied {
  /** Files that were not the ones that were planned for, and where they are kept. */
  kept: { path: string; kept: string }[];
  /** What could not be cleared away, as sentences. */
  leftOver: string[];
}

/** What became of a run that was stopped before. `finished`: its files are in their places; `taken back`: what was there is. */
export interface Recovered extends Applied {
  kind: 'nothing' | 'cleaned' | 'finished' | 'taken back';
}

/** A run that has a project to itself until it ends. */
export interface ProjectRun {
  disk: Disk;
  root: Root;
  /** What became of the one before. */
  recovered: Recovered;
  end: () => void;
}

/**
 * Writes a new project all or nothing: whatever stops it, the directory is as it was or has every file. Nothing that is
 * there is replaced.
 *
 * A new directory is written under another name beside its own, and renamed; one that exists is changed as
 * {@link applyOperations} does it.
 *
 * @throws ExpectedError when it cannot be written, which says what the disk has
 */
export async function apply(disk: Disk, directory: string, tree: Tree): Promise<Applied> {
  if (!isThere(disk.fs, directory)) return applyBeside(disk, directory, tree);
  const operations = [...tree].map(([path, { content, mode }]) => ({
    path,
    before: undefined,
    after: content,
    mode,
  }));
  const run = await begin(disk, directory);
  try {
    return await applyOperations(run, operations);
  } finally {
    run.end();
  }
}

/**
 * Takes a project for one run, and brings to its end what an earlier one left half done.
 * @throws ExpectedError when another run is at work, or when the earlier one cannot be brought to its end
 */
export async function begin(disk: Disk, directory: string): Promise<ProjectRun> {
  let root: Root;
  let end: () => void;
  try {
    root = new Root(disk.fs, directory);
    end = await claim(root, disk.machine);
  } catch (error) {
    throw error instanceof ExpectedError ? error : failure(error, 'Nothing was changed.');
  }
  try {
    return { disk, root, end, recovered: await recoverAlone(disk, root) };
  } catch (error) {
    end();
    throw error;
  }
}

/**
 * Brings to its end what an earlier run left half done in a directory, if one did.
 * @throws ExpectedError as {@link begin} does
 */
export async function recover(disk: Disk, directory: string): Promise<Recovered> {
  if (!isUnfinished(disk.fs, directory)) return { kind: 'nothing', kept: [], leftOver: [] };
  const run = await begin(disk, directory);
  run.end();
  return run.recovered;
}

function isUnfinished(fs: FileSystem, directory: string): boolean {
  try {
    const root = new Root(fs, directory);
    return root.look(JOURNAL) !== undefined || root.look(STAGE) !== undefined || hasClaims(root);
  } catch (error) {
    throw error instanceof ExpectedError ? error : failure(error, 'Nothing was changed.');
  }
}

/**
 * Changes files of a project all or nothing. Everything is staged inside the project first; the journal is the point of no
 * return, from which {@link begin} goes on at the next start.
 *
 * @throws ExpectedError when a file is not what it was expected to be, or when it cannot be written; it says what the disk has
 */
export async function applyOperations({ disk, root }: ProjectRun, operations: readonly Operation[]): Promise<Applied> {
  let staged: { journal: Journal; key: string } | undefined;
  try {
    staged = await stage(disk, root, operations);
  } catch (error) {
    throw failure(error, afterNothing({ kept: [], leftOver: await clear(disk, root) }));
  }
  const { journal, key } = staged;
  try {
    await carryOut(root, journal, 'stop');
  } catch (error) {
    const back: Journal = { ...journal, direction: 'back' };
    try {
      await writeJournal(root, key, back).catch(() => {
        // Without it, the next run would go forward: that is whole as well.
      });
      await takeBack(root, back);
    } catch (second) {
      throw failure(
        error,
        `The changes could not be undone: ${messageOf(second)}. Some files are new and others old; ` +
          `${JOURNAL} records which. Nothing is lost: fix the cause and run it again, to finish or undo them.`,
      );
    }
    throw failure(error, afterNothing(await finish(disk, root, back)));
  }
  return finish(disk, root, journal);
}

async function recoverAlone(disk: Disk, root: Root): Promise<Recovered> {
  try {
    const found = readJournal(disk, root);
    if (found !== undefined) return await goOn(disk, root, found.journal);
    const isStaged = root.look(STAGE) !== undefined;
    return { kind: isStaged ? 'cleaned' : 'nothing', kept: [], leftOver: isStaged ? await clear(disk, root) : [] };
  } catch (error) {
    throw error instanceof ExpectedError ? error : failure(error, 'Nothing was changed.');
  }
}

const UNFINISHED =
  'An earlier run was interrupted and is not finished: files may be new or old. Nothing is lost: fix the cause and run it again.';

/** Finishes what a journal says, or takes it back where it cannot be finished. */
async function goOn(disk: Disk, root: Root, found: Journal): Promise<Recovered> {
  try {
    // Before the first step is done: one of them behind a link, and none is.
    for (const { path } of found.steps) root.look(path);
    const isForward = found.direction === 'forward' && canCarryOut(root, found);
    const journal: Journal = { ...found, direction: isForward ? 'forward' : 'back' };
    if (isForward) await carryOut(root, journal, 'keep');
    else await takeBack(root, journal);
    return { kind: isForward ? 'finished' : 'taken back', ...(await finish(disk, root, journal)) };
  } catch (error) {
    throw failure(error, UNFINISHED);
  }
}

/** Makes every file complete beside its place, on the disk, and then the journal. */
async function stage(
  disk: Disk,
  root: Root,
  operations: readonly Operation[],
): Promise<{ journal: Journal; key: string }> {
  for (const folder of ['new', 'old']) root.makeDirectory(`${STAGE}/${folder}`);
  const fresh: string[] = [];
  for (const [number, { path, before, after, mode }] of operations.entries()) {
    const problem = ownPathProblem(path);
    if (problem !== undefined) throw new Error(`the path ${JSON.stringify(path)} ${problem}`);
    const there = root.read(path)?.content;
    if (there === undefined ? before !== undefined : before === undefined || !there.equals(before)) throw editedMeanwhile(path);
    if (after === undefined) continue;
    fresh.push(freshPath(number));
    // What the process masks off does not count for files that are there already.
    root.write(freshPath(number), after, mode, before !== undefined);
  }
  await root.sync([...fresh, `${STAGE}/new`, `${STAGE}/old`, STAGE, STATE, '']);
  const hash = (content: Buffer | undefined) => (content === undefined ? null : sha256(content));
  const journal: Journal = {
    direction: 'forward',
    steps: operations.map(({ path, before, after }) => ({ path, before: hash(before), after: hash(after) })),
    directories: missingDirectories(root, operations),
  };
  const key = await newKey(disk, root);
  await writeJournal(root, key, journal);
  return { journal, key };
}

/** Ends what was carried out or taken back. It never fails: what it could not do, it says. */
async function finish(disk: Disk, root: Root, journal: Journal): Promise<Applied> {
  let kept: Applied['kept'];
  try {
    kept = await keepOthers(root, journal);
  } catch (error) {
    return {
      kept: [],
      leftOver: [
        `${STAGE}/old has files that were saved in the meantime, and could not be moved to a backup: ${messageOf(error)}.`,
        'The next run moves them.',
      ],
    };
  }
  return { kept, leftOver: await clear(disk, root) };
}

/**
 * Removes what a run works with. The journal goes first, for good: without it there is nothing to go on with.
 * @returns what could not be removed, as sentences
 */
async function clear(disk: Disk, root: Root): Promise<string[]> {
  try {
    if (root.look(JOURNAL) !== undefined) {
      root.remove(JOURNAL);
      await root.sync([STATE]);
    }
  } catch (error) {
    if (isJournalThere(root)) {
      return [`${JOURNAL} and ${STAGE} could not be removed: ${messageOf(error)}.`, 'Fix the cause and run it again.'];
    }
  }
  const leftOver: string[] = [];
  try {
    root.removeAll(STAGE);
  } catch (error) {
    leftOver.push(`${STAGE} could not be removed: ${messageOf(error)}.`, 'The next run removes it.');
  }
  try {
    forgetKeys(disk, root);
  } catch {
    // A key without a journal opens nothing; the next run makes another one.
  }
  return leftOver;
}

function isJournalThere(root: Root): boolean {
  try {
    return root.look(JOURNAL) !== undefined;
  } catch {
    return true;
  }
}

/** What there is to say of a run that failed and left everything as it was. */
function afterNothing({ kept, leftOver }: Applied): string {
  return [
    leftOver.length === 0 ? 'Nothing was changed.' : 'Every file is as it was. What is left over:',
    ...leftOver,
    ...kept.map(({ path, kept: place }) => `What was saved to ${path} in the meantime is in ${place}.`),
  ].join('\n');
}

/** An error with what the disk has after it. */
function failure(error: unknown, state: string): ExpectedError {
  if (error instanceof ExpectedError) {
    return new ExpectedError(error.exitCode, error.message, [state, error.hint].join('\n'), { cause: error });
  }
  return new ExpectedError(EXIT.failed, `The project could not be written: ${messageOf(error)}.`, state, {
    cause: error,
  });
}

/** Whether a directory is there; a link in its place counts, as the user's own path. */
function isThere(fs: FileSystem, directory: string): boolean {
  try {
    return fs.lstatSync(directory, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw failure(error, 'Nothing was changed.');
  }
}

/** The directories that are not there yet, each after those inside it. */
function missingDirectories(root: Root, operations: readonly Operation[]): string[] {
  const directories = new Set(operations.flatMap(({ path }) => ancestorsOf(path)));
  return [...directories]
    .sort()
    .reverse()
    .filter((path) => root.look(path) === undefined);
}

async function applyBeside({ fs, machine }: Disk, directory: string, tree: Tree): Promise<Applied> {
  const parent = dirname(directory);
  const stage = join(parent, `.${basename(directory)}.${ownMark(machine)}.partial`);
  let made: string | undefined;
  let isStaged = false;
  try {
    made = fs.mkdirSync(parent, { recursive: true });
    removeStale(fs, machine, directory);
    fs.mkdirSync(stage);
    isStaged = true;
    await writeFiles(new Root(fs, stage), tree);
    moveTo(fs, stage, directory);
  } catch (error) {
    throw failure(error, afterNothing({ kept: [], leftOver: clearBeside(fs, isStaged ? stage : undefined, parent, made) }));
  }
  try {
    await new Root(fs, parent).sync(['']);
    return { kept: [], leftOver: [] };
  } catch (error) {
    return { kept: [], leftOver: [`The name of the new directory could not be flushed to the disk: ${messageOf(error)}.`] };
  }
}

function moveTo(fs: FileSystem, stage: string, directory: string): void {
  try {
    fs.renameSync(stage, directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))) throw error;
    throw new ExpectedError(EXIT.inTheWay, `${directory} was created during the run.`, 'Check it, and run it again.');
  }
}

/** Removes what a run that failed wrote beside its directory, and the parents that it made, if nothing else is in them. */
function clearBeside(fs: FileSystem, stage: string | undefined, parent: string, made: string | undefined): string[] {
  try {
    if (stage !== undefined) fs.rmSync(stage, { recursive: true, force: true });
    for (let folder = parent; made !== undefined && folder.startsWith(made); folder = dirname(folder)) {
      if (fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
    }
    return [];
  } catch (error) {
    return [`${stage ?? parent} could not be removed: ${messageOf(error)}. Delete it.`];
  }
}

async function writeFiles(root: Root, tree: Tree): Promise<void> {
  const directories = new Set<string>();
  for (const [path, { content, mode }] of tree) {
    for (const directory of ancestorsOf(path)) directories.add(directory);
    root.makeDirectory(ancestorsOf(path).at(-1) ?? '');
    root.write(path, content, mode);
  }
  await root.sync([...tree.keys(), ...directories, '']);
}

/** Removes what runs that were killed left beside a directory that they never made. */
function removeStale(fs: FileSystem, machine: Machine, directory: string): void {
  const parent = dirname(directory);
  const prefix = `.${basename(directory)}.`;
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith('.partial')) continue;
    const mark = name.slice(prefix.length, -'.partial'.length);
    if (isOver(mark, machine)) fs.rmSync(join(parent, name), { recursive: true, force: true });
  }
}
