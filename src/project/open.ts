import nodeFileSystem, { statSync } from 'node:fs';

import { type Answers, RECORD } from '../answers/answers.ts';
import type { ProjectContext } from './context.ts';
import { begin, recover, type Applied, type Recovered, type ProjectRun } from './apply.ts';
import { nextBackupIn } from './carry-out.ts';
import { refuseOthers } from './claim.ts';
import { readLock, type Lock } from './lock.ts';
import type { Machine } from './machine.ts';
import { JOURNAL, LOCK } from './paths.ts';
import type { DiskFile } from './plan.ts';
import { stateFolders, type Disk } from './proof.ts';
import { codeOf, Root, whyUnreachable } from './root.ts';
import { EXIT, ExpectedError, unreadable } from '../errors.ts';
import { readRecord } from '../answers/record.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A generated project, as it was last applied and as its record wants it. */
export interface Project {
  directory: string;
  recordText: string;
  /** What the record says now. */
  answers: Answers;
  lockText: string;
  lock: Lock;
}

/** The machine's disk, and where it remembers what belongs to this user. */
export function diskOf({ environment, machine }: Pick<ProjectContext, 'environment' | 'machine'>): Disk {
  return { fs: nodeFileSystem, stateFolders: stateFolders(environment, machine), machine };
}

/** A directory of the machine's disk. */
export function rootOf(directory: string): Root {
  return new Root(nodeFileSystem, directory);
}

/** Whether a directory is a generated project. */
export function isProject(directory: string): boolean {
  return isDirectory(directory) && rootOf(directory).isTaken(RECORD);
}

/** Brings to its end what a run that was killed had begun to write. */
export async function finishEarlierRun(context: ProjectContext, directory: string): Promise<void> {
  if (isDirectory(directory)) sayRecovered(context.terminal, await recover(diskOf(context), directory));
}

/**
 * Takes a project for one run, and brings to its end what an earlier one left half done.
 * @throws ExpectedError when the directory is no project, or another run is at work in it
 */
export async function beginRun(context: ProjectContext, directory: string): Promise<ProjectRun> {
  if (!isProject(directory)) await finishEarlierRun(context, directory);
  if (!isProject(directory)) throw noProject(directory);
  const run = await begin(diskOf(context), directory);
  sayRecovered(context.terminal, run.recovered);
  return run;
}

/**
 * Looks at a project without changing it.
 * @throws ExpectedError when another run changes it meanwhile, or did not finish
 */
export async function undisturbed<T>(
  { machine }: Pick<ProjectContext, 'machine'>,
  directory: string,
  look: () => Promise<T>,
): Promise<T> {
  if (!isDirectory(directory)) throw noProject(directory);
  const root = rootOf(directory);
  // First: a run that is at work, or was stopped, may have the record in its hands.
  const before = stampOf(root, machine);
  if (!isProject(directory)) throw noProject(directory);
  try {
    return await look();
  } finally {
    refuseAnother(before, stampOf(root, machine));
  }
}

/** @returns what changes whenever a run writes to a project */
function stampOf(root: Root, machine: Machine): string {
  refuseOthers(root, machine);
  if (root.look(JOURNAL) !== undefined) {
    throw new ExpectedError(
      EXIT.inTheWay,
      'An earlier run was interrupted.',
      'Run regenerate first: it finishes or undoes that run.',
    );
  }
  const lock = root.look(LOCK);
  return `${lock?.ino} ${lock?.mtimeNs}`;
}

function refuseAnother(before: string, after: string): void {
  if (before === after) return;
  throw new ExpectedError(EXIT.inTheWay, 'Another run changed this project in the meantime.', 'Run it again.');
}

/** What a run found that its user has to know. To the errors: the output may be JSON. */
export function sayApplied(terminal: Terminal, { kept, leftOver }: Applied): void {
  for (const { path, kept: place } of kept) {
    terminal.writeError(`${path} was edited during the run; that edit is in ${place}.\n`);
  }
  for (const line of leftOver) terminal.writeError(`${line}\n`);
}

function sayRecovered(terminal: Terminal, recovered: Recovered): void {
  if (recovered.kind === 'finished') {
    terminal.writeError('An earlier run was interrupted; it is finished now.\n');
  }
  if (recovered.kind === 'taken back') {
    terminal.writeError('An earlier run was interrupted; its changes are undone now.\n');
  }
  sayApplied(terminal, recovered);
}

function noProject(directory: string): ExpectedError {
  return new ExpectedError(
    EXIT.usage,
    `There is no ${RECORD} in ${directory}.`,
    'Run it in a project that create-tsuru-service made.',
  );
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || whyUnreachable(error) !== undefined) return false;
    throw error;
  }
}

/**
 * Reads the record and the lock of a project.
 * @throws ExpectedError when the directory is no project, or one of them is unreadable or newer than this program
 */
export function openProject(
  { machine, templates }: Pick<ProjectContext, 'machine' | 'templates'>,
  directory: string,
): Project {
  if (!isProject(directory)) throw noProject(directory);
  const root = rootOf(directory);
  try {
    return read(root, directory, templates.version);
  } catch (error) {
    // What is being written looks broken.
    refuseOthers(root, machine);
    throw error;
  }
}

function read(root: Root, directory: string, generator: string): Project {
  const recordText = root.read(RECORD)?.content.toString();
  const lockText = root.read(LOCK)?.content.toString();
  if (recordText === undefined) throw noProject(directory);
  if (lockText === undefined) {
    throw unreadable(
      `${LOCK} is missing: without it, your edits cannot be told from generated code.`,
      'Bring it back from your version control, with all of .tsuru-service.',
    );
  }
  return { directory, recordText, answers: readRecord(recordText), lockText, lock: readLock(lockText, generator) };
}

/**
 * Reads files of a project as they are; those that are not there are left out.
 * @throws ExpectedError when one of them is a link, or behind one
 */
export function readDisk(directory: string, paths: Iterable<string>): Map<string, DiskFile> {
  const root = rootOf(directory);
  const disk = new Map<string, DiskFile>();
  for (const path of paths) {
    const file = root.read(path);
    if (file !== undefined) disk.set(path, file);
  }
  return disk;
}

/** The name of the next folder for what is replaced: `0001`, `0002`, ... */
export function nextBackup(directory: string): string {
  return nextBackupIn(rootOf(directory));
}
