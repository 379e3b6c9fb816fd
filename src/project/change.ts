import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Answers } from '../answers/answers.ts';
import { cancelled, EXIT, ExpectedError, messageOf } from '../errors.ts';
import type { WriteOptions } from '../terminal/project-options.ts';
import { say } from '../terminal/terminal.ts';
import { applyOperations, type ProjectRun } from './apply.ts';
import { backupOperations, isEdited, operationsOf } from './backup.ts';
import { resolveConflicts, settledOperations } from './conflicts.ts';
import type { ProjectContext } from './context.ts';
import { installIfNeeded } from './dependencies.ts';
import { nextBackup } from './carry-out.ts';
import { beginRun, rootOf, sayApplied, undisturbed } from './open.ts';
import { isUnsettled } from './plan.ts';
import { propose, type Proposal } from './proposal.ts';
import { reportOf } from './report.ts';
import { sayConflicts, showProposal, type Outcome } from './show.ts';
import { refuseUncommitted } from './uncommitted.ts';

/** The exit code of a change: done, conflicts, or a difference found by `--check`. */
export type ChangeExit = 0 | typeof EXIT.conflict | typeof EXIT.different;

/**
 * Brings a project in line with changed answers: plan, show, write all or nothing, install.
 * @param changed turns the recorded answers into the wanted ones; it may prompt for them
 * @throws ExpectedError when something is in the way; the project is then unchanged
 */
export async function change(
  context: ProjectContext,
  options: WriteOptions,
  changed: (answers: Answers) => Answers | Promise<Answers>,
): Promise<ChangeExit> {
  const directory = resolve(context.cwd, options.directory);
  if (options.dryRun || options.check) {
    return undisturbed(context, directory, async () =>
      look(context, options, await propose(context, directory, options, changed)),
    );
  }
  const run = await beginRun(context, directory);
  try {
    return await write(context, options, run, await propose(context, directory, options, changed));
  } finally {
    run.end();
  }
}

/** Shows a proposal without writing it. */
function look(context: ProjectContext, options: WriteOptions, proposal: Proposal): ChangeExit {
  const { terminal } = context;
  const { plan, isSame } = proposal;
  report(context, options, proposal);
  showProposal(terminal, options, proposal);
  if (options.check) return isSame && !isUnsettled(plan) ? 0 : EXIT.different;
  return plan.conflicts.length > 0 || isUnsettled(plan) ? EXIT.conflict : 0;
}

async function write(
  context: ProjectContext,
  options: WriteOptions,
  run: ProjectRun,
  proposal: Proposal,
): Promise<ChangeExit> {
  const { terminal, signal } = context;
  const { project, plan, state, isSame } = proposal;
  const { changes, conflicts } = plan;
  const show = showProposal.bind(undefined, terminal, options, proposal);
  if (conflicts.length > 0 && options.conflict === 'fail' && context.prompts === undefined) {
    report(context, options, proposal);
    show();
    if (!options.json) sayRefused(context, proposal);
    return EXIT.conflict;
  }
  if (isSame) {
    report(context, options, proposal);
    show();
    return isUnsettled(plan) ? EXIT.conflict : 0;
  }
  if (!options.allowDirty) await refuseUncommitted(context, project, plan);
  const resolutions = await resolveConflicts(context, options.conflict, conflicts);
  if (signal.aborted) throw cancelled();
  const settled = settledOperations(project.directory, conflicts, resolutions);
  const backup = nextBackup(rootOf(project.directory));
  report(context, options, proposal, { resolutions, backup });
  const applied = await applyOperations(run, [
    ...backupOperations(backup, [...changes.filter(isEdited).flatMap(operationsOf), ...settled]),
    ...changes.flatMap(operationsOf),
    ...settled,
    ...state,
  ]);
  show({ resolutions, backup });
  sayApplied(terminal, applied);
  await installIfNeeded(context, options, proposal);
  const isLeft = plan.beside.length > 0 || plan.left.some(({ path }) => resolutions.get(path) !== 'take');
  // A prompt resolves a conflict; --conflict only leaves it in the file or beside it.
  return isLeft || (conflicts.length > 0 && options.conflict !== 'fail') ? EXIT.conflict : 0;
}

/** Writes the report, before anything in the project. @throws ExpectedError when it cannot be written */
function report({ cwd, templates }: ProjectContext, options: WriteOptions, proposal: Proposal, outcome?: Outcome): void {
  if (options.report === undefined) return;
  try {
    writeFileSync(resolve(cwd, options.report), reportOf(proposal, templates.version, outcome));
  } catch (error) {
    throw new ExpectedError(EXIT.inTheWay, `The report cannot be written: ${messageOf(error)}.`, 'Give a file that you may write.');
  }
}

function sayRefused({ terminal }: ProjectContext, { plan }: Proposal): void {
  sayConflicts(terminal, plan.conflicts);
  say(terminal, '\nNothing was written. Use --conflict inline or --conflict theirs-file, or run the command interactively.');
}
