import nodeFileSystem, { statSync } from 'node:fs';
import { dirname } from 'node:path';

import { type Answers, RECORD } from '../answers/answers.ts';
import type { ProjectContext } from './context.ts';
import { begin, recover, type Applied, type Recovered, type ProjectRun } from './apply.ts';
import { refuseOthers } from './claim.ts';
import { refuseInterrupted } from './journal.ts';
import { readLock, type Lock } from './lock.ts';
import type { Machine } from './machine.ts';
import { LOCK } from './paths.ts';
import type { DiskFile } from './plan.ts';
import { stateFolders, type Disk } from './proof.ts';
import { codeOf, Root, whyUnreachable } from './root.ts';
import { EXIT, ExpectedError, unreadable } from '../errors.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** A generated project: its record, and its lock. */
export interface Project {
  directory: string;
  recordText: string;
  /** The answers in the record; those of the last run are in the lock. */
  answers: Answers;
  lockText: string;
  lock: Lock;
}

/** The machine's disk, and its folders for per-user state. */
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

/** The nearest generated project: the directory or one of its parents; undefined when there is none. */
export function projectAround(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (isProject(at)) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** Finishes or undoes an interrupted run. */
export async function finishEarlierRun(context: ProjectContext, directory: string): Promise<void> {
  if (isDirectory(directory)) sayRecovered(context.terminal, await recover(diskOf(context), directory));
}

/**
 * Claims a project for one run, and finishes or undoes an interrupted one.
 * @throws ExpectedError when the directory is not a project, or another run is active in it
 */
export async function beginRun(context: ProjectContext, directory: string): Promise<ProjectRun> {
  if (!isProject(directory)) await finishEarlierRun(context, directory);
  if (!isProject(directory)) throw noProject(directory);
  const run = await begin(diskOf(context), directory);
  sayRecovered(context.terminal, run.recovered);
  return run;
}

/**
 * Reads a project without claiming it.
 * @throws ExpectedError when another run changes it in the meantime, or was interrupted
 */
export async function undisturbed<T>(
  { machine }: Pick<ProjectContext, 'machine'>,
  directory: string,
  look: () => Promise<T>,
): Promise<T> {
  if (!isDirectory(directory)) throw noProject(directory);
  const root = rootOf(directory);
  // Before isProject: an active or interrupted run may have moved the record away.
  const before = stampOf(root, machine);
  if (!isProject(directory)) throw noProject(directory);
  try {
    return await look();
  } finally {
    refuseAnother(before, stampOf(root, machine));
  }
}

/** @returns a text that changes whenever a run writes to the project */
function stampOf(root: Root, machine: Machine): string {
  refuseOthers(root, machine);
  refuseInterrupted(root);
  const lock = root.look(LOCK);
  return `${lock?.ino} ${lock?.mtimeNs}`;
}

function refuseAnother(before: string, after: string): void {
  if (before === after) return;
  throw new ExpectedError(EXIT.inTheWay, 'Another run changed this project in the meantime.', 'Run the command again.');
}

/** Reports backups and leftovers, on standard error: standard output may be JSON. */
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

/** The error of a command that needs a project, with the one around the directory if there is one. */
export function noProject(directory: string): ExpectedError {
  const around = projectAround(dirname(directory));
  return new ExpectedError(
    EXIT.usage,
    `There is no ${RECORD} in ${directory}.`,
    `Run this command in ${around ?? 'a project that create-tsuru-service made'}.`,
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
 * @throws ExpectedError when the directory is not a project, or one of them is unreadable or newer than this program
 */
export async function openProject(
  { machine, templates }: Pick<ProjectContext, 'machine' | 'templates'>,
  directory: string,
): Promise<Project> {
  if (!isProject(directory)) throw noProject(directory);
  const root = rootOf(directory);
  try {
    return await read(root, directory, templates.version);
  } catch (error) {
    // A file that another run is writing may look broken: report that run instead.
    refuseOthers(root, machine);
    throw error;
  }
}

async function read(root: Root, directory: string, generator: string): Promise<Project> {
  const recordText = root.read(RECORD)?.content.toString();
  const lockText = root.read(LOCK)?.content.toString();
  if (recordText === undefined) throw noProject(directory);
  if (lockText === undefined) {
    throw unreadable(
      `${LOCK} is missing: without it, your edits cannot be distinguished from generated code.`,
      'Restore it from your version control, with all of .tsuru-service.',
    );
  }
  // A new project needs no parser of YAML.
  const { readRecord } = await import('../answers/record.ts');
  return { directory, recordText, answers: readRecord(recordText), lockText, lock: readLock(lockText, generator) };
}

/**
 * Reads files of a project; missing ones are left out.
 * @throws ExpectedError when one of them is a symbolic link, or behind one
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
