import type { Check, Level } from '../check.ts';
import { CHECKS } from '../checks/index.ts';
import type { Encoding } from '../../tsuru/encoding.ts';
import { labelOf, type Result } from '../run.ts';
import type { Sent } from '../session.ts';
import { hintFor, type Hint } from './hints.ts';

/** One thing to fix: failed checks with one cause, or a check that others wait for although it did not fail. */
export interface Cause {
  /** The checks with their encodings, such as `create.success (form and json)`. */
  title: string;
  /** The most severe level of its checks. */
  level: Level;
  /** Each check once. */
  checks: readonly Check[];
  /** The failed results; without any, those that wait. */
  results: readonly Result[];
  /** What was found, each different finding once. */
  findings: readonly Finding[];
  /** The results that could not be tested because of it, in order. */
  waiting: readonly Result[];
  /** Why nothing is known about the check that is waited for, such as `was not run`; undefined if it failed. */
  untested: string | undefined;
  /** How to fix it with the framework that the service seems to use. */
  hint: Hint | undefined;
}

/** One problem, found by one or more checks. */
export interface Finding {
  labels: string[];
  /** Of the first of them. */
  encoding: Encoding | undefined;
  problem: string;
  culprit: Sent | undefined;
}

const SEVERITY: Record<Level, number> = { must: 0, should: 1, may: 2 };

/**
 * The to-do list of a run: what failed, and what the checks that could not be tested wait for, directly or through others.
 * First the causes that keep a `must` from passing, then those that most checks wait for, then in the order of the checks.
 */
export function causesOf(results: readonly Result[]): Cause[] {
  const byLabel = new Map(results.map((result) => [labelIn(result), result]));
  const groups = groupsOf(results.filter(({ outcome }) => outcome === 'failed'));
  const untested = new Map<string, Result[]>();
  const waiting = new Map<Result[], Result[]>();
  for (const result of results.filter(({ outcome }) => outcome === 'blocked')) {
    const root = rootOf(result, byLabel);
    const failed = byLabel.get(root);
    const group = groups.find((members) => failed !== undefined && members.includes(failed));
    if (group !== undefined) waiting.set(group, [...(waiting.get(group) ?? []), result]);
    else untested.set(root, [...(untested.get(root) ?? []), result]);
  }
  const sent = results.flatMap((result) => result.sent);
  const causes = [
    ...groups.map((group) => failedCause(group, waiting.get(group) ?? [], sent)),
    ...[...untested].map(([root, blocked]) => untestedCause(root, byLabel.get(root), blocked, sent)),
  ];
  const order = new Map(results.map((result, index) => [result, index]));
  const first = ({ results: [one] }: Cause) => (one && order.get(one)) ?? 0;
  return causes.toSorted(
    (a, b) => severityOf(a) - severityOf(b) || b.waiting.length - a.waiting.length || first(a) - first(b),
  );
}

/** Failed results in groups of one cause: of one check or rule, or with one finding. */
function groupsOf(failed: readonly Result[]): Result[][] {
  const groups: { members: Result[]; keys: Set<string> }[] = [];
  for (const result of failed) {
    const keys = [`check ${result.check.id}`, `rule ${result.check.rule}`, ...(result.culprit ? [findingKey(result)] : [])];
    const joined = { members: [result], keys: new Set(keys) };
    for (const group of groups.filter((other) => keys.some((key) => other.keys.has(key)))) {
      joined.members.unshift(...group.members);
      for (const key of group.keys) joined.keys.add(key);
      groups.splice(groups.indexOf(group), 1);
    }
    groups.push(joined);
  }
  const order = new Map(failed.map((result, index) => [result, index]));
  return groups.map(({ members }) => members.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
}

/** The same for results with one problem, request and reply, apart from the names that the checks made up. */
function findingKey({ problem, culprit }: Result): string {
  if (culprit === undefined) return problem;
  const { call, exchange } = culprit;
  const names = [call.instance, call.app, call.job].filter((name) => name !== '');
  const general = (text: string) =>
    names.reduce((changed, name) => changed.replaceAll(name, '{name}'), text).replace(/\d+/g, '0');
  const { reply, failure } = exchange;
  const body = reply?.body.subarray(0, 2000).toString('utf8') ?? '';
  return [call.request.method, general(call.request.path), reply?.status ?? failure, general(problem), general(body)].join('\n');
}

/** Follows a blocked check to the label of the one at the end: a failed one, or one about which nothing is known. */
function rootOf(blocked: Result, byLabel: ReadonlyMap<string, Result>): string {
  const path = [labelIn(blocked)];
  for (let at: Result | undefined = blocked; at?.outcome === 'blocked'; ) {
    const next: string = at.waitsFor ?? '';
    if (next === '') break;
    // In a circle, each member leads to the same one.
    if (path.includes(next)) return path.slice(path.indexOf(next)).toSorted()[0] ?? next;
    path.push(next);
    at = byLabel.get(next);
  }
  return path.at(-1) ?? '';
}

function failedCause(failed: readonly Result[], waiting: readonly Result[], sent: readonly Sent[]): Cause {
  const checks = [...new Set(failed.map(({ check }) => check))];
  return {
    title: titleOf(failed),
    ...severest(checks),
    results: failed,
    findings: findingsOf(failed),
    waiting,
    untested: undefined,
    hint: firstHint(failed, sent),
  };
}

/** @param there the check that is waited for, if it was among those that were run */
function untestedCause(root: string, there: Result | undefined, blocked: readonly Result[], sent: readonly Sent[]): Cause {
  const id = root.replace(/ \(.*/, '');
  const check = there?.check ?? CHECKS.find((one) => one.id === id);
  const state = there === undefined || there.outcome === 'unfinished' ? 'not run' : there.outcome;
  return {
    title: root,
    ...severest(check ? [check] : blocked.map((one) => one.check)),
    results: blocked,
    findings: findingsOf(blocked).slice(0, 1),
    waiting: blocked.filter((one) => labelIn(one) !== root),
    untested: { 'not run': 'was not run', passed: 'passed', skipped: 'was skipped' }[state as string] ?? 'could not be tested',
    hint: check && hintFor(check, blocked[0]?.culprit, sent),
  };
}

function severest(checks: readonly Check[]): Pick<Cause, 'checks' | 'level'> {
  const [level = 'may'] = checks.map((check) => check.level).toSorted((a, b) => SEVERITY[a] - SEVERITY[b]);
  return { checks, level };
}

/** A `should` that a `must` waits for keeps the run from passing. */
function severityOf({ level, waiting }: Cause): number {
  return Math.min(SEVERITY[level], ...waiting.map(({ check }) => SEVERITY[check.level]));
}

function findingsOf(results: readonly Result[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const result of results) {
    const key = findingKey(result);
    const known = found.get(key);
    const { encoding, problem, culprit } = result;
    if (known === undefined) found.set(key, { labels: [labelIn(result)], encoding, problem, culprit });
    else known.labels.push(labelIn(result));
  }
  return [...found.values()];
}

function firstHint(results: readonly Result[], sent: readonly Sent[]): Hint | undefined {
  for (const { check, culprit } of results) {
    const hint = hintFor(check, culprit, sent);
    if (hint !== undefined) return hint;
  }
  return undefined;
}

/** Each check once, with its encodings. */
function titleOf(results: readonly Result[]): string {
  const ids = [...new Set(results.map(({ check }) => check.id))];
  const titles = ids.map((id) => {
    const encodings = results.filter(({ check }) => check.id === id).flatMap(({ encoding }) => encoding ?? []);
    return encodings.length > 0 ? `${id} (${encodings.join(' and ')})` : id;
  });
  return titles.join(', ');
}

function labelIn({ check, encoding }: Result): string {
  return labelOf(check.id, encoding);
}
