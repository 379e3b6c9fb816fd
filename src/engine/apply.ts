import type * as NodeFileSystem from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { STATE } from './lock.ts';
import type { Tree } from './tree.ts';

/** The calls of `node:fs` that writing makes, so that a test can stop it at every one of them. */
export type FileSystem = Pick<
  typeof NodeFileSystem,
  | 'existsSync'
  | 'linkSync'
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

/** `.tsuru-service/journal.json`: files that are complete in `.tsuru-service/stage` and on their way to their places. */
interface Journal {
  version: 1;
  files: string[];
}

const STAGE = `${STATE}/stage`;
const JOURNAL = `${STATE}/journal.json`;
const DRAFT = '.journal.json';

/**
 * Writes a project all or nothing: whatever stops it, the directory is as it was or has every file. Nothing that is
 * there is replaced.
 *
 * A new directory is written under another name beside its own, and renamed. In one that exists the files are staged
 * inside; the journal is the point of no return, from which {@link recover} goes on at the next start.
 *
 * @throws ExpectedError when it cannot be written; then everything is as it was
 */
export function apply(fs: FileSystem, directory: string, tree: Tree): void {
  try {
    if (fs.existsSync(directory)) applyInside(fs, directory, tree);
    else applyBeside(fs, directory, tree);
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

/**
 * Finishes or takes back what an earlier run left half done in a directory.
 * @returns `finished` when its files are in their places now, `cleaned` when it had not come that far
 */
export function recover(fs: FileSystem, directory: string): 'nothing' | 'finished' | 'cleaned' {
  const journal = join(directory, JOURNAL);
  const stage = join(directory, STAGE);
  if (fs.existsSync(journal)) {
    const { files } = JSON.parse(fs.readFileSync(journal, 'utf8')) as Journal;
    for (const path of files) {
      const source = join(stage, path);
      const target = join(directory, path);
      if (fs.existsSync(source) && !fs.existsSync(target)) place(fs, source, target);
    }
    fs.unlinkSync(journal);
    fs.rmSync(stage, { recursive: true, force: true });
    return 'finished';
  }
  if (!fs.existsSync(stage)) return 'nothing';
  fs.rmSync(stage, { recursive: true, force: true });
  removeIfEmpty(fs, join(directory, STATE));
  return 'cleaned';
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

function applyInside(fs: FileSystem, directory: string, tree: Tree): void {
  const stage = join(directory, STAGE);
  const journal = join(directory, JOURNAL);
  const placed: string[] = [];
  const missing = directoriesOf(tree)
    .map((path) => join(directory, path))
    .filter((path) => !fs.existsSync(path));
  try {
    fs.mkdirSync(stage, { recursive: true });
    writeFiles(fs, stage, tree);
    // Written under another name first: a journal that is there is whole.
    const draft = join(stage, DRAFT);
    fs.writeFileSync(draft, JSON.stringify({ version: 1, files: [...tree.keys()] } satisfies Journal));
    fs.renameSync(draft, journal);
    for (const path of tree.keys()) {
      place(fs, join(stage, path), join(directory, path));
      placed.push(path);
    }
    fs.unlinkSync(journal);
    fs.rmSync(stage, { recursive: true, force: true });
  } catch (error) {
    for (const path of placed) fs.rmSync(join(directory, path), { force: true });
    fs.rmSync(journal, { force: true });
    fs.rmSync(stage, { recursive: true, force: true });
    for (const path of missing.reverse()) removeIfEmpty(fs, path);
    throw error;
  }
}

/** Every directory that a tree needs, each before those inside it. */
function directoriesOf(tree: Tree): string[] {
  const directories = new Set<string>();
  for (const path of tree.keys()) {
    const parts = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) directories.add(parts.slice(0, depth).join('/'));
  }
  return [...directories].sort();
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

function removeIfEmpty(fs: FileSystem, directory: string): void {
  if (fs.existsSync(directory) && fs.readdirSync(directory).length === 0) fs.rmdirSync(directory);
}
