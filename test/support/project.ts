import { cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import * as nodeFileSystem from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Answers } from '../../src/answers/answers.ts';
import { apply } from '../../src/project/apply.ts';
import type { Templates } from '../../src/render/plop.ts';
import type { Tree } from '../../src/render/tree.ts';
import { newProject } from '../../src/project/new.ts';
import { readArchive } from '../../src/render/packed.ts';
import type { WriteOptions } from '../../src/terminal/project-options.ts';
import { change, type ChangeExit } from '../../src/project/change.ts';
import type { Terminal } from '../../src/terminal/terminal.ts';
import { answersWith, templates as plain } from './answers.ts';
import { machine } from './disks.ts';
import { filesBelow } from './cli.ts';
import { runProgram } from './programs.ts';

export const SECRET = 'the-password-of-the-tests';

/** The repository's templates as the build compiles them: the tests render thousands of times. */
export const templates: Templates = {
  ...plain,
  precompiled: readArchive(new URL('../../dist/package.br', import.meta.url)),
};

/** A whole project, as the program writes it. */
export function projectTree(answers: Answers, from: Templates = templates): Promise<Tree> {
  return newProject(answers, SECRET, from);
}

/** A disk in memory, where there is one: thousands of projects are copied, changed and removed on it. */
export const FAST_DISK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Directories for projects, all removed at the end. */
export class Workshop {
  private readonly root: string;
  private readonly trees = new Map<string, Promise<Tree>>();
  private count = 0;

  /** @param disk where the directories are */
  constructor(disk = tmpdir()) {
    this.root = mkdtempSync(join(disk, 'regenerate-'));
  }

  /** A new project with those answers. */
  async project(more: Partial<Answers> = {}, from: Templates = templates): Promise<string> {
    const directory = join(this.root, String(++this.count), 'my-service');
    const answers = answersWith(more);
    const key = JSON.stringify([answers, from.directory, from.version]);
    const tree = this.trees.get(key) ?? projectTree(answers, from);
    this.trees.set(key, tree);
    await apply({ fs: nodeFileSystem, stateFolders: [stateOf(directory)], machine }, directory, await tree);
    return directory;
  }

  copyOf(directory: string): string {
    const copy = join(this.root, String(++this.count), 'my-service');
    cpSync(directory, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  }

  clear(directory: string): void {
    rmSync(dirname(directory), { recursive: true, force: true });
  }

  close(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Where the program remembers what it does in a project of a workshop. */
export function stateOf(directory: string): string {
  return join(dirname(dirname(directory)), 'state');
}

/** What a run of the program said and how it ended. */
export interface ChangeRun {
  code: ChangeExit;
  output: string;
}

/** Regenerates a project as the program does without a terminal. */
export async function regenerateIn(
  directory: string,
  changed: (answers: Answers) => Answers = (answers) => answers,
  options: Partial<WriteOptions> = {},
  from: Templates = templates,
): Promise<ChangeRun> {
  let output = '';
  const keep = (text: string) => text;
  const terminal: Terminal = {
    columns: 100,
    canRedraw: false,
    write: (text) => (output += text),
    writeError: (text) => (output += text),
    ...{ bold: keep, dim: keep, green: keep, red: keep },
  };
  const context = {
    ...{ cwd: directory, terminal, machine, prompts: undefined, templates: from },
    environment: { ...process.env, XDG_STATE_HOME: stateOf(directory) },
    signal: new AbortController().signal,
    runProgram,
  };
  const whole: WriteOptions = {
    ...{ directory: '.', dryRun: false, check: false, json: false, conflict: 'fail' },
    ...{ allowDirty: true, install: false, restore: [], ...options },
  };
  return { code: await change(context, whole, changed), output };
}

/** Everything that can be seen of a directory's files. */
export interface Seen {
  content: string;
  mode: number;
  /** Changes whenever the file is written or replaced. */
  stamp: string;
}

/** Every file of a directory; contents as Latin-1, so that none is lost. */
export function seen(directory: string): Map<string, Seen> {
  const files = new Map<string, Seen>();
  for (const path of filesBelow(directory)) {
    const file = join(directory, path);
    const { mode, mtimeMs, ino } = lstatSync(file);
    files.set(path, { content: readFileSync(file, 'latin1'), mode: mode & 0o777, stamp: `${mtimeMs} ${ino}` });
  }
  return files;
}

/** The contents of a directory's files, without the state that is not committed. */
export function contents(directory: string): Record<string, string> {
  return Object.fromEntries(
    [...seen(directory)]
      .filter(([path]) => !path.startsWith('.tsuru-service/backup/'))
      .map(([path, { content }]): [string, string] => [path, content])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
