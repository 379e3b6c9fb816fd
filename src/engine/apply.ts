import type * as NodeFileSystem from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { JOURNAL, ownPathProblem, refuseLinks, STATE, unreadable } from './paths.ts';
import type { Tree } from './tree.ts';

/** The calls of `node:fs` that writing makes, so that a test can stop it at every one of them. */
export type FileSystem = Pick<
  typeof NodeFileSystem,
  | 'chmodSync'
  | 'existsSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'renameSync'
  | 'rmSync'
  | 'rmdirSync'
  | 'statSync'
  | 'unlinkSync'
  | 'writeFileSync'
>;

/** One file that is to be written, replaced or deleted. */
export interface Operation {
  path: string;
  /** What is there now; undefined for nothing. It is made sure of before anything is written. */
  before: Buffer | undefined;
  /** What is to be there; undefined for nothing. */
  after: Buffer | undefined;
  /** Permission bits. */
  mode: number;
}

/**
 * `.tsuru-service/journal.json`: the operations whose files are complete in `.tsuru-service/stage`, by their numbers: the
 * new ones in `new`, what they replace in `old`. From the moment it is there, they are carried out, or taken back.
 */
interface Journal {
  version: 1;
  direction: 'forward' | 'back';
  operations: { path: string; kind: 'create' | 'replace' | 'delete' }[];
}

const STAGE = `${STATE}/stage`;
const RUNNING = `${STATE}/running`;

/**
 * Writes a new project all or nothing: whatever stops it, the directory is as it was or has every file. Nothing that is
 * there is replaced.
 *
 * A new directory is written under another name beside its own, and renamed; one that exists is changed as
 * {@link applyOperations} does it.
 *
 * @throws ExpectedError when it cannot be written; then everything is as it was
 */
export function apply(fs: FileSystem, directory: string, tree: Tree): void {
  if (fs.existsSync(directory)) {
    const operations = [...tree].map(([path, { content, mode }]) => ({
      path,
      before: undefined,
      after: content,
      mode,
    }));
    applyOperations(fs, directory, operations);
  } else {
    explained(() => {
      applyBeside(fs, directory, tree);
    });
  }
}

/**
 * Changes files of a project all or nothing. Everything is staged inside the project first; the journal is the point of no
 * return, from which {@link recover} goes on at the next start.
 *
 * @throws ExpectedError when another run is at work, when a file is not what it was expected to be, or when it cannot be
 *   written; then everything is as it was
 */
export function applyOperations(fs: FileSystem, directory: string, operations: readonly Operation[]): void {
  explained(() => {
    const missing = missingDirectories(fs, directory, operations);
    fs.mkdirSync(join(directory, STATE), { recursive: true });
    claim(fs, directory);
    try {
      const journal = stage(fs, directory, operations);
      try {
        carryOut(fs, directory, journal);
      } catch (error) {
        writeJournal(fs, directory, { ...journal, direction: 'back' });
        takeBack(fs, directory, journal);
        throw error;
      }
      finish(fs, directory);
    } catch (error) {
      finish(fs, directory);
      for (const path of missing) removeIfEmpty(fs, path);
      throw error;
    }
  });
}

/**
 * Finishes or takes back what an earlier run left half done in a directory.
 * @returns `finished` when its files are in their places now, `cleaned` when it had not come that far or was taken back
 * @throws ExpectedError when another run is at work, or the journal is not one of this program
 */
export function recover(fs: FileSystem, directory: string): 'nothing' | 'finished' | 'cleaned' {
  const hasJournal = fs.existsSync(join(directory, JOURNAL));
  if (!hasJournal && !fs.existsSync(join(directory, STAGE)) && !fs.existsSync(join(directory, RUNNING))) {
    removeIfEmpty(fs, join(directory, STATE));
    return 'nothing';
  }
  claim(fs, directory);
  let journal: Journal | undefined;
  try {
    journal = hasJournal ? readJournal(fs, directory) : undefined;
  } catch (error) {
    fs.rmSync(join(directory, RUNNING), { force: true });
    throw error;
  }
  if (journal?.direction === 'forward') carryOut(fs, directory, journal);
  if (journal?.direction === 'back') takeBack(fs, directory, journal);
  finish(fs, directory);
  return journal?.direction === 'forward' ? 'finished' : 'cleaned';
}

function explained(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw new ExpectedError(
      EXIT.failed,
      `The project could not be written: ${messageOf(error)}.`,
      'Nothing was changed.',
      { cause: error },
    );
  }
}

/** Says that this process is at work in a project. @throws ExpectedError when another one is */
function claim(fs: FileSystem, directory: string): void {
  const file = join(directory, RUNNING);
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = readPid(fs, file);
    if (pid > 0 && pid !== process.pid && isRunning(pid)) {
      throw new ExpectedError(
        EXIT.inTheWay,
        `Another run is changing this project (process ${pid}).`,
        `Wait for it; if there is none, delete ${RUNNING}.`,
      );
    }
    fs.rmSync(file, { force: true });
  }
}

/** The process that a claim is of; 0 when it was killed before it could say so. */
function readPid(fs: FileSystem, file: string): number {
  const read = () => (fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0);
  const pid = read();
  if (pid > 0) return pid;
  // It may be about to.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  return read();
}

/** Makes every file complete beside its place, with what it replaces, and then the journal. */
function stage(fs: FileSystem, directory: string, operations: readonly Operation[]): Journal {
  for (const folder of ['new', 'old']) fs.mkdirSync(join(directory, STAGE, folder), { recursive: true });
  const put = (folder: string, number: number, content: Buffer, mode: number) => {
    const file = join(directory, STAGE, folder, String(number));
    fs.writeFileSync(file, content, { mode });
    // What the process masks off is somebody else's to decide for files that are there already.
    if (folder === 'old' || operations[number]?.before !== undefined) fs.chmodSync(file, mode);
  };
  for (const [number, { path, before, after, mode }] of operations.entries()) {
    const place = join(directory, path);
    const isThere = fs.existsSync(place);
    if (isThere ? before === undefined || !fs.readFileSync(place).equals(before) : before !== undefined) {
      throw new Error(`${path} was changed by somebody else in the meantime`);
    }
    if (before !== undefined) put('old', number, before, mode);
    if (after !== undefined) put('new', number, after, mode);
  }
  const journal: Journal = {
    version: 1,
    direction: 'forward',
    operations: operations.map(({ path, before, after }) => ({
      path,
      kind: after === undefined ? 'delete' : before === undefined ? 'create' : 'replace',
    })),
  };
  writeJournal(fs, directory, journal);
  return journal;
}

/** Written under another name first: a journal that is there is whole. */
function writeJournal(fs: FileSystem, directory: string, journal: Journal): void {
  const draft = join(directory, STAGE, 'journal.json');
  fs.writeFileSync(draft, JSON.stringify(journal));
  fs.renameSync(draft, join(directory, JOURNAL));
}

function readJournal(fs: FileSystem, directory: string): Journal {
  const hint = `Look at what is in ${STAGE}, and delete ${JOURNAL}.`;
  let journal: Journal;
  try {
    journal = JSON.parse(fs.readFileSync(join(directory, JOURNAL), 'utf8')) as Journal;
    for (const { path } of journal.operations) {
      const problem = ownPathProblem(path);
      if (problem !== undefined) throw new Error(`the path ${JSON.stringify(path)} ${problem}`);
    }
    for (const { path } of journal.operations) refuseLinks(fs, directory, path);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw unreadable(`${JOURNAL} cannot be read: ${messageOf(error)}.`, hint);
  }
  return journal;
}

/** Brings every file to its place; those that are there already were brought by a run before. */
function carryOut(fs: FileSystem, directory: string, { operations }: Journal): void {
  for (const [number, { path, kind }] of operations.entries()) {
    const source = join(directory, STAGE, 'new', String(number));
    const target = join(directory, path);
    if (kind === 'delete') {
      if (fs.existsSync(target)) fs.unlinkSync(target);
      removeEmptyParents(fs, directory, path);
    } else if (fs.existsSync(source)) {
      if (kind === 'replace') fs.renameSync(source, target);
      else if (!isPlaced(fs, source, target)) place(fs, source, target);
    }
  }
}

/** Brings back what was there. */
function takeBack(fs: FileSystem, directory: string, { operations }: Journal): void {
  for (const [number, { path, kind }] of operations.entries()) {
    const target = join(directory, path);
    const [fresh, old] = ['new', 'old'].map((folder) => join(directory, STAGE, folder, String(number))) as [
      string,
      string,
    ];
    if (kind === 'create') {
      if (isPlaced(fs, fresh, target)) fs.rmSync(target);
    } else if (fs.existsSync(old)) {
      fs.mkdirSync(dirname(target), { recursive: true });
      fs.renameSync(old, target);
    }
  }
}

/** Whether a file that is staged as a new one is in its place as well. */
function isPlaced(fs: FileSystem, source: string, target: string): boolean {
  if (!fs.existsSync(target) || !fs.existsSync(source)) return false;
  return fs.readFileSync(target).equals(fs.readFileSync(source));
}

/** The journal goes first: without it there is nothing to go on with. */
function finish(fs: FileSystem, directory: string): void {
  fs.rmSync(join(directory, JOURNAL), { force: true });
  fs.rmSync(join(directory, STAGE), { recursive: true, force: true });
  fs.rmSync(join(directory, RUNNING), { force: true });
  removeIfEmpty(fs, join(directory, STATE));
}

/** The directories that are not there yet, each after those inside it. */
function missingDirectories(fs: FileSystem, directory: string, operations: readonly Operation[]): string[] {
  const directories = new Set<string>();
  for (const { path } of operations) {
    const parts = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) directories.add(parts.slice(0, depth).join('/'));
  }
  return [...directories]
    .sort()
    .reverse()
    .map((path) => join(directory, path))
    .filter((path) => !fs.existsSync(path));
}

function applyBeside(fs: FileSystem, directory: string, tree: Tree): void {
  const parent = dirname(directory);
  const made = fs.mkdirSync(parent, { recursive: true });
  removeStale(fs, directory);
  const stage = join(parent, `.${basename(directory)}.${process.pid}.partial`);
  try {
    fs.mkdirSync(stage);
    writeFiles(fs, stage, tree);
    fs.renameSync(stage, directory);
  } catch (error) {
    fs.rmSync(stage, { recursive: true, force: true });
    if (made !== undefined) fs.rmSync(made, { recursive: true, force: true });
    throw error;
  }
}

/** Puts a staged file in its place; fails when something is there. */
function place(fs: FileSystem, source: string, target: string): void {
  fs.mkdirSync(dirname(target), { recursive: true });
  try {
    // A link, unlike a rename, never replaces what appeared in the meantime.
    fs.linkSync(source, target);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    fs.writeFileSync(target, fs.readFileSync(source), { flag: 'wx', mode: fs.statSync(source).mode });
  }
}

function writeFiles(fs: FileSystem, directory: string, tree: Tree): void {
  const made = new Set<string>();
  for (const [path, { content, mode }] of tree) {
    const target = join(directory, path);
    const parent = dirname(target);
    if (!made.has(parent)) {
      fs.mkdirSync(parent, { recursive: true });
      made.add(parent);
    }
    fs.writeFileSync(target, content, { flag: 'wx', mode });
  }
}

/** Removes what runs that were killed left beside a directory that they never made. */
function removeStale(fs: FileSystem, directory: string): void {
  const parent = dirname(directory);
  const prefix = `.${basename(directory)}.`;
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix) || !name.endsWith('.partial')) continue;
    const pid = name.slice(prefix.length, -'.partial'.length);
    if (/^\d+$/.test(pid) && !isRunning(Number(pid))) fs.rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes the directories of a deleted file that have nothing in them any more. */
function removeEmptyParents(fs: FileSystem, directory: string, path: string): void {
  const parts = path.split('/').slice(0, -1);
  for (let depth = parts.length; depth > 0; depth--) removeIfEmpty(fs, join(directory, ...parts.slice(0, depth)));
}

function removeIfEmpty(fs: FileSystem, directory: string): void {
  if (fs.existsSync(directory) && fs.readdirSync(directory).length === 0) fs.rmdirSync(directory);
}
