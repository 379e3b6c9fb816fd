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

/** A file to write, replace or delete. */
export interface Operation {
  path: string;
  /** The current content; undefined if there is no file. Checked before the first write, and again at the replacement. */
  before: Buffer | undefined;
  /** The new content; undefined to delete the file. */
  after: Buffer | undefined;
  /** Permission bits. */
  mode: number;
}

/** What to report after a run. */
export interface Applied {
  /** Files that were edited during the run, and where those edits are kept. */
  kept: { path: string; kept: string }[];
  /** Sentences about what could not be cleaned up. */
  leftOver: string[];
}

/** How an earlier, interrupted run ended. `finished`: the new files are in place; `taken back`: the old ones are. */
export interface Recovered extends Applied {
  kind: 'nothing' | 'cleaned' | 'finished' | 'taken back';
}

/** A run with exclusive access to a project. */
export interface ProjectRun {
  disk: Disk;
  root: Root;
  /** How an earlier, interrupted run ended. */
  recovered: Recovered;
  /** Gives up the exclusive access. */
  end: () => void;
}

/**
 * Writes a new project, all or nothing: however it is interrupted, the directory is unchanged or complete. It never
 * replaces a file.
 *
 * A new directory is written under a temporary name and then renamed. An existing one is changed with
 * {@link applyOperations}.
 *
 * @throws ExpectedError when the project cannot be written; the message says what is on the disk
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
 * Claims a project for one run, and finishes or undoes an interrupted one.
 * @throws ExpectedError when another run is active, or the interrupted one can be neither finished nor undone
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
 * Finishes or undoes an interrupted run in a directory, if there is one.
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
    if (root.look(JOURNAL) !== undefined || root.look(STAGE) !== undefined || hasClaims(root)) return true;
    // A run that was killed before its claim, or after it, leaves an empty folder.
    return root.look(STATE)?.isDirectory() === true && root.list(STATE).length === 0;
  } catch (error) {
    throw error instanceof ExpectedError ? error : failure(error, 'Nothing was changed.');
  }
}

/**
 * Changes files of a project, all or nothing. Everything is staged inside the project first. Once the journal is written,
 * {@link begin} can finish an interrupted run.
 *
 * @throws ExpectedError when a file was edited in the meantime or cannot be written; the message says what is on the disk
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
        // The journal on the disk still says forward: if this run is interrupted, the next one finishes it instead.
      });
      await takeBack(root, back);
    } catch (second) {
      throw failure(
        error,
        `The changes could not be undone: ${messageOf(second)}. Some files are new and others old; ` +
          `${JOURNAL} records which. Nothing is lost: fix the cause, and run the command again to finish or undo the changes.`,
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
  'An earlier run was interrupted and is not finished: some files may be new and others old. Nothing is lost: fix the cause and run the command again.';

/** Carries out the steps of a journal, or undoes them if a new file is missing. */
async function goOn(disk: Disk, root: Root, found: Journal): Promise<Recovered> {
  try {
    // Throws for a symbolic link, before the first step.
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

/** Writes every new file to the stage, flushes them to the disk, and then writes the journal. */
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
    // The umask applies to new files only; a replaced file keeps its mode.
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

/** Backs up edits made during the run and cleans up. Never throws: problems are in `leftOver`. */
async function finish(disk: Disk, root: Root, journal: Journal): Promise<Applied> {
  let kept: Applied['kept'];
  try {
    kept = await keepOthers(root, journal);
  } catch (error) {
    return {
      kept: [],
      leftOver: [
        `${STAGE}/old has edits made during the run, which could not be moved to a backup: ${messageOf(error)}.`,
        'The next run moves them.',
      ],
    };
  }
  return { kept, leftOver: await clear(disk, root) };
}

/**
 * Removes the journal, the stage and the keys. The journal goes first: without its stage, it could not be carried out.
 * @returns sentences about what could not be removed
 */
async function clear(disk: Disk, root: Root): Promise<string[]> {
  try {
    if (root.look(JOURNAL) !== undefined) {
      root.remove(JOURNAL);
      await root.sync([STATE]);
    }
  } catch (error) {
    if (isJournalThere(root)) {
      return [`${JOURNAL} and ${STAGE} could not be removed: ${messageOf(error)}.`, 'Fix the cause and run the command again.'];
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
    // A key without a journal is harmless; the next run makes another one.
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

/** The state of the disk after a failed run that changed nothing. */
function afterNothing({ kept, leftOver }: Applied): string {
  return [
    leftOver.length === 0 ? 'Nothing was changed.' : 'No file was changed, but the clean-up failed:',
    ...leftOver,
    ...kept.map(({ path, kept: place }) => `${path} was edited during the run; that edit is in ${place}.`),
  ].join('\n');
}

/** An error whose hint starts with the state of the disk. */
function failure(error: unknown, state: string): ExpectedError {
  if (error instanceof ExpectedError) {
    return new ExpectedError(error.exitCode, error.message, [state, error.hint].join('\n'), { cause: error });
  }
  return new ExpectedError(EXIT.failed, `The project could not be written: ${messageOf(error)}.`, state, {
    cause: error,
  });
}

/** Whether a directory exists. A symbolic link counts: it is part of the user's own path. */
function isThere(fs: FileSystem, directory: string): boolean {
  try {
    return fs.lstatSync(directory, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw failure(error, 'Nothing was changed.');
  }
}

/** The directories that do not exist yet, innermost first. */
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
    return { kept: [], leftOver: [`The entry of the new directory could not be flushed to the disk: ${messageOf(error)}.`] };
  }
}

function moveTo(fs: FileSystem, stage: string, directory: string): void {
  try {
    fs.renameSync(stage, directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))) throw error;
    throw new ExpectedError(EXIT.inTheWay, `${directory} was created during the run.`, 'Check it, and run the command again.');
  }
}

/** Removes the partial directory of a failed run, and the parents that it created, if they are empty. */
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

/** Removes the partial directories of killed runs. */
function removeStale(fs: FileSystem, machine: Machine, directory: string): void {
  const parent = dirname(directory);
  const prefix = `.${basename(directory)}.`;
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith('.partial')) continue;
    const mark = name.slice(prefix.length, -'.partial'.length);
    if (isOver(mark, machine)) fs.rmSync(join(parent, name), { recursive: true, force: true });
  }
}
