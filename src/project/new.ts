import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';

import type { Answers } from '../answers/answers.ts';
import type { Rendered, Templates } from '../render/plop.ts';
import { renderWithSecrets } from '../render/render.ts';
import { toTree, type Tree } from '../render/tree.ts';
import { apply, applyOperations, begin, type Applied } from './apply.ts';
import type { Context } from './context.ts';
import { lockFiles } from './lock.ts';
import { diskOf, sayApplied } from './open.ts';
import type { Disk } from './proof.ts';
import { filling, type Filling } from './site.ts';

/** Renders a new project, with its secret files, its lock and its bases. */
export async function newProject(answers: Answers, password: string, templates: Templates): Promise<Tree> {
  return wholeProject(await renderWithSecrets(answers, password, templates), answers, templates.version);
}

/** Every file of a new project. @param version of this package */
export function wholeProject({ rendered, secrets }: Rendered, answers: Answers, version: string): Tree {
  return toTree([...rendered, ...secrets, ...lockFiles(answers, version, rendered)]);
}

/** Writes a new project, all or nothing, and says which files were replaced. */
export async function writeNew(
  context: Pick<Context, 'environment' | 'machine' | 'terminal'>,
  directory: string,
  tree: Tree,
): Promise<void> {
  const { applied, filled } = await writeProject(diskOf(context), directory, tree);
  sayApplied(context.terminal, applied);
  if (filled !== undefined) sayKept(context.terminal, filled, 'are');
}

/**
 * Writes a new project, all or nothing. Files that it replaces are kept in a backup.
 * @returns `filled` where the directory existed
 * @throws ExpectedError when it cannot be written
 */
export async function writeProject(
  disk: Disk,
  directory: string,
  tree: Tree,
): Promise<{ applied: Applied; filled?: Filling }> {
  if (!existsSync(directory)) return { applied: await apply(disk, directory, tree) };
  const run = await begin(disk, directory);
  try {
    const filled = filling(directory, tree);
    return { applied: await applyOperations(run, filled.operations), filled };
  } finally {
    run.end();
  }
}

/** Lists the files that are kept in a backup. */
export function sayKept(terminal: Context['terminal'], { kept, backup }: Filling, verb: 'are' | 'would be'): void {
  if (kept.length === 0) return;
  terminal.write(`The replaced files ${verb} kept in ${backup}:\n`);
  for (const path of kept) terminal.write(`  ${path}\n`);
}

/** Generates the password of a service: 24 random bytes, base64url. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
