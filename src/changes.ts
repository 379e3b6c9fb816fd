import { createTwoFilesPatch } from 'diff/lib/patch/create.js';

import type { Change, Conflict, Plan } from './engine/plan.ts';
import { say, type Terminal } from './terminal.ts';

/** What `--json` prints. The shape is kept; a change of it changes `version`. */
export interface PlanFacts {
  version: 1;
  /** Whether anything was written. */
  written: boolean;
  changes: { path: string; kind: Change['kind']; class: Change['fileClass'] }[];
  conflicts: { path: string; reason: string }[];
  kept: { path: string; reason: string }[];
}

const VERBS: Record<Change['kind'], string> = {
  create: 'new',
  update: 'changed',
  merge: 'merged',
  delete: 'deleted',
  restore: 'restored',
};

/** One line a file: what becomes of it, and a warning where that may surprise. */
export function sayPlan(terminal: Terminal, { changes, kept, conflicts }: Plan): void {
  for (const { path, kind, fileClass } of changes) {
    const warning =
      kind === 'merge' && fileClass === 'generated' ? "  (the generator's file, with edits of yours)" : '';
    terminal.write(`  ${VERBS[kind].padEnd(9)} ${path}${terminal.dim(warning)}\n`);
  }
  for (const { path, reason } of kept) terminal.write(terminal.dim(`  kept      ${path}  (${reason})\n`));
  for (const { path, reason } of conflicts) terminal.write(terminal.red(`  conflict  ${path}  (${reason})\n`));
}

/** Every change as a unified diff. */
export function sayDiff(terminal: Terminal, { changes, conflicts }: Plan): void {
  for (const { path, before, after } of changes) terminal.write(patch(path, before?.content, after));
  sayConflicts(terminal, conflicts);
}

/** Both sides of every conflict. */
export function sayConflicts(terminal: Terminal, conflicts: readonly Conflict[]): void {
  for (const { path, reason, mine, theirs } of conflicts) {
    say(terminal, terminal.bold(`\n${path}: ${reason}`));
    terminal.write(patch(path, mine.content, theirs, 'yours', 'new'));
  }
}

export function planFacts({ changes, conflicts, kept }: Plan, written: boolean): PlanFacts {
  return {
    version: 1,
    written,
    changes: changes.map(({ path, kind, fileClass }) => ({ path, kind, class: fileClass })),
    conflicts: conflicts.map(({ path, reason }) => ({ path, reason })),
    kept,
  };
}

function patch(path: string, before: Buffer | undefined, after: Buffer | undefined, left = '', right = ''): string {
  if ([before, after].some((content) => content?.includes(0))) return `Binary file ${path} differs\n`;
  const [from, to] = [before, after].map((content) => content?.toString('utf8') ?? '') as [string, string];
  const [old, fresh] = [before ? `a/${path}` : '/dev/null', after ? `b/${path}` : '/dev/null'];
  // Without its first two lines, a title that no tool reads.
  return createTwoFilesPatch(old, fresh, from, to, left, right, { context: 3 }).replace(/^=+\n/, '');
}
