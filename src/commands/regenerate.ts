import { realpathSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';

import { type Answers, RECORD } from '../answers/answers.ts';
import {
  planFacts,
  sayConflicts,
  sayDiff,
  sayDisagreements,
  sayPlan,
  type Outcome,
  type Resolution,
} from '../project/show.ts';
import type { Context } from '../project/context.ts';
import { disagreements, type Disagreement } from '../project/disagreements.ts';
import { endpointsProblem, newNameProblem } from '../answers/endpoints.ts';
import { applyOperations, type Operation, type Run } from '../project/apply.ts';
import { sha256 } from '../project/hash.ts';
import { saysTheSame, withEndsOf } from '../project/line-ends.ts';
import { basePath, lockFiles } from '../project/lock.ts';
import { ATTRIBUTES, IGNORED, STATE } from '../project/paths.ts';
import { besideOf, planChanges, type Change, type Conflict, type Plan } from '../project/plan.ts';
import type { Templates } from '../render/plop.ts';
import { render } from '../render/render.ts';
import type { Tree } from '../render/tree.ts';
import { cancelled, EXIT, ExpectedError, unreadable } from '../errors.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import { wordsOf } from '../render/package-manager.ts';
import {
  basesOf,
  beginRun,
  nextBackup,
  openProject,
  readBase,
  readDisk,
  sayApplied,
  undisturbed,
  type Project,
} from '../project/open.ts';
import { parseRegenerate, type WriteOptions } from '../terminal/project-options.ts';
import { editRecord } from '../answers/record.ts';
import { say } from '../terminal/terminal.ts';

/** What the program ends with: done, conflicts, or a difference that `--check` found. */
export type RegenerateExit = 0 | typeof EXIT.conflict | typeof EXIT.different;

/** `regenerate`: renders a project from its record again, and merges that with what its owner made of it. */
export async function regenerate(context: Context): Promise<RegenerateExit> {
  const { options, set } = parseRegenerate(context.argv);
  return change(context, options, (answers) => ({ ...answers, ...set }));
}

/**
 * Brings a project to what its answers, changed, make of it: plan, show, write all or nothing, install.
 * @param changed gives the answers that are wanted for those that the record has; it may ask for them
 * @throws ExpectedError for what stands in the way; then everything is as it was
 */
export async function change(
  context: Context,
  options: WriteOptions,
  changed: (answers: Answers) => Answers | Promise<Answers>,
): Promise<RegenerateExit> {
  const directory = resolve(context.cwd, options.directory);
  if (options.dryRun || options.check) {
    return undisturbed(directory, () => changeIn(directory, undefined, context, options, changed));
  }
  const run = await beginRun(context, directory);
  try {
    return await changeIn(directory, run, context, options, changed);
  } finally {
    run.end();
  }
}

/** @param run undefined when it only looks */
async function changeIn(
  directory: string,
  run: Run | undefined,
  context: Context,
  options: WriteOptions,
  changed: (answers: Answers) => Answers | Promise<Answers>,
): Promise<RegenerateExit> {
  const { templates, terminal } = context;
  const project = openProject(directory, templates.version);
  const answers = await changed(project.answers);
  const problem = endpointsProblem(answers.endpoints, answers.framework) ?? newEndpointsProblem(project, answers);
  if (problem !== undefined) throw usage(problem);

  const rendered = await render(answers, templates);
  const disk = readDisk(directory, pathsOf(project, rendered));
  const plan = planChanges({
    ...{ lock: project.lock, rendered, disk },
    base: (hash) => readBase(directory, hash),
    restore: restored(options.restore, rendered, directory, context.cwd),
  });
  await planRecord(context, project, answers, rendered, plan);
  planLockFile(project, answers, plan);
  const written = writtenMerges(project, rendered, plan, options);
  const state = stateOperations(project, answers, templates, rendered, written);
  const isSame = plan.changes.length + plan.conflicts.length + state.length === 0;
  const disagreeing = disagreements(project.lock.answers, answers, (path) => {
    return readDisk(directory, [path]).get(path)?.content.toString();
  });
  const report = (outcome?: Outcome) => {
    show(context, options, { plan, disagreeing, isSame, outcome });
  };

  if (run === undefined) {
    report();
    if (options.check) return isSame && !isUnsettled(plan) ? 0 : EXIT.different;
    return plan.conflicts.length > 0 || isUnsettled(plan) ? EXIT.conflict : 0;
  }
  const conflicts = plan.conflicts;
  if (conflicts.length > 0 && options.conflict === 'fail' && context.prompts === undefined) {
    report();
    if (!options.json) {
      sayConflicts(terminal, conflicts);
      say(
        terminal,
        `\nNothing was written. Give --conflict inline or --conflict theirs-file, or run it on a terminal.`,
      );
    }
    return EXIT.conflict;
  }
  if (isSame) {
    report();
    return isUnsettled(plan) ? EXIT.conflict : 0;
  }
  if (!options.allowDirty) await refuseUncommitted(context, project, plan);
  const resolutions = await resolveAll(context, options, conflicts);
  if (context.signal.aborted) throw cancelled();
  const resolved = conflicts.flatMap((conflict) => settle(directory, conflict, resolutions.get(conflict.path)));
  const backup = `${STATE}/backup/${nextBackup(directory)}`;
  const kept = backups(backup, [...plan.changes.filter(isEdited).map(operationOf), ...resolved]);
  const applied = await applyOperations(run, [...kept, ...plan.changes.map(operationOf), ...resolved, ...state]);
  report({ resolutions, backup });
  sayApplied(terminal, applied);
  await installIfNeeded(context, options, project, answers, plan.changes);
  const isLeft = plan.beside.length > 0 || plan.left.some(({ path }) => resolutions.get(path) !== 'take');
  // On a terminal they were settled; by the flag they are left, in the file or beside it.
  return isLeft || (conflicts.length > 0 && options.conflict !== 'fail') ? EXIT.conflict : 0;
}

/** What is wrong with the names of endpoints that the project does not have yet. */
function newEndpointsProblem({ lock }: Project, { endpoints }: Answers): string | undefined {
  const known = new Set(lock.answers.endpoints.map(({ name }) => name));
  const problems = endpoints.map(({ name }) => (known.has(name) ? undefined : newNameProblem(name)));
  return problems.find((problem) => problem !== undefined);
}

/** The files that are compared, and what a conflict left beside them; never the record, and never what only their owner reads. */
function pathsOf({ lock }: Project, rendered: Tree): Set<string> {
  const paths = new Set([...Object.keys(lock.files), ...rendered.keys()]);
  paths.delete(RECORD);
  return new Set([...paths].flatMap((path) => [path, besideOf(path)]));
}

/** Whether an earlier conflict is not settled yet, in a file or beside one. */
function isUnsettled({ left, beside }: Plan): boolean {
  return left.length + beside.length > 0;
}

/**
 * The files to bring back, by their paths in the project.
 * @param paths as they were given: from where the user is, or from the project's root, or absolute
 */
function restored(paths: readonly string[], rendered: Tree, directory: string, cwd: string): Set<string> {
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
        `--restore cannot bring back ${given}.`,
        didYouMean(candidates[1] ?? given, [...rendered.keys()].filter(made)) ?? 'create-tsuru-service makes no such file.',
      );
    }),
  );
}

/** The record as a change of the plan: one that nobody edited is made anew, in another one only what changed is. */
async function planRecord(
  { templates }: Context,
  project: Project,
  answers: Answers,
  rendered: Tree,
  plan: Plan,
): Promise<void> {
  if (JSON.stringify(project.answers) === JSON.stringify(answers)) return;
  const disk = readDisk(project.directory, [RECORD]).get(RECORD);
  if (disk?.content.equals(Buffer.from(project.recordText)) === false) {
    throw unreadable(`${RECORD} is not in UTF-8.`, 'Save it in that encoding.');
  }
  const made = (await render(project.answers, templates)).get(RECORD)?.content;
  const isPristine = made !== undefined && saysTheSame(made, Buffer.from(project.recordText));
  plan.changes.push({
    ...{ path: RECORD, fileClass: 'merged', kind: isPristine ? 'update' : 'merge' },
    before: disk,
    after: isPristine ? withEndsOf(disk?.content, rendered.get(RECORD)?.content ?? made) : Buffer.from(editRecord(project.recordText, answers)),
  });
}

/** The lock file of the package manager that the project had before: it goes, and a copy is kept. */
function planLockFile({ directory, lock }: Project, { packageManager }: Answers, plan: Plan): void {
  const old = lock.answers.packageManager;
  if (old === packageManager) return;
  const path = wordsOf(old).lockfile;
  const before = readDisk(directory, [path]).get(path);
  plan.kept = plan.kept.filter((kept) => kept.path !== path);
  if (before !== undefined) {
    plan.changes.push({ path, kind: 'delete', fileClass: 'generated', before, after: undefined, of: old });
  }
}

/** The hashes of merged files in which nothing is the owner's that was not committed before; none when that was not asked. */
function writtenMerges({ lock }: Project, rendered: Tree, plan: Plan, { allowDirty }: WriteOptions): Map<string, string> {
  const written = new Map<string, string>();
  for (const path of rendered.keys()) {
    const last = Object.hasOwn(lock.files, path) ? lock.files[path]?.written : undefined;
    if (last !== undefined) written.set(path, last);
  }
  for (const { path, kind, after } of plan.changes) {
    if (kind === 'merge' && after !== undefined && !allowDirty) written.set(path, sha256(after));
    else written.delete(path);
  }
  return written;
}

/** What the project has to remember: the new lock and bases, and no base that nothing refers to. */
function stateOperations(
  project: Project,
  answers: Answers,
  { version }: Templates,
  rendered: Tree,
  written: ReadonlyMap<string, string>,
): Operation[] {
  const wanted = lockFiles(answers, version, rendered, written);
  const bases = basesOf(project.directory).map(basePath);
  const there = readDisk(project.directory, [...wanted.keys(), ...bases]);
  // From then on, version control leaves the line ends as they are.
  const isSame = there.has(ATTRIBUTES) ? saysTheSame : (one: Buffer, other: Buffer) => one.equals(other);
  const fresh = [...wanted].flatMap(([path, { content }]): Operation[] => {
    const before = there.get(path)?.content;
    const isKept = before !== undefined && ([ATTRIBUTES, IGNORED].includes(path) || isSame(before, content));
    return isKept ? [] : [{ path, before, after: content, mode: 0o644 }];
  });
  const stale = bases.filter((path) => !wanted.has(path));
  return [
    ...fresh,
    ...stale.map((path) => ({ path, before: there.get(path)?.content, after: undefined, mode: 0o644 })),
  ];
}

/** Whether something is replaced that the bases do not have. */
function isEdited({ kind, before, of }: Change): boolean {
  return before !== undefined && ((kind !== 'update' && kind !== 'delete') || of !== undefined);
}

/** Files that change and that their owner edited must be safe in git first; a merge of the last run is its own. */
async function refuseUncommitted(context: Context, project: Project, plan: Plan): Promise<void> {
  const edited = new Map([
    ...plan.changes
      .filter((change) => isEdited(change) && change.path !== RECORD && change.of === undefined)
      .map(({ path, before }) => [path, before] as const),
    ...plan.conflicts.map(({ path, mine }) => [path, mine] as const),
  ]);
  if (edited.size === 0) return;
  const { uncommitted } = await import('../steps/uncommitted.ts');
  const { files } = project.lock;
  const unsafe = (await uncommitted(project.directory, [...edited.keys()], context)).filter((path) => {
    const content = edited.get(path)?.content;
    return content === undefined || !Object.hasOwn(files, path) || files[path]?.written !== sha256(content);
  });
  if (unsafe.length === 0) return;
  throw new ExpectedError(
    EXIT.inTheWay,
    `These files would change, and have changes that are not committed:\n${unsafe.map((path) => `  ${path}`).join('\n')}`,
    'Commit them, or give --allow-dirty.',
  );
}

/** How every conflict ends, by its path. @throws ExpectedError when it is given up */
async function resolveAll(
  context: Context,
  { conflict: way }: WriteOptions,
  conflicts: readonly Conflict[],
): Promise<Map<string, Resolution>> {
  const resolutions = new Map<string, Resolution>();
  for (const conflict of conflicts) resolutions.set(conflict.path, await resolutionOf(context, way, conflict));
  return resolutions;
}

/** How one conflict ends: as the flag says, or as is answered on a terminal. */
async function resolutionOf(
  { prompts, terminal }: Context,
  way: WriteOptions['conflict'],
  conflict: Conflict,
): Promise<Resolution> {
  if (way === 'fail' && prompts !== undefined) {
    const { askResolution } = await import('../project/conflicts.ts');
    return askResolution(prompts, terminal, conflict);
  }
  return way === 'inline' && conflict.marked !== undefined ? 'markers' : 'beside';
}

function settle(
  directory: string,
  { path, mine, theirs, marked }: Conflict,
  resolution: Resolution = 'keep',
): Operation[] {
  const { content: before, mode } = mine;
  switch (resolution) {
    case 'keep':
      return [];
    case 'take':
      return [{ path, before, after: theirs, mode }];
    case 'markers':
      return [{ path, before, after: Buffer.from(marked ?? ''), mode }];
    case 'beside': {
      const beside = besideOf(path);
      const there = readDisk(directory, [beside]).get(beside);
      return [{ path: beside, before: there?.content, after: theirs, mode: there?.mode ?? mode }];
    }
  }
}

function operationOf({ path, before, after }: Change): Operation {
  return { path, before: before?.content, after, mode: before?.mode ?? 0o644 };
}

/** A copy of everything of the owner's that is replaced. */
function backups(folder: string, operations: readonly Operation[]): Operation[] {
  return operations.flatMap(({ path, before, mode }) =>
    before === undefined ? [] : [{ path: `${folder}/${path}`, before: undefined, after: before, mode }],
  );
}

function show(
  { terminal }: Context,
  { json, dryRun, check }: WriteOptions,
  {
    plan,
    disagreeing,
    isSame,
    outcome,
  }: { plan: Plan; disagreeing: Disagreement[]; isSame: boolean; outcome: Outcome | undefined },
): void {
  if (json) {
    terminal.write(`${JSON.stringify(planFacts(plan, disagreeing, outcome), undefined, 2)}\n`);
    return;
  }
  if (isSame && !isUnsettled(plan)) {
    say(terminal, 'Nothing to do: the project is as its record wants it.');
    return;
  }
  if (dryRun) sayDiff(terminal, plan);
  sayPlan(terminal, plan, outcome);
  sayDisagreements(terminal, disagreeing);
  if (isSame) {
    say(terminal, 'Nothing to write; conflicts of an earlier run are not settled yet.');
    return;
  }
  if (plan.changes.length + plan.conflicts.length === 0) {
    say(terminal, `No file of yours changes; ${STATE} ${outcome ? 'is' : 'would be'} brought up to date.`);
    return;
  }
  const settled = [...(outcome?.resolutions.values() ?? [])].filter((resolution) => resolution !== 'keep');
  const count = plan.changes.length + settled.length;
  const files = `${count} ${count === 1 ? 'file' : 'files'}`;
  if (outcome) say(terminal, `${terminal.green('✓')} ${files} changed.`);
  else say(terminal, `${files} would change${check ? '' : '; nothing was written'}.`);
}

/** Installs when package.json asks for something else than before, or another package manager is to do it. */
async function installIfNeeded(
  { environment, signal, terminal, runProgram }: Context,
  { install, json }: WriteOptions,
  { directory, lock }: Project,
  { packageManager }: Answers,
  changes: readonly Change[],
): Promise<void> {
  const manifest = changes.find(({ path }) => path === 'package.json');
  const [before, after] = [manifest?.before?.content, manifest?.after].map(dependenciesIn);
  const old = lock.answers.packageManager;
  const isOther = old !== packageManager;
  if (!isOther && (manifest === undefined || before === after)) return;
  const words = wordsOf(packageManager);
  if (json) return;
  if (!install) {
    const how = isOther ? `remove node_modules, which is ${old}'s, and run: ` : '';
    say(terminal, `${isOther ? `From now on with ${packageManager}` : 'The dependencies changed'}: ${how}${words.install}`);
  } else {
    const step = await import('../steps/install.ts');
    const run = () => step.install({ directory, packageManager, environment, signal, terminal, runProgram });
    const { withFreshModules } = await import('../steps/modules.ts');
    await (isOther ? withFreshModules(directory, `${STATE}/backup/${nextBackup(directory)}`, run) : run());
  }
  if (isOther) say(terminal, `Commit ${words.lockfile}, and use ${packageManager} wherever else this project is installed.`);
}

/** What is to be installed, for comparing; a package.json that cannot be read compares as a whole. */
function dependenciesIn(content: Buffer | undefined): string {
  const text = content?.toString().replace(/^\uFEFF/, '') ?? '';
  try {
    const { dependencies, devDependencies } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify([dependencies, devDependencies]);
  } catch {
    return text;
  }
}
