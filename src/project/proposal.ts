import { realpathSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';

import { RECORD, type Answers } from '../answers/answers.ts';
import { endpointsProblem, newNameProblem } from '../answers/endpoints.ts';
import { editRecord } from '../answers/record.ts';
import { unreadable } from '../errors.ts';
import { wordsOf } from '../render/package-manager.ts';
import { render } from '../render/render.ts';
import type { Tree } from '../render/tree.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import type { WriteOptions } from '../terminal/project-options.ts';
import type { Operation } from './apply.ts';
import { openBases } from './base.ts';
import type { ProjectContext } from './context.ts';
import { disagreements, type Disagreement } from './disagreements.ts';
import { saysTheSame, withEndsOf } from './line-ends.ts';
import { movesBetween } from './moves.ts';
import { openProject, readDisk, rootOf, type Project } from './open.ts';
import { importedInTests } from './own-tests.ts';
import { besideOf, planChanges, type Change, type Plan } from './plan.ts';
import { stateOperations, writtenMerges } from './state.ts';

/** The changes that answers need in a project, before anything is written. */
export interface Proposal {
  project: Project;
  answers: Answers;
  plan: Plan;
  /** The operations that update `.tsuru-service`. */
  state: Operation[];
  /** Files that are written once and disagree with the answers. */
  disagreeing: Disagreement[];
  /** Whether there is nothing to write. */
  isSame: boolean;
}

/**
 * Compares a project with a render of its changed answers.
 * @throws ExpectedError when the project is unreadable or the answers are not valid
 */
export async function propose(
  context: ProjectContext,
  directory: string,
  options: WriteOptions,
  changed: (answers: Answers) => Answers | Promise<Answers>,
): Promise<Proposal> {
  const { cwd, templates } = context;
  const project = await openProject(context, directory);
  const answers = await changed(project.answers);
  const problem = endpointsProblem(answers.endpoints, answers.framework) ?? newEndpointsProblem(project, answers);
  if (problem !== undefined) throw usage(problem);

  const rendered = await render(answers, templates);
  const moves = movesBetween(project.lock, rendered);
  const compared = planChanges({
    ...{ lock: project.lock, rendered, disk: readDisk(directory, comparedPaths(project, rendered)) },
    base: openBases(rootOf(directory)),
    restore: pathsToRestore(options.restore, rendered, directory, cwd),
    ...{ moves, imported: moves.size === 0 ? new Set() : importedInTests(rootOf(directory), moves) },
  });
  const isAsRecorded = JSON.stringify(project.answers) === JSON.stringify(answers);
  const made = isAsRecorded ? undefined : await render(project.answers, templates);
  const more = [made && recordChange(project, answers, made, rendered), lockFileChange(project, answers)];
  const plan = { ...compared, changes: [...compared.changes, ...more.filter((one) => one !== undefined)] };
  // The lock file of the old package manager is deleted, so it is not listed as kept.
  plan.kept = plan.kept.filter(({ path }) => path !== more[1]?.path);

  const written = writtenMerges(project, rendered, plan, !options.allowDirty);
  const state = stateOperations(project, answers, templates, rendered, written);
  return {
    ...{ project, answers, plan, state },
    disagreeing: disagreements(project.lock.answers, answers, (path) => {
      return readDisk(directory, [path]).get(path)?.content.toString();
    }),
    isSame: plan.changes.length + plan.conflicts.length + state.length === 0,
  };
}

/** The first problem with the names of new endpoints. */
function newEndpointsProblem({ lock }: Project, { endpoints }: Answers): string | undefined {
  const known = new Set(lock.answers.endpoints.map(({ name }) => name));
  const problems = endpoints.map(({ name }) => (known.has(name) ? undefined : newNameProblem(name)));
  return problems.find((problem) => problem !== undefined);
}

/** The files to compare, and those that conflicts may have left beside them, without the record. */
function comparedPaths({ lock }: Project, rendered: Tree): Set<string> {
  const paths = new Set([...Object.keys(lock.files), ...rendered.keys()]);
  paths.delete(RECORD);
  return new Set([...paths].flatMap((path) => [path, besideOf(path)]));
}

/**
 * The files to restore, by their paths in the project.
 * @param paths relative to the working directory or to the project's root, or absolute
 */
function pathsToRestore(paths: readonly string[], rendered: Tree, directory: string, cwd: string): Set<string> {
  const made = (path: string) => rendered.has(path) && path !== RECORD;
  return new Set(
    paths.map((given) => {
      const places = [resolve(cwd, given), resolve(directory, given)];
      const candidates = [directory, realpathSync(directory)].flatMap((root) =>
        places.map((place) => relative(root, place).replaceAll(sep, '/')),
      );
      const found = candidates.find(made);
      if (found !== undefined) return found;
      throw usage(
        `--restore: ${given} is not a generated file.`,
        didYouMean(candidates[1] ?? given, [...rendered.keys()].filter(made)) ?? 'Give the path of a file that create-tsuru-service generates.',
      );
    }),
  );
}

/**
 * The new record: rewritten if it was not edited; otherwise only the changed answers are replaced in it.
 * @param made the render of the recorded answers
 */
function recordChange({ directory, recordText }: Project, answers: Answers, made: Tree, rendered: Tree): Change {
  const before = readDisk(directory, [RECORD]).get(RECORD);
  const text = Buffer.from(recordText);
  if (before?.content.equals(text) === false) {
    throw unreadable(`${RECORD} is not valid UTF-8.`, 'Save it as UTF-8.');
  }
  const [old, fresh] = [made, rendered].map((tree) => tree.get(RECORD)?.content);
  const isPristine = old !== undefined && fresh !== undefined && saysTheSame(old, text);
  return {
    ...{ path: RECORD, fileClass: 'merged', kind: isPristine ? 'update' : 'merge', before },
    after: isPristine ? withEndsOf(before?.content, fresh) : Buffer.from(editRecord(recordText, answers)),
  };
}

/** Deletes the lock file of the previous package manager. */
function lockFileChange({ directory, lock }: Project, { packageManager }: Answers): Change | undefined {
  const old = lock.answers.packageManager;
  if (old === packageManager) return undefined;
  const path = wordsOf(old).lockfile;
  const before = readDisk(directory, [path]).get(path);
  return before && { path, kind: 'delete', fileClass: 'generated', before, after: undefined, of: old };
}
