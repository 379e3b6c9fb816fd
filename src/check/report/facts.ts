import { curlFor, withoutPassword } from '../curl.ts';
import { describeReading } from '../../tsuru/reading.ts';
import { groupOf } from '../check.ts';
import { hasFailed, type Ending, type Outcome, type Result, type Run } from '../run.ts';
import type { Sent, Target } from '../session.ts';

/** Characters of a body that a report shows. */
const MOST = 2000;

/** One request and its answer, in words, without the password. */
export interface ExchangeFacts {
  /** The command that sends it again. */
  curl: string;
  method: string;
  path: string;
  /** 0 without an answer. */
  status: number;
  /** At most 2,000 characters. */
  body: string;
  /** Why there is no answer; `''` when there is one. */
  failure: string;
  milliseconds: number;
  /** What Tsuru makes of it. */
  tsuru: string;
}

/** One result in words. */
export interface ResultFacts {
  id: string;
  group: string;
  encoding: 'form' | 'json' | null;
  level: 'must' | 'should' | 'may';
  rule: string;
  contract: string;
  outcome: Outcome;
  /** A sentence; `''` when it passed. */
  problem: string;
  fix: string;
  milliseconds: number;
  /** The one that the verdict is about. */
  culprit: ExchangeFacts | null;
  exchanges: ExchangeFacts[];
}

/** A whole run in words: what `--format json` prints. The shape is kept; a change of it changes `version`. */
export interface RunFacts {
  version: 1;
  url: string;
  service: string;
  ending: Ending;
  milliseconds: number;
  summary: Summary;
  checks: ResultFacts[];
  /** The instances that may still be there, with the command that removes each. */
  left: { name: string; curl: string }[];
}

export interface Summary {
  passed: number;
  /** By level: rules that do not hold. */
  failed: { must: number; should: number; may: number };
  blocked: number;
  skipped: number;
  unfinished: number;
}

/** Puts a run into words. */
export function factsOf(run: Run, target: Target): RunFacts {
  return {
    version: 1,
    url: target.address.href,
    service: target.service,
    ending: run.ending,
    milliseconds: Math.round(run.milliseconds),
    summary: summaryOf(run.results),
    checks: run.results.map((result) => resultFacts(result, target)),
    left: leftFacts(run, target),
  };
}

/** The instances that may still be there. */
export function leftFacts({ left }: Run, target: Target): RunFacts['left'] {
  return left.map(({ name, removal }) => ({ name, curl: curlFor(removal, target, 'own') }));
}

export function summaryOf(results: readonly Result[]): Summary {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome);
  const failed = (level: string) => count('failed').filter(({ check }) => check.level === level).length;
  return {
    passed: count('passed').length,
    failed: { must: failed('must'), should: failed('should'), may: failed('may') },
    blocked: count('blocked').length,
    skipped: count('skipped').length,
    unfinished: count('unfinished').length,
  };
}

export function resultFacts(result: Result, target: Target): ResultFacts {
  const { check, encoding, outcome, problem, sent, culprit, milliseconds } = result;
  return {
    id: check.id,
    group: groupOf(check),
    encoding: encoding ?? null,
    level: check.level,
    rule: check.rule,
    contract: check.part,
    outcome,
    problem: sentence(problem),
    fix: check.fix,
    milliseconds: Math.round(milliseconds),
    culprit: culprit === undefined ? null : exchangeFacts(culprit, target),
    exchanges: sent.map((one) => exchangeFacts(one, target)),
  };
}

/** Whether a result means that Tsuru would break: the rule is a `must`. */
export function isFatal({ level, outcome }: Pick<ResultFacts, 'level' | 'outcome'>): boolean {
  return level === 'must' && hasFailed({ outcome });
}

/** Whether Tsuru would break on any of them, or something is left behind. */
export function isBad({ results, left }: Run): boolean {
  return left.length > 0 || results.some(({ check, outcome }) => isFatal({ level: check.level, outcome }));
}

function exchangeFacts({ call, exchange, reading, authorization }: Sent, target: Target): ExchangeFacts {
  const { request, answer, failure = '', milliseconds } = exchange;
  const clean = (text: string) => withoutPassword(text, target);
  return {
    curl: curlFor(call, target, authorization),
    method: request.method,
    path: request.path,
    status: answer?.status ?? 0,
    body: clean(answer?.body.toString('utf8').slice(0, MOST) ?? ''),
    failure,
    milliseconds: Math.round(milliseconds),
    tsuru: clean(describeReading(call, reading)).slice(0, MOST),
  };
}

function sentence(text: string): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
