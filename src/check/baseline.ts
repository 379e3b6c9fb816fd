import { readFileSync } from 'node:fs';

import { parse as parseYaml } from 'yaml';

import { messageOf } from '../errors.ts';
import { usage } from '../terminal/options.ts';
import { checkNamed, isOf, type Named } from './labels.ts';
import { hasFailed, labelOf, type CheckRun, type Result } from './result.ts';

/** A failure that is known, and does not fail a run. */
export interface Accepted extends Named {
  /** As it was given: the id or the label of the check. */
  label: string;
  reason: string;
}

/**
 * Reads a baseline: a list, in YAML or JSON, of `check` (an id or a label) and `reason`.
 * @throws ExpectedError for a file that cannot be read, an unknown check, or a missing reason
 */
export function readBaseline(file: string): Accepted[] {
  let value: unknown;
  try {
    value = parseYaml(readFileSync(file, 'utf8'));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw usage(`The baseline ${file} cannot be read: ${messageOf(error)}`, isMissing ? 'Create it, empty at first, or leave out --baseline.' : HINT);
  }
  // A file of comments only.
  return parseBaseline(value ?? [], `The baseline ${file}`);
}

const HINT = 'It should be a list, each item with a "check" and the "reason" why its failure is accepted.';

/** @param what begins the error messages @throws ExpectedError as {@link readBaseline} */
export function parseBaseline(value: unknown, what: string): Accepted[] {
  if (!Array.isArray(value)) throw usage(`${what} is not a list.`, HINT);
  return value.map((item: unknown, index) => {
    const { check: label, reason } = (item ?? {}) as Record<string, unknown>;
    if (typeof label !== 'string') throw usage(`${what}: item ${index + 1} has no "check".`, HINT);
    if (typeof reason !== 'string' || reason.trim() === '') throw usage(`${what}: "${label}" has no "reason".`, HINT);
    const stranger = Object.keys((item ?? {})).find((key) => key !== 'check' && key !== 'reason');
    if (stranger !== undefined) throw usage(`${what}: item ${index + 1} has the unknown field "${stranger}".`, HINT);
    return { ...checkNamed(label), label, reason: reason.trim() };
  });
}

/**
 * Accepts the failures of a baseline, and with them the checks that wait for one.
 * @returns the run with their outcome `accepted`, and a sentence for each entry that accepted any, or whose checks all pass now
 */
export function acceptIn(run: CheckRun, baseline: readonly Accepted[]): { run: CheckRun; notes: string[] } {
  const byLabel = new Map(run.results.map((result) => [labelOf(result.check.id, result.encoding), result]));
  /** The entry that accepts a result; through those that it waits for, each looked at once. */
  const accepting = (result: Result, seen: readonly Result[] = []): Accepted | undefined => {
    if (!hasFailed(result) || seen.includes(result)) return undefined;
    const own = baseline.find((entry) => isOf(entry, result));
    if (own !== undefined || result.waitsFor === undefined) return own;
    const awaited = byLabel.get(result.waitsFor);
    if (awaited !== undefined) return accepting(awaited, [...seen, result]);
    // It was not run.
    const named = checkNamed(result.waitsFor);
    return baseline.find((entry) => isOf(entry, named));
  };
  const waiting = new Map<Accepted, number>();
  const results = run.results.map((result): Result => {
    const entry = accepting(result);
    if (entry === undefined) return result;
    const isOwn = isOf(entry, result);
    waiting.set(entry, (waiting.get(entry) ?? 0) + (isOwn ? 0 : 1));
    const by = isOwn ? '' : ` with ${entry.label}`;
    return { ...result, outcome: 'accepted', problem: `accepted${by} (${entry.reason}): ${result.problem}` };
  });
  const isFixed = (entry: Accepted) => {
    const own = results.filter((result) => isOf(entry, result));
    // A check that runs in each encoding, and did not, may fail in the other one.
    const isWhole = own.length > 1 || own.every((result) => !result.check.perEncoding || entry.encoding !== undefined);
    return own.length > 0 && isWhole && own.every(({ outcome }) => outcome === 'passed');
  };
  const notes = baseline.flatMap((entry) => {
    const { label, reason } = entry;
    if (isFixed(entry)) return [`Fixed: ${label}. Remove it from the baseline.`];
    const count = waiting.get(entry);
    if (count === undefined) return [];
    const others = count === 0 ? '' : `, and ${count} ${count === 1 ? 'check that waits' : 'checks that wait'} for it`;
    return [`Accepted: ${label}${others} (${reason}).`];
  });
  return { run: { ...run, results }, notes };
}
