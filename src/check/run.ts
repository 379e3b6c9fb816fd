import type { Encoding } from '../tsuru/encoding.ts';
import { TOO_MANY_REDIRECTS } from '../tsuru/redirects.ts';
import type { Check } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { forEachConcurrently } from './concurrency.ts';
import type { Left } from './made.ts';
import { Probe } from './probe.ts';
import { hasFailed, labelOf, type CheckEnding, type CheckRun, type Result } from './result.ts';
import { outcomeOf, type Sent } from './sent.ts';
import { Lost, type CheckedService, type Session } from './session.ts';
import { Verdict } from './verdict.ts';
import { WatchedSession, type OnSent } from './watched-session.ts';

/** What bounds a run. */
export interface Limits {
  /** Ends the checks; the instances are still removed. */
  signal: AbortSignal;
  /** Ends the removal of the instances as well. */
  hurry?: AbortSignal;
  /** Milliseconds for all checks. */
  maxTime?: number;
}

export interface Watcher {
  /** Called whenever the progress changes; `waiting` describes a wait. */
  onProgress(done: number, total: number, current: string, waiting: string | undefined): void;
  /** Called with every call, in the order of the replies. */
  onSent?: OnSent;
}

/** Watches nothing. */
export const QUIET: Watcher = { onProgress() {} };

/** The number of checks that run at the same time. */
const CHECKS_AT_ONCE = 6;

/** Milliseconds for a run, unless it is told otherwise. */
export const MAX_TIME = 300_000;

/** A check, and the encoding that it runs in; undefined if it runs once. */
type Planned = Pick<Result, 'check' | 'encoding'>;

/** The checks that apply to a service, each in its encodings. */
function plannedFor(checks: readonly Check[], service: CheckedService): Planned[] {
  return checks
    .filter(({ multiCluster }) => multiCluster !== true || service.multiCluster)
    .flatMap((check) => (check.perEncoding ? service.encodings : [undefined]).map((encoding) => ({ check, encoding })));
}

/**
 * Runs checks against a service, several at a time, and removes every instance that they created, even after a failure. A
 * check that did not pass is repeated alone: the service may handle one call at a time, or be slow under load.
 */
export async function runChecks(
  service: CheckedService,
  checks: readonly Check[],
  { signal, hurry = new AbortController().signal, maxTime = MAX_TIME }: Limits,
  watcher: Watcher,
): Promise<CheckRun> {
  const started = new Date();
  const start = performance.now();
  // A whole number, as far as a timer reaches.
  const time = AbortSignal.timeout(Math.min(Math.ceil(maxTime), 2 ** 31 - 1));
  const session = new WatchedSession(service, AbortSignal.any([signal, time]), (sent, at) => watcher.onSent?.(sent, at));
  const planned = plannedFor(checks, service);
  const results: Result[] = [];
  let done = 0;
  const showProgress = (label: string, waiting?: string) => {
    watcher.onProgress(done, planned.length, label, waiting);
  };
  let left: Left[];
  let ending: CheckEnding;
  try {
    await forEachConcurrently(planned, CHECKS_AT_ONCE, async (one, index) => {
      results[index] = await tryCheck(session, one, showProgress);
      done++;
    });
    await repeat(results, (result) => tryCheck(session, result, showProgress), () => {
      session.forget();
    });
    ending = endingOf(session, signal, time);
  } finally {
    watcher.onProgress(planned.length, planned.length, 'removing the instances', undefined);
    left = await session.made.removeAll(hurry);
  }
  return {
    results,
    ending,
    started,
    left,
    milliseconds: performance.now() - start,
  };
}

function endingOf(session: Session, signal: AbortSignal, time: AbortSignal): CheckEnding {
  if (session.isLost) return 'lost';
  if (signal.aborted) return 'interrupted';
  if (session.isSilent) return 'silent';
  return time.aborted ? 'overdue' : 'complete';
}

/**
 * Repeats, alone, the checks that may end otherwise then: those that failed, but not for want of a reply; after them those
 * that are blocked by one that passed, as long as that changes anything.
 * @param results are replaced by better ones
 * @param forget is called when something has changed
 */
async function repeat(
  results: Result[],
  attempt: (result: Result) => Promise<Result>,
  forget: () => void,
): Promise<void> {
  const tried = new Set<string>();
  const isFresh = ({ check, encoding }: Result) => !tried.has(labelOf(check.id, encoding));
  const isDoubtful = (result: Result) => result.outcome === 'failed' && result.culprit?.exchange.failure !== 'timeout';
  const isInVain = ({ outcome, waitsFor }: Result) =>
    outcome === 'blocked' &&
    results.find(({ check, encoding }) => labelOf(check.id, encoding) === waitsFor)?.outcome === 'passed';
  const inTurn = async (isWanted: (result: Result) => boolean) => {
    for (let hasChanged = true; hasChanged;) {
      hasChanged = false;
      for (const [index, result] of results.entries()) {
        if (!isFresh(result) || !isWanted(result)) continue;
        tried.add(labelOf(result.check.id, result.encoding));
        const again = await attempt(result);
        if (again.outcome !== 'passed' && (result.outcome === 'failed' || again.outcome === 'unfinished')) continue;
        results[index] = again;
        hasChanged = true;
      }
      if (hasChanged) forget();
    }
  };
  if (!results.some(isDoubtful) && !results.some(isInVain)) return;
  // What was found out under load may be wrong as well.
  forget();
  await inTurn(isDoubtful);
  await inTurn(isInVain);
}

/** Runs one check, and removes its instances. */
async function tryCheck(
  session: Session,
  { check, encoding }: Planned,
  showProgress: (label: string, waiting?: string) => void,
): Promise<Result> {
  const start = performance.now();
  const label = labelOf(check.id, encoding);
  const spoken = encoding ?? session.service.encodings[0] ?? 'form';
  const probe = new Probe(session, check.id, spoken, (waiting) => {
    showProgress(label, waiting);
  });
  let outcome: Result['outcome'] = 'passed';
  let problem = '';
  let waitsFor: string | undefined;
  let about: Sent | undefined;
  showProgress(label);
  try {
    session.requireRunning();
    await check.run(probe);
  } catch (error) {
    if (error instanceof Verdict) {
      ({ outcome, message: problem, sent: about } = error);
      waitsFor = error.waitsFor && labelIn(error.waitsFor.id, error.waitsFor.encoding);
      if (waitsFor === label) [outcome, waitsFor] = ['failed', undefined];
    } else if (error instanceof Lost) {
      outcome = 'unfinished';
      problem = 'the run ended first';
    } else {
      throw error;
    }
  }
  const last = probe.last();
  if (outcome === 'unfinished' && session.isLost && last !== undefined) {
    problem = `the last call ${outcomeOf(last)}`;
  }
  const culprit = hasFailed({ outcome }) ? (about ?? last) : undefined;
  if (hasFailed({ outcome }) && !check.id.startsWith('http.redirect')) {
    const redirect = redirectAmong(probe.sent);
    if (redirect !== undefined) [outcome, waitsFor] = ['blocked', redirect];
  }
  await session.made.remove(probe.names);
  const milliseconds = performance.now() - start;
  return { check, encoding, outcome, problem, waitsFor, sent: probe.sent, culprit, milliseconds };
}

/** The check that tests the redirects of these calls, whose replies say nothing about another rule. */
function redirectAmong(sent: readonly Sent[]): string | undefined {
  const turned = sent.some(({ call, exchange }) => exchange.hops.some(({ method }) => method !== call.request.method));
  if (turned) return 'http.redirect';
  const isEndless = sent.some(({ exchange }) => exchange.failure === TOO_MANY_REDIRECTS);
  return isEndless ? 'http.redirect-kept' : undefined;
}

/** The label of a check in an encoding, which it has only if it runs in each. */
function labelIn(id: string, encoding: Encoding): string {
  return labelOf(id, CHECKS.find((check) => check.id === id)?.perEncoding ? encoding : undefined);
}
