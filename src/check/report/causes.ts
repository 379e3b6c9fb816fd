import type { Check, Level } from '../check.ts';
import { CHECKS } from '../checks/index.ts';
import type { Encoding } from '../../tsuru/encoding.ts';
import { labelOf, type Result } from '../result.ts';
import type { Sent } from '../sent.ts';
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

/** A check that others wait for although it did not fail. */
interface Untested {
  id: string;
  /** As {@link Cause.untested}. */
  state: string;
  /** Its labels. */
  roots: string[];
  blocked: Result[];
}

const SEVERITY: Record<Level, number> = { must: 0, should: 1, may: 2 };

/**
 * The to-do list of a run: what failed, and what the checks that could not be tested wait for, directly or through others.
 * First the causes that keep a `must` from passing, then those that most checks wait for, then in the order of the checks.
 */
export function causesOf(results: readonly Result[]): Cause[] {
  const byLabel = new Map(results.map((result) => [labelIn(result), result]));
  const groups = groupsOf(results.filter(({ outcome }) => outcome === 'failed'));
  const waiting = new Map<Result[], Result[]>();
  const untested = new Map<string, Untested>();
  for (const result of results.filter(({ outcome }) => outcome === 'blocked')) {
    const root = rootOf(result, byLabel);
    const there = byLabel.get(root);
    const group = groups.find((members) => there !== undefined && members.includes(there));
    if (group !== undefined) {
      waiting.set(group, [...(waiting.get(group) ?? []), result]);
    } else {
      const [id, state] = [idIn(root), stateOf(there)];
      const entry = untested.get(`${id} ${state}`) ?? { id, state, roots: [], blocked: [] };
      untested.set(`${id} ${state}`, entry);
      if (!entry.roots.includes(root)) entry.roots.push(root);
      entry.blocked.push(result);
    }
  }
  const sent = results.flatMap((result) => result.sent);
  const causes = [
    ...groups.map((group) => failedCause(group, waiting.get(group) ?? [], sent)),
    ...[...untested.values()].map((entry) => untestedCause(entry, sent)),
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
    const keys = [`check ${result.check.id}`, `rule ${result.check.rule}`, ...(result.culprit ? [findingKey(result, true)] : [])];
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

/**
 * The same for results with one problem, request and reply, apart from the names that the checks made up.
 * @param withBody whether the body of the reply counts
 */
function findingKey({ problem, culprit }: Result, withBody: boolean): string {
  if (culprit === undefined) return problem;
  const { call, exchange } = culprit;
  const names = [call.instance, call.app, call.job].filter((name) => name !== '');
  const general = (text: string) =>
    names.reduce((changed, name) => changed.replaceAll(name, '{name}'), text).replace(/\d+/g, '0');
  const { reply, failure } = exchange;
  const body = withBody ? (reply?.body.subarray(0, 2000).toString('utf8') ?? '') : '';
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
    title: titleOf(failed.map(labelIn)),
    ...severest(checks),
    results: failed,
    findings: findingsOf(failed),
    waiting,
    untested: undefined,
    hint: firstHint(failed, sent),
  };
}

function untestedCause({ id, state, roots, blocked }: Untested, sent: readonly Sent[]): Cause {
  const check = CHECKS.find((one) => one.id === id);
  return {
    title: titleOf(roots),
    ...severest(check ? [check] : blocked.map((one) => one.check)),
    results: blocked,
    findings: findingsOf(blocked).slice(0, roots.length),
    waiting: blocked.filter((one) => !roots.includes(labelIn(one))),
    untested: state,
    hint: check && hintFor(check, blocked[0]?.culprit, sent),
  };
}

/** Why nothing is known of a check that others wait for. @param there its result, if it was among those that were run */
function stateOf(there: Result | undefined): string {
  if (there === undefined || there.outcome === 'unfinished') return 'was not run';
  return { passed: 'passed', skipped: 'was skipped' }[there.outcome as string] ?? 'could not be tested';
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
    // Two binds have different secrets in their bodies.
    const key = findingKey(result, false);
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

/** The checks of labels, each once, with its encodings. */
function titleOf(labels: readonly string[]): string {
  const titles = [...new Set(labels.map(idIn))].map((id) => {
    const encodings = labels.filter((label) => label.startsWith(`${id} (`)).map((label) => label.slice(id.length + 2, -1));
    return encodings.length > 0 ? `${id} (${encodings.join(' and ')})` : id;
  });
  return titles.join(', ');
}

function idIn(label: string): string {
  return label.split(' ')[0] ?? '';
}

function labelIn({ check, encoding }: Result): string {
  return labelOf(check.id, encoding);
}
