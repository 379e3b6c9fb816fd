import { EXIT, ExpectedError } from '../errors.ts';
import { forEachConcurrently } from './concurrency.ts';
import { groupOf, type Check } from './check.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import { outcomeOf, Probe } from './probe.ts';
import { isUnreachable, Lost, Session, type Sent, type CheckedService } from './session.ts';
import { Verdict } from './verdict.ts';

/** How a check ended. `blocked`: something that it depends on failed; `unfinished`: the run ended first. */
export type CheckOutcome = 'passed' | 'failed' | 'blocked' | 'skipped' | 'unfinished';

/** How a run ended. `lost`: the service became unreachable; `silent`: too many calls got no reply in time. */
export type CheckEnding = 'complete' | 'interrupted' | 'lost' | 'silent';

/** The result of one check in one encoding. */
export interface Result {
  check: Check;
  /** Undefined for a check that runs once. */
  encoding: Encoding | undefined;
  outcome: CheckOutcome;
  /** Why it did not pass, as a sentence without its capital and period; `''` if it passed. */
  problem: string;
  /** Every call, in order. */
  sent: readonly Sent[];
  /** The call that the verdict is about. */
  culprit: Sent | undefined;
  milliseconds: number;
}

/** The results of all checks. */
export interface CheckRun {
  results: Result[];
  ending: CheckEnding;
  /** The instances that may still exist, and the call that removes each. */
  left: { name: string; removal: Sent['call'] }[];
  milliseconds: number;
}

export interface Watcher {
  /** Called with each result, in the order of the checks. */
  onResult(result: Result): void;
  /** Called whenever the progress changes; `waiting` describes a wait. */
  onProgress(done: number, total: number, current: string, waiting: string | undefined): void;
}

/** Watches nothing. */
export const QUIET: Watcher = { onResult() {}, onProgress() {} };

/** The number of checks that run at the same time. */
const CHECKS_AT_ONCE = 6;

/** The checks that apply to a service, each in its encodings. */
function plannedFor(checks: readonly Check[], service: CheckedService): { check: Check; encoding: Encoding | undefined }[] {
  return checks
    .filter(({ multiCluster }) => multiCluster !== true || service.multiCluster)
    .flatMap((check) => (check.perEncoding ? service.encodings : [undefined]).map((encoding) => ({ check, encoding })));
}

/** @throws ExpectedError when nothing listens at the address of a service */
export async function requireReply(service: CheckedService, signal: AbortSignal): Promise<void> {
  const unreached = await reach(service, signal);
  if (unreached === undefined || signal.aborted) return;
  throw new ExpectedError(
    EXIT.inTheWay,
    `${service.address.href} cannot be reached: ${unreached}.`,
    'Start the service, or give another address.',
  );
}

/** Why a service cannot be reached; undefined if it can. */
async function reach(service: CheckedService, signal: AbortSignal): Promise<string | undefined> {
  const session = new Session(service, signal);
  try {
    const { exchange } = await session.send(session.calls('form').plans(), 'form');
    return exchange.reply === undefined && isUnreachable(exchange) ? exchange.failure : undefined;
  } catch (error) {
    if (error instanceof Lost) return 'the connection was refused';
    throw error;
  }
}

/**
 * Runs checks against a service, several at a time, and removes every instance that they created, even after a failure.
 * @param signal ends the checks early; the instances are still removed
 */
export async function runChecks(
  service: CheckedService,
  checks: readonly Check[],
  signal: AbortSignal,
  watcher: Watcher,
): Promise<CheckRun> {
  const start = performance.now();
  const session = new Session(service, signal);
  const planned = plannedFor(checks, service);
  const results: (Result | undefined)[] = planned.map(() => undefined);
  let reported = 0;
  await forEachConcurrently(planned, CHECKS_AT_ONCE, async ({ check, encoding }, index) => {
    const showProgress = (waiting?: string) => {
      const done = results.filter((result) => result !== undefined).length;
      watcher.onProgress(done, planned.length, labelOf(check.id, encoding), waiting);
    };
    showProgress();
    results[index] = await tryCheck(session, check, encoding, showProgress);
    for (let result = results[reported]; result !== undefined; result = results[++reported]) watcher.onResult(result);
  });
  watcher.onProgress(planned.length, planned.length, 'removing the instances', undefined);
  const left = await session.cleanUpAll();
  return {
    results: results.filter((result) => result !== undefined),
    ending: session.isLost ? 'lost' : signal.aborted ? 'interrupted' : session.isSilent ? 'silent' : 'complete',
    left: left.map((name) => ({ name, removal: session.removal(name) })),
    milliseconds: performance.now() - start,
  };
}

/** The name of a check for a report, with its encoding. */
export function labelOf(id: string, encoding: Encoding | null | undefined): string {
  return encoding ? `${id} (${encoding})` : id;
}

/** Whether a rule is broken, or could not be tested. */
export function hasFailed({ outcome }: { outcome: Result['outcome'] }): boolean {
  return outcome === 'failed' || outcome === 'blocked';
}

async function tryCheck(
  session: Session,
  check: Check,
  encoding: Encoding | undefined,
  onWait: (waiting: string | undefined) => void,
): Promise<Result> {
  const start = performance.now();
  const probe = new Probe(session, groupOf(check), encoding ?? session.service.encodings[0] ?? 'form', onWait);
  let outcome: Result['outcome'] = 'passed';
  let problem = '';
  try {
    await check.run(probe);
  } catch (error) {
    if (error instanceof Verdict) {
      ({ outcome, message: problem } = error);
    } else if (error instanceof Lost) {
      outcome = 'unfinished';
      problem = 'the run ended first';
    } else {
      throw error;
    }
  }
  const hungUp = probe.sent.at(-1);
  if (outcome === 'unfinished' && session.isLost && hungUp !== undefined) {
    problem = `the last call ${outcomeOf(hungUp)}`;
  }
  const culprit = hasFailed({ outcome }) ? (probe.culprit ?? probe.sent.at(-1)) : undefined;
  await session.cleanUp(probe.names);
  return { check, encoding, outcome, problem, sent: probe.sent, culprit, milliseconds: performance.now() - start };
}
