import type { Violation } from './journal.ts';
import type { Outcome } from './run.ts';

/** The counts of a run, on one line. */
export function summary({ counts }: Outcome): string {
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

/** The first violation of each promise, with the events before it and the number of violations. */
export function complaint({ violations }: Outcome, seed: number): string {
  const first = new Map<string, Violation>();
  for (const violation of violations) {
    if (!first.has(violation.promised)) first.set(violation.promised, violation);
  }
  const parts = [...first.values()].map(({ promised, text, history }) => {
    const times = violations.filter((violation) => violation.promised === promised).length;
    return [`${promised} (${times} times): ${text}`, ...history.map((line) => `    ${line}`)].join('\n');
  });
  return [`SEED=${seed} repeats the choices of this run.`, ...parts].join('\n\n');
}
