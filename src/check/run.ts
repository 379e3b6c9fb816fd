import { eachAtOnce } from './at-once.ts';
import { EXIT, ExpectedError } from '../errors.ts';
import { groupOf, type Check } from './check.ts';
import type { Encoding } from '../tsuru/calls.ts';
import { outcomeOf, Probe } from './probe.ts';
import { isUnreachable, Lost, Session, type Sent, type Target } from './session.ts';
import { Verdict } from './verdict.ts';

/** How a check ended; `unfinished`: the run ended before. */
export type Outcome = 'passed' | 'failed' | 'blocked' | 'skipped' | 'unfinished';

/** How a run ended; `lost`: the service could not be reached any more; `silent`: it stopped answering in time. */
export type Ending = 'complete' | 'interrupted' | 'lost' | 'silent';

/** What became of one check in one encoding. */
export interface Result {
  check: Check;
  /** Undefined where the encoding makes no difference. */
  encoding: Encoding | undefined;
  outcome: Outcome;
  /** Why it did not pass, as a sentence without its dot; `''` when it did. */
  problem: string;
  /** Every call, in order. */
  sent: readonly Sent[];
  /** The one that the verdict is about. */
  culprit: Sent | undefined;
  milliseconds: number;
}

/** What became of a whole run. */
export interface Run {
  results: Result[];
  ending: Ending;
  /** The instances that may still be there, and the call that removes each. */
  left: { name: string; removal: Sent['call'] }[];
  milliseconds: number;
}

export interface Watcher {
  /** Told each result, in the order of the checks. */
  onResult(result: Result): void;
  /** Told how far it is, whenever that changes; `waiting` says for what. */
  onProgress(done: number, total: number, current: string, waiting: string | undefined): void;
}

export const QUIET: Watcher = { onResult() {}, onProgress() {} };

/** How many checks run at a time. */
const AT_ONCE = 6;

/** The checks that a target calls for, each in its encodings. */
function plannedFor(checks: readonly Check[], target: Target): { check: Check; encoding: Encoding | undefined }[] {
  return checks
    .filter(({ multiCluster }) => multiCluster !== true || target.multiCluster)
    .flatMap((check) => (check.perEncoding ? target.encodings : [undefined]).map((encoding) => ({ check, encoding })));
}

/** @throws ExpectedError when nothing answers at the address of a target */
export async function requireReply(target: Target, signal: AbortSignal): Promise<void> {
  const unreached = await reach(target, signal);
  if (unreached === undefined || signal.aborted) return;
  throw new ExpectedError(
    EXIT.inTheWay,
    `Nothing answers at ${target.address.href}: ${unreached}.`,
    'Start the service, or give another address.',
  );
}

/** Whether anything answers at the address of a target; otherwise the reason why not. */
async function reach(target: Target, signal: AbortSignal): Promise<string | undefined> {
  const session = new Session(target, signal);
  try {
    const { exchange } = await session.send(session.calls('form').plans(), 'form');
    return exchange.answer === undefined && isUnreachable(exchange) ? exchange.failure : undefined;
  } catch (error) {
    if (error instanceof Lost) return 'the connection is refused';
    throw error;
  }
}

/**
 * Runs checks against a service, several at a time, and removes every instance that they made, whatever happens.
 * @param signal ends the checks early; the cleaning up goes on
 */
export async function runChecks(
  target: Target,
  checks: readonly Check[],
  signal: AbortSignal,
  watcher: Watcher,
): Promise<Run> {
  const start = performance.now();
  const session = new Session(target, signal);
  const planned = plannedFor(checks, target);
  const results: (Result | undefined)[] = planned.map(() => undefined);
  let told = 0;
  await eachAtOnce(planned, AT_ONCE, async ({ check, encoding }, index) => {
    const tell = (waiting?: string) => {
      const done = results.filter((result) => result !== undefined).length;
      watcher.onProgress(done, planned.length, labelOf(check.id, encoding), waiting);
    };
    tell();
    results[index] = await tryCheck(session, check, encoding, tell);
    for (let result = results[told]; result !== undefined; result = results[++told]) watcher.onResult(result);
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

/** A check with its encoding, for people. */
export function labelOf(id: string, encoding: Encoding | null | undefined): string {
  return encoding ? `${id} (${encoding})` : id;
}

/** Whether a rule does not hold, or could not be tried. */
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
  const probe = new Probe(session, groupOf(check), encoding ?? session.target.encodings[0] ?? 'form', onWait);
  let outcome: Result['outcome'] = 'passed';
  let problem = '';
  try {
    await check.run(probe);
  } catch (error) {
    if (error instanceof Verdict) {
      ({ outcome, message: problem } = error);
    } else if (error instanceof Lost) {
      outcome = 'unfinished';
      problem = 'the run ended before';
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
