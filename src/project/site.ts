import { existsSync, lstatSync, statSync, type Stats } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

import { commandMeant } from '../terminal/commands.ts';
import { quote } from '../text.ts';
import type { Operation } from './apply.ts';
import { mergeLineSets } from './merge/sets.ts';
import { obstacles, type Kind, type Obstacles } from './plan.ts';
import { whyUnreachable, type Root } from './root.ts';
import type { Tree } from '../render/tree.ts';
import { EXIT, ExpectedError } from '../errors.ts';
import { nextBackup } from './carry-out.ts';
import { isProject, projectAround, rootOf } from './open.ts';

/** The state of the directory for a new project. `free` may have files of a new repository, which are kept. */
export type Site =
  | { kind: 'free'; usual: string[] }
  | { kind: 'file' }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'linked' }
  | ({ kind: 'occupied' } & Obstacles);

/** A hint for a run in an existing project. */
export const COMMANDS_OF_A_PROJECT =
  'To change that project, run in it: npx create-tsuru-service regenerate, or npx create-tsuru-service endpoint add. Each has --help.';

/**
 * Why a directory is probably a mistake for a new project: its name is a mistyped command, or it is inside another project.
 * A path that starts with `./` is always accepted.
 * @returns the problem and the advice, as sentences; undefined when there is no problem
 */
export function directoryProblem(cwd: string, given: string): { problem: string; advice: string } | undefined {
  const directory = resolve(cwd, given);
  if (/^\.[/\\]/.test(given) || isProject(directory)) return undefined;
  const meant = /[/\\]/.test(given) ? undefined : commandMeant(given);
  const anyway = `use ${quote(`./${relative(cwd, directory)}`)}`;
  if (meant !== undefined) {
    return {
      problem: `"${given}" looks like a command, not a directory.`,
      advice: `Did you mean create-tsuru-service ${meant}? To create a service in a directory of that name, ${anyway}.`,
    };
  }
  const around = projectAround(dirname(directory));
  if (around === undefined) return undefined;
  return {
    problem: `${directory} would be inside the service in ${around}.`,
    advice: `${COMMANDS_OF_A_PROJECT} To create a service inside it anyway, ${anyway}.`,
  };
}

/** A directory as an argument for a shell, with `./` where it could be mistaken for a command or an option. */
export function directoryWord(directory: string): string {
  const isPlain = !directory.startsWith('-') && (/[/\\]/.test(directory) || commandMeant(directory) === undefined);
  return quote(isPlain ? directory : `./${directory}`);
}

/** Looks at the directory for a new project. */
export function siteOf(directory: string, tree: Tree): Site {
  let found: Stats | undefined;
  try {
    found = lstatSync(directory, { throwIfNoEntry: false });
  } catch (error) {
    const reason = whyUnreachable(error);
    if (reason === undefined) throw error;
    return { kind: 'unreachable', reason };
  }
  if (found === undefined) return { kind: 'free', usual: [] };
  if (found.isSymbolicLink() && !existsSync(directory)) return { kind: 'linked' };
  if (!statSync(directory).isDirectory()) return { kind: 'file' };
  const root = rootOf(directory);
  const there = obstacles(tree, root.list(''), (path) => kindOf(root, path));
  const isFree = there.collisions.length + there.blocked.length + there.others.length === 0;
  return isFree ? { kind: 'free', usual: there.usual } : { kind: 'occupied', ...there };
}

function kindOf(root: Root, path: string): Kind {
  try {
    const found = root.look(path);
    if (found === undefined) return 'nothing';
    return found.isFile() ? 'file' : 'directory';
  } catch (error) {
    if (error instanceof ExpectedError) return 'other';
    throw error;
  }
}

/** The state of a directory, in sentences. */
export function siteText(directory: string, site: Site): string {
  switch (site.kind) {
    case 'file':
      return `${directory} is a file.`;
    case 'unreachable':
      return `${directory} cannot be a directory: ${site.reason}.`;
    case 'linked':
      return `${directory} is a broken symbolic link.`;
    case 'free':
      return site.usual.length === 0 ? '' : keptText(directory, site.usual);
    case 'occupied':
      return [
        `The directory ${directory} is not empty.`,
        ...(site.blocked.length > 0
          ? ['These cannot be overwritten, because they are symbolic links or not regular files:', ...list(site.blocked)]
          : []),
        ...(site.collisions.length > 0
          ? ['The project has files with the same names:', ...list([...site.usual, ...site.collisions])]
          : []),
        ...othersText(site),
        ...(site.collisions.length === 0 && site.usual.length > 0 ? [keptText(directory, site.usual)] : []),
      ].join('\n');
  }
}

function othersText({ collisions, blocked, others }: Obstacles): string[] {
  const names = others.filter((name) => !blocked.includes(name));
  if (names.length === 0) return [];
  const isFirst = collisions.length + blocked.length === 0;
  return [isFirst ? 'It has these files, which the project does not have:' : 'It also has:', ...list(names)];
}

function keptText(directory: string, usual: readonly string[]): string {
  const sentences = [
    ...(usual.includes('README.md') ? ['The existing README.md is kept in .tsuru-service/backup.'] : []),
    ...(usual.includes('.gitignore') ? ['Missing lines are added to the existing .gitignore.'] : []),
  ];
  return `${directory}: ${sentences.join(' ')}`;
}

/** Whether the user asked to overwrite existing files, and they can be overwritten. */
export function canOverwrite(site: Site, overwrite: boolean): boolean {
  return overwrite && site.kind === 'occupied' && site.blocked.length === 0;
}

/** @throws ExpectedError with the state of the directory, and advice */
export function refuseSite(directory: string, site: Site): never {
  throw new ExpectedError(
    EXIT.inTheWay,
    siteText(directory, site),
    adviceFor(site),
  );
}

function adviceFor(site: Site): string {
  if (site.kind === 'unreachable') return 'Choose another directory.';
  return site.kind === 'occupied' && site.blocked.length === 0
    ? 'Choose another directory, or use --overwrite: replaced files are kept in .tsuru-service/backup.'
    : 'Choose another directory, or move it out of the way.';
}

/** How a project is written into an existing directory. */
export interface Filling {
  operations: Operation[];
  /** The files that are replaced. */
  kept: string[];
  /** The directory in the project that they are kept in. */
  backup: string;
}

/**
 * The operations that write a project into an existing directory: missing lines are added to a .gitignore; any other file
 * that is replaced is kept in a backup.
 */
export function filling(directory: string, tree: Tree): Filling {
  const root = rootOf(directory);
  const backup = nextBackup(root);
  const operations: Operation[] = [];
  const kept: string[] = [];
  for (const [path, { content, mode }] of tree) {
    const there = kindOf(root, path) === 'file' ? root.read(path) : undefined;
    const before = there?.content;
    if (before?.equals(content)) continue;
    const merged = before && path === '.gitignore' ? withLinesOf(before, content) : undefined;
    if (there !== undefined && merged === undefined) {
      kept.push(path);
      operations.push({ path: `${backup}/${path}`, before: undefined, after: there.content, mode: there.mode });
    }
    operations.push({ path, before, after: merged ?? content, mode });
  }
  return { operations, kept, backup };
}

/** A file with its missing lines added; undefined when it is not UTF-8 text. */
function withLinesOf(mine: Buffer, made: Buffer): Buffer | undefined {
  const text = mine.toString('utf8');
  return Buffer.from(text).equals(mine) ? Buffer.from(mergeLineSets('', text, made.toString('utf8'))) : undefined;
}

function list(paths: readonly string[]): string[] {
  return paths
    .slice(0, 20)
    .map((path) => `  ${path}`)
    .concat(paths.length > 20 ? [`  and ${paths.length - 20} more`] : []);
}
