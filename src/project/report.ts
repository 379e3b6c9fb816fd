import { markerLines } from './merge/markers.ts';
import { besideOf, type Conflict } from './plan.ts';
import type { Proposal } from './proposal.ts';
import { VERBS, type Outcome, type Resolution } from './show.ts';

/**
 * A proposal or its outcome in Markdown, as the text of a pull request.
 * @param to the version of this package
 * @param outcome undefined if nothing is written
 */
export function reportOf({ project, plan, disagreeing }: Proposal, to: string, outcome?: Outcome): string {
  const { changes, conflicts, kept, left, beside } = plan;
  const [from, open] = [project.lock.generator, conflicts.length + left.length + beside.length];
  const earlier = [...left.map(({ path, line }) => `${code(path)}, line ${line}`), ...beside.map((path) => code(besideOf(path)))];
  return [
    `create-tsuru-service ${from === to ? to : `${from} → ${to}`}: ${count(changes.length, 'file')} changed, ${count(open, 'conflict')}.\n`,
    list('Conflicts', conflicts.map((one) => conflictLine(one, outcome?.resolutions.get(one.path)))),
    list('Conflicts of an earlier update', earlier),
    list('Your own files, to edit by hand', disagreeing.map(({ path, toDo }) => `${code(path)}: ${toDo.join('; ')}`)),
    list('Changes', changes.map(({ kind, path, from: origin }) => `${VERBS[kind]} ${origin ? `${code(origin.path)} → ` : ''}${code(path)}`)),
    list('Kept', kept.map(({ path, reason }) => `${code(path)}: ${reason}`)),
  ].join('');
}

function conflictLine({ path, reason, marked }: Conflict, resolution?: Resolution): string {
  const toDo: Record<Resolution, string> = {
    markers: `resolve and remove the markers at line ${markerLines(marked ?? '').join(', ')}`,
    beside: `take what it needs from ${code(besideOf(path))}, and delete that file`,
    keep: 'yours is kept',
    take: 'the new one is taken',
  };
  return `${code(path)}: ${reason}${resolution === undefined ? '' : `; ${toDo[resolution]}`}`;
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n### ${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`;
}

function code(path: string): string {
  return `\`${path}\``;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
