import { resolve } from 'node:path';

import type { Answers } from './answers.ts';
import { planFacts, sayConflicts, sayDiff, sayPlan } from './changes.ts';
import type { Context } from './context.ts';
import { endpointsProblem, newNameProblem } from './endpoints.ts';
import { applyOperations, type Operation, type Run } from './engine/apply.ts';
import { saysTheSame } from './engine/line-ends.ts';
import { basePath, lockFiles } from './engine/lock.ts';
import { ATTRIBUTES, IGNORED, RECORD, STATE } from './engine/paths.ts';
import { planChanges, type Change, type Conflict, type Plan } from './engine/plan.ts';
import { render, type Generator } from './engine/render.ts';
import type { Tree } from './engine/tree.ts';
import { cancelled, EXIT, ExpectedError } from './errors.ts';
import { usage } from './flags.ts';
import { wordsOf } from './package-manager.ts';
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
} from './project.ts';
import { parseRegenerate, type WriteOptions } from './project-options.ts';
import { editRecord } from './record.ts';
import { say } from './terminal.ts';

/** How a conflict ends: as its owner has it, as it is new, with markers, or kept with the new one beside it. */
export type Resolution = 'keep' | 'take' | 'markers' | 'beside';

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
  const { generator, terminal } = context;
  const project = openProject(directory, generator.version);
  const answers = await changed(project.answers);
  const problem = endpointsProblem(answers.endpoints, answers.framework) ?? newEndpointsProblem(project, answers);
  if (problem !== undefined) throw usage(problem);

  const rendered = await render(answers, generator);
  const disk = readDisk(directory, pathsOf(project, rendered));
  const plan = planChanges({
    ...{ lock: project.lock, rendered, disk },
    base: (hash) => readBase(directory, hash),
    restore: restored(options.restore, rendered),
  });
  await planRecord(context, project, answers, rendered, plan);
  const state = stateOperations(project, answers, generator, rendered);
  const isSame = plan.changes.length + plan.conflicts.length + state.length === 0;

  if (run === undefined) {
    show(context, options, plan, isSame, false);
    if (options.check) return isSame ? 0 : EXIT.different;
    return plan.conflicts.length > 0 ? EXIT.conflict : 0;
  }
  const conflicts = plan.conflicts;
  if (conflicts.length > 0 && options.conflict === 'fail' && context.prompts === undefined) {
    show(context, options, plan, isSame, false);
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
    show(context, options, plan, isSame, false);
    return 0;
  }
  if (!options.allowDirty) await refuseUncommitted(context, project, plan);
  const resolved = await resolveAll(context, options, directory, conflicts);
  if (context.signal.aborted) throw cancelled();
  const kept = backups(directory, [...plan.changes.filter(isEdited).map(operationOf), ...resolved]);
  const applied = await applyOperations(run, [...kept, ...plan.changes.map(operationOf), ...resolved, ...state]);
  show(context, options, plan, isSame, true);
  sayApplied(terminal, applied);
  if (!options.json) sayWhatIsTheirs(context, project.answers, answers);
  await installIfNeeded(context, options, directory, answers, plan.changes);
  // On a terminal they were settled; by the flag they are left, in the file or beside it.
  return conflicts.length > 0 && options.conflict !== 'fail' ? EXIT.conflict : 0;
}

/** What is wrong with the names of endpoints that the project does not have yet. */
function newEndpointsProblem({ lock }: Project, { endpoints }: Answers): string | undefined {
  const known = new Set(lock.answers.endpoints.map(({ name }) => name));
  const problems = endpoints.map(({ name }) => (known.has(name) ? undefined : newNameProblem(name)));
  return problems.find((problem) => problem !== undefined);
}

/** The files that are compared; never the record, and never what only their owner reads. */
function pathsOf({ lock }: Project, rendered: Tree): Set<string> {
  const paths = new Set([...Object.keys(lock.files), ...rendered.keys()]);
  paths.delete(RECORD);
  return paths;
}

function restored(paths: readonly string[], rendered: Tree): Set<string> {
  const unknown = paths.find((path) => !rendered.has(path) || path === RECORD);
  if (unknown !== undefined) {
    throw usage(`--restore cannot bring back ${unknown}.`, 'It is no file that the generator makes.');
  }
  return new Set(paths);
}

/** The record as a change of the plan: one that nobody edited is made anew, in another one only what changed is. */
async function planRecord(
  { generator }: Context,
  project: Project,
  answers: Answers,
  rendered: Tree,
  plan: Plan,
): Promise<void> {
  if (JSON.stringify(project.answers) === JSON.stringify(answers)) return;
  const disk = readDisk(project.directory, [RECORD]).get(RECORD);
  const made = (await render(project.answers, generator)).get(RECORD)?.content.toString();
  const isPristine = made === project.recordText;
  plan.changes.push({
    ...{ path: RECORD, fileClass: 'merged', kind: isPristine ? 'update' : 'merge' },
    before: disk,
    after: isPristine ? rendered.get(RECORD)?.content : Buffer.from(editRecord(project.recordText, answers)),
  });
}

/** What the project has to remember: the new lock and bases, and no base that nothing refers to. */
function stateOperations(project: Project, answers: Answers, { version }: Generator, rendered: Tree): Operation[] {
  const wanted = lockFiles(answers, version, rendered);
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

/** Whether something of its owner's is replaced; what was not edited is in the bases. */
function isEdited({ kind, before }: Change): boolean {
  return before !== undefined && kind !== 'update' && kind !== 'delete';
}

/** Files that change and that their owner edited must be safe in git first. */
async function refuseUncommitted({ environment }: Context, project: Project, plan: Plan): Promise<void> {
  const edited = [...plan.changes.filter(isEdited).filter(({ path }) => path !== RECORD), ...plan.conflicts].map(
    ({ path }) => path,
  );
  if (edited.length === 0) return;
  const { uncommitted } = await import('./steps/uncommitted.ts');
  const unsafe = await uncommitted(project.directory, edited, environment);
  if (unsafe.length === 0) return;
  throw new ExpectedError(
    EXIT.inTheWay,
    `These files would change, and have changes that are not committed:\n${unsafe.map((path) => `  ${path}`).join('\n')}`,
    'Commit them, or give --allow-dirty.',
  );
}

/** Settles every conflict. @throws ExpectedError when it is given up */
async function resolveAll(
  context: Context,
  { conflict: way }: WriteOptions,
  directory: string,
  conflicts: readonly Conflict[],
): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (const conflict of conflicts) {
    operations.push(...settle(directory, conflict, await resolutionOf(context, way, conflict)));
  }
  return operations;
}

/** How one conflict ends: as the flag says, or as is answered on a terminal. */
async function resolutionOf(
  { prompts, terminal }: Context,
  way: WriteOptions['conflict'],
  conflict: Conflict,
): Promise<Resolution> {
  if (way === 'fail' && prompts !== undefined) {
    const { askResolution } = await import('./conflict-prompt.ts');
    return askResolution(prompts, terminal, conflict);
  }
  return way === 'inline' && conflict.marked !== undefined ? 'markers' : 'beside';
}

function settle(directory: string, { path, mine, theirs, marked }: Conflict, resolution: Resolution): Operation[] {
  const { content: before, mode } = mine;
  switch (resolution) {
    case 'keep':
      return [];
    case 'take':
      return [{ path, before, after: theirs, mode }];
    case 'markers':
      return [{ path, before, after: Buffer.from(marked ?? ''), mode }];
    case 'beside': {
      const beside = `${path}.theirs`;
      const there = readDisk(directory, [beside]).get(beside);
      return [{ path: beside, before: there?.content, after: theirs, mode: there?.mode ?? mode }];
    }
  }
}

function operationOf({ path, before, after }: Change): Operation {
  return { path, before: before?.content, after, mode: before?.mode ?? 0o644 };
}

/** A copy of everything of the owner's that is replaced. */
function backups(directory: string, operations: readonly Operation[]): Operation[] {
  const folder = `${STATE}/backup/${nextBackup(directory)}`;
  return operations.flatMap(({ path, before, mode }) =>
    before === undefined ? [] : [{ path: `${folder}/${path}`, before: undefined, after: before, mode }],
  );
}

function show(
  { terminal }: Context,
  { json, dryRun, check }: WriteOptions,
  plan: Plan,
  isSame: boolean,
  written: boolean,
): void {
  if (json) {
    terminal.write(`${JSON.stringify(planFacts(plan, written), undefined, 2)}\n`);
    return;
  }
  if (isSame) {
    say(terminal, 'Nothing to do: the project is as its record wants it.');
    return;
  }
  if (dryRun) sayDiff(terminal, plan);
  sayPlan(terminal, plan);
  if (plan.changes.length + plan.conflicts.length === 0) {
    say(terminal, `No file of yours changes; ${STATE} ${written ? 'is' : 'would be'} brought up to date.`);
    return;
  }
  const files = `${plan.changes.length} ${plan.changes.length === 1 ? 'file' : 'files'}`;
  if (written) say(terminal, `${terminal.green('✓')} ${files} changed.`);
  else say(terminal, `${files} would change${check ? '' : '; nothing was written'}.`);
}

/** Files that are written once, and the answers that they were made from. */
const WRITTEN_ONCE: [path: string, answers: (keyof Answers)[]][] = [
  ['manifest.yaml', ['name', 'team', 'endpoint', 'multiCluster']],
  ['.env', ['name', 'endpoint']],
  ['src/plans.ts', ['plans']],
];

/** Answers that changed, and that files of the owner's have as well. */
function sayWhatIsTheirs({ terminal }: Context, before: Answers, after: Answers): void {
  for (const [path, keys] of WRITTEN_ONCE) {
    const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
    if (changed.length > 0) say(terminal, `${path} is yours and stays as it is: look at its ${changed.join(' and ')}.`);
  }
}

/** Installs when package.json asks for something else than before. */
async function installIfNeeded(
  { environment, signal, terminal }: Context,
  { install, json }: WriteOptions,
  directory: string,
  { packageManager }: Answers,
  changes: readonly Change[],
): Promise<void> {
  const manifest = changes.find(({ path }) => path === 'package.json');
  const [before, after] = [manifest?.before?.content, manifest?.after].map(dependenciesIn);
  if (manifest === undefined || before === after) return;
  if (!install || json) {
    if (!json) say(terminal, `The dependencies changed: ${wordsOf(packageManager).install}`);
    return;
  }
  const step = await import('./steps/install.ts');
  await step.install({ directory, packageManager, environment, signal, terminal });
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
