import { createTwoFilesPatch } from 'diff/lib/patch/create.js';

import type { WriteOptions } from '../terminal/project-options.ts';
import { say, type Terminal } from '../terminal/terminal.ts';
import type { Disagreement } from './disagreements.ts';
import { markerLines } from './merge/markers.ts';
import { STATE } from './paths.ts';
import { besideOf, isUnsettled, type Change, type Conflict, type Origin, type Plan } from './plan.ts';
import type { Proposal } from './proposal.ts';

/** How a conflict is resolved: the user's file, the new one, both with markers, or the user's with the new one beside it. */
export type Resolution = 'keep' | 'take' | 'markers' | 'beside';

/** The output of `--json`. Fields may be added; any other change of its shape changes `version`. */
export interface PlanFacts {
  version: 1;
  /** Whether anything was written. */
  written: boolean;
  /** `from` is the old path of a file that moves. */
  changes: { path: string; kind: Change['kind']; class: Change['fileClass']; from?: string }[];
  /** `outcome` is present once the conflict is resolved. */
  conflicts: { path: string; reason: string; outcome?: Resolution }[];
  kept: { path: string; reason: string }[];
  /** Markers of earlier conflicts; lines count from 1. */
  left: { path: string; line: number }[];
  /** Files with the new version of an earlier conflict still beside them, in PATH.theirs. */
  beside: string[];
  /** Files that are written once and disagree with the changed answers. */
  disagreeing: Disagreement[];
}

/** How a plan was carried out. */
export interface Outcome {
  /** By the path of each resolved conflict. */
  resolutions: ReadonlyMap<string, Resolution>;
  /** The folder with the replaced files. */
  backup: string;
}

/** What happens to a file, in one word. */
export const VERBS: Record<Change['kind'], string> = {
  create: 'new',
  update: 'changed',
  merge: 'merged',
  delete: 'deleted',
  restore: 'restored',
};

/**
 * Shows a proposal or its outcome, as text or as JSON.
 * @param outcome undefined if nothing was written
 */
export function showProposal(
  terminal: Terminal,
  { json, dryRun, check }: Pick<WriteOptions, 'json' | 'dryRun' | 'check'>,
  { plan, disagreeing, isSame }: Proposal,
  outcome?: Outcome,
): void {
  if (json) {
    terminal.write(`${JSON.stringify(planFacts(plan, disagreeing, outcome), undefined, 2)}\n`);
    return;
  }
  if (isSame && !isUnsettled(plan)) {
    say(terminal, 'Already up to date.');
    return;
  }
  if (dryRun) sayDiff(terminal, plan);
  sayPlan(terminal, plan, outcome);
  sayDisagreements(terminal, disagreeing);
  if (isSame) {
    say(terminal, 'Nothing to write. Conflicts from an earlier run are not resolved yet.');
    return;
  }
  if (plan.changes.length + plan.conflicts.length === 0) {
    say(terminal, `None of your files change; ${STATE} ${outcome ? 'is' : 'would be'} brought up to date.`);
    return;
  }
  const settled = [...(outcome?.resolutions.values() ?? [])].filter((resolution) => resolution !== 'keep');
  const count = plan.changes.length + settled.length;
  const files = `${count} ${count === 1 ? 'file' : 'files'}`;
  if (outcome) say(terminal, `${terminal.green('✓')} ${files} changed.`);
  else say(terminal, `${files} would change${check ? '' : '; nothing was written'}.`);
}

/** One line per file: its change, and a note where that may be a surprise. */
export function sayPlan(terminal: Terminal, { changes, kept, conflicts, left, beside }: Plan, outcome?: Outcome): void {
  const write = (verb: string, text: string) => {
    terminal.write(`  ${verb.padEnd(9)} ${text}\n`);
  };
  for (const { path, kind, fileClass, of, from } of changes) {
    const warning =
      kind === 'merge' && fileClass === 'generated' ? "  (generated, with your edits)" : '';
    const whose = of === undefined ? '' : `  (made by ${of}; a copy is kept in ${outcome?.backup ?? 'a backup'})`;
    write(VERBS[kind], path + terminal.dim(movedWords(from) + warning + whose));
  }
  for (const { path, reason } of kept) write('kept', terminal.dim(`${path}  (${reason})`));
  for (const conflict of conflicts) {
    const resolution = outcome?.resolutions.get(conflict.path);
    if (outcome === undefined || resolution === undefined) {
      terminal.write(terminal.red(`  conflict  ${conflict.path}  (${conflict.reason})\n`));
    } else {
      write(...resolvedWords(conflict, resolution, outcome.backup));
    }
  }
  for (const { path, line } of left) {
    if (outcome?.resolutions.get(path) === 'take') continue;
    terminal.write(terminal.red(`  markers   ${path}:${line}  (left by an earlier conflict: resolve and remove them)\n`));
  }
  for (const path of beside) {
    if (outcome?.resolutions.get(path) === 'beside') continue;
    const toDo = `left by an earlier conflict: take what ${path} needs from it, and delete it`;
    terminal.write(terminal.red(`  beside    ${besideOf(path)}  (${toDo})\n`));
  }
}

function movedWords(from: Origin | undefined): string {
  if (from === undefined) return '';
  return `  (moved from ${from.path}${from.left === undefined ? '' : '; a file stays there for your own imports'})`;
}

/** A resolved conflict: a verb, and the path of each side. */
function resolvedWords({ path, reason, marked }: Conflict, resolution: Resolution, backup: string): [string, string] {
  switch (resolution) {
    case 'keep':
      return ['kept', `${path}  (yours, without the new changes; ${reason})`];
    case 'take':
      return ['taken', `${path}  (the new one; yours is in ${backup})`];
    case 'markers':
      return ['markers', `${path}:${markerLines(marked ?? '').join(', ')}  (${reason}: resolve and remove them; yours is in ${backup})`];
    case 'beside':
      return ['beside', `${path}  (yours stays; the new one is in ${besideOf(path)}: ${reason})`];
  }
}

/** Lists the edits that files written once need from the user. */
function sayDisagreements(terminal: Terminal, found: readonly Disagreement[]): void {
  for (const { path, toDo } of found) say(terminal, `${path} is yours, so it is not changed. In it, ${toDo.join('; ')}.`);
}

/** Every change as a unified diff. */
function sayDiff(terminal: Terminal, { changes, conflicts }: Plan): void {
  for (const { path, before, after, of, from } of changes) {
    if (of === undefined) terminal.write(patch(path, before?.content, after, from?.path));
  }
  sayConflicts(terminal, conflicts);
}

/** Both sides of every conflict. */
export function sayConflicts(terminal: Terminal, conflicts: readonly Conflict[]): void {
  for (const { path, reason, mine, theirs } of conflicts) {
    say(terminal, terminal.bold(`\n${path}: ${reason}`));
    terminal.write(patch(path, mine.content, theirs, path, 'yours', 'new'));
  }
}

function planFacts(plan: Plan, disagreeing: Disagreement[], outcome?: Outcome): PlanFacts {
  const { changes, conflicts, kept, left, beside } = plan;
  return {
    version: 1,
    written: outcome !== undefined,
    changes: changes.map(({ path, kind, fileClass, from }) => ({
      ...{ path, kind, class: fileClass },
      ...(from !== undefined && { from: from.path }),
    })),
    conflicts: conflicts.map(({ path, reason }) => {
      const resolution = outcome?.resolutions.get(path);
      return { path, reason, ...(resolution !== undefined && { outcome: resolution }) };
    }),
    ...{ kept, left, beside, disagreeing },
  };
}

function patch(
  path: string,
  before: Buffer | undefined,
  after: Buffer | undefined,
  oldPath = path,
  left = '',
  right = '',
): string {
  if ([before, after].some((content) => content?.includes(0))) return `Binary file ${path} differs\n`;
  const [from, to] = [before, after].map((content) => content?.toString('utf8') ?? '') as [string, string];
  const [old, fresh] = [before ? `a/${oldPath}` : '/dev/null', after ? `b/${path}` : '/dev/null'];
  // Drops the title line of the patch, which no tool reads.
  return createTwoFilesPatch(old, fresh, from, to, left, right, { context: 3 }).replace(/^=+\n/, '');
}
