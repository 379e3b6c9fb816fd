import { withoutPassword } from '../../tsuru/access.ts';
import { curlFor } from '../../tsuru/curl.ts';
import { describeReading } from '../../tsuru/read-reply.ts';
import { groupOf } from '../check.ts';
import { hasFailed, labelOf, type CheckEnding, type CheckOutcome, type CheckRun, type Result } from '../result.ts';
import type { Sent } from '../sent.ts';
import type { CheckedService } from '../session.ts';
import { causesOf, type Cause } from './causes.ts';
import { GENERATOR_VERSION } from './generator.ts';

/** Characters of a body that a report shows. */
const LONGEST_TEXT = 2000;

/** One request and its reply, without the password. */
export interface ExchangeFacts {
  /** The command that repeats the request. */
  curl: string;
  method: string;
  path: string;
  /** 0 without a reply. */
  status: number;
  /** At most 2,000 characters. */
  body: string;
  /** Why there is no reply; `''` if there is one. */
  failure: string;
  /** Whether the body was longer than 1 MiB, and its rest was not read. */
  isTooLong: boolean;
  /** The redirects that were followed to the reply. */
  hops: { status: number; location: string }[];
  milliseconds: number;
  /** What Tsuru makes of the reply, as a sentence. */
  tsuru: string;
}

/** One result, as reports show it. */
export interface ResultFacts {
  id: string;
  group: string;
  encoding: 'form' | 'json' | null;
  level: 'must' | 'should' | 'may';
  rule: string;
  contract: string;
  outcome: CheckOutcome;
  /** A sentence; `''` if it passed. */
  problem: string;
  /** The check that a blocked one waits for, with its encoding. */
  waitsFor: string | null;
  fix: string;
  milliseconds: number;
  /** The exchange that the verdict is about. */
  culprit: ExchangeFacts | null;
  exchanges: ExchangeFacts[];
}

/** One thing to fix, with all the checks that fail or wait because of it. */
export interface CauseFacts {
  /** The checks with their encodings, such as `create.success (form and json)`. */
  title: string;
  level: 'must' | 'should' | 'may';
  /** Why it counts although no check failed: such as `was not run`, of a check that others wait for; null if one failed. */
  untested: string | null;
  checks: { id: string; rule: string; fix: string }[];
  /** The different problems that the checks found. */
  findings: {
    /** Ids with encodings. */
    checks: string[];
    problem: string;
    encoding: 'form' | 'json' | null;
    exchange: ExchangeFacts | null;
  }[];
  /** How to fix it with the framework that the service seems to use. */
  hint: { stack: string; text: string } | null;
  /** The checks that could not be tested because of it. */
  waiting: string[];
  /** How many of them are a `must`. */
  waitingMusts: number;
}

/** A whole run: the output of `--format json`. A change of this shape changes `version`. */
export interface RunFacts {
  version: 2;
  /** The version of this program. */
  generator: string;
  /** When the run started, such as `2026-08-01T12:00:00.000Z`. */
  started: string;
  url: string;
  service: string;
  ending: CheckEnding;
  milliseconds: number;
  summary: Summary;
  /** The to-do list: root causes, the most important ones first. */
  causes: CauseFacts[];
  checks: ResultFacts[];
  /** The instances that may still exist, with the command that removes each. */
  left: { name: string; curl: string }[];
}

export interface Summary {
  passed: number;
  /** Broken rules, by level. */
  failed: { must: number; should: number; may: number };
  blocked: number;
  /** Failures of a baseline. */
  accepted: number;
  skipped: number;
  unfinished: number;
}

/** Turns a run into the facts of a report. */
export function factsOf(run: CheckRun, service: CheckedService): RunFacts {
  return {
    version: 2,
    generator: GENERATOR_VERSION,
    started: run.started.toISOString(),
    url: service.address.href,
    service: service.id,
    ending: run.ending,
    milliseconds: Math.round(run.milliseconds),
    summary: summaryOf(run.results),
    causes: causesOf(run.results).map((cause) => causeFacts(cause, service)),
    checks: run.results.map((result) => resultFacts(result, service)),
    left: leftFacts(run, service),
  };
}

/** A cause as reports show it. */
export function causeFacts(cause: Cause, service: CheckedService): CauseFacts {
  const { title, level, untested = null, checks, findings, hint = null, waiting } = cause;
  return {
    ...{ title, level, untested },
    checks: checks.map(({ id, rule, fix }) => ({ id, rule, fix })),
    findings: findings.map(({ labels, encoding, problem, culprit }) => ({
      checks: labels,
      problem: withoutPassword(sentence(problem), service),
      encoding: encoding ?? null,
      exchange: culprit === undefined ? null : exchangeFacts(culprit, service),
    })),
    hint,
    waiting: waiting.map(({ check, encoding }) => labelOf(check.id, encoding)),
    waitingMusts: waiting.filter(({ check }) => check.level === 'must').length,
  };
}

/** The instances that may still exist. */
export function leftFacts({ left }: CheckRun, service: CheckedService): RunFacts['left'] {
  return left.map(({ name, removal }) => ({ name, curl: curlFor(removal, service, 'own') }));
}

export function summaryOf(results: readonly Result[]): Summary {
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome);
  const failed = (level: string) => count('failed').filter(({ check }) => check.level === level).length;
  return {
    passed: count('passed').length,
    failed: { must: failed('must'), should: failed('should'), may: failed('may') },
    blocked: count('blocked').length,
    accepted: count('accepted').length,
    skipped: count('skipped').length,
    unfinished: count('unfinished').length,
  };
}

export function resultFacts(result: Result, service: CheckedService): ResultFacts {
  const { check, encoding, outcome, problem, waitsFor = null, sent, culprit, milliseconds } = result;
  return {
    id: check.id,
    group: groupOf(check),
    encoding: encoding ?? null,
    level: check.level,
    rule: check.rule,
    contract: check.part,
    outcome,
    problem: withoutPassword(sentence(problem), service),
    waitsFor,
    fix: check.fix,
    milliseconds: Math.round(milliseconds),
    culprit: culprit === undefined ? null : exchangeFacts(culprit, service),
    exchanges: sent.map((one) => exchangeFacts(one, service)),
  };
}

/** Whether a result fails the run: a `must` that is broken, could not be tested, or was not run to its end. */
export function isFatal({ level, outcome }: Pick<ResultFacts, 'level' | 'outcome'>): boolean {
  return level === 'must' && (hasFailed({ outcome }) || outcome === 'unfinished');
}

/** Whether any result fails the run, or an instance is left behind. */
export function isBad({ results, left }: CheckRun): boolean {
  return left.length > 0 || results.some(({ check, outcome }) => isFatal({ level: check.level, outcome }));
}

function exchangeFacts({ call, exchange, reading, authorization }: Sent, service: CheckedService): ExchangeFacts {
  const { request, reply, failure = '', hops, milliseconds } = exchange;
  const clean = (text: string) => withoutPassword(text, service);
  return {
    curl: clean(curlFor(call, service, authorization)),
    method: request.method,
    path: request.path,
    status: reply?.status ?? 0,
    body: clean(reply?.body.toString('utf8') ?? '').slice(0, LONGEST_TEXT),
    failure,
    isTooLong: reply?.isTooLong === true,
    hops: hops.map(({ status, location }) => ({ status, location: clean(location) })),
    milliseconds: Math.round(milliseconds),
    tsuru: clean(describeReading(call, reading)).slice(0, LONGEST_TEXT),
  };
}

function sentence(text: string): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
