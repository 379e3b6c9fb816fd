import type { Encoding } from '../tsuru/encoding.ts';
import type { Check } from './check.ts';
import type { Left } from './made.ts';
import type { Sent } from './sent.ts';

/**
 * How a check ended. `blocked`: something that it depends on failed; `unfinished`: the run ended first; `accepted`: it failed
 * or was blocked, as a baseline says.
 */
export type CheckOutcome = 'passed' | 'failed' | 'blocked' | 'skipped' | 'unfinished' | 'accepted';

/**
 * How a run ended. `lost`: the service became unreachable; `silent`: too many calls got no reply in time; `overdue`: the run
 * took longer than it may.
 */
export type CheckEnding = 'complete' | 'interrupted' | 'lost' | 'silent' | 'overdue';

/** The result of one check in one encoding. */
export interface Result {
  check: Check;
  /** Undefined for a check that runs once. */
  encoding: Encoding | undefined;
  outcome: CheckOutcome;
  /** Why it did not pass, as a sentence without its capital and period; `''` if it passed. */
  problem: string;
  /** The label of the check that tests what this one depends on; for `blocked` only. */
  waitsFor: string | undefined;
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
  /** When the run started. */
  started: Date;
  /** The instances that may still exist, and the call that removes each. */
  left: Left[];
  milliseconds: number;
}

/** The name of a check for a report, with its encoding. */
export function labelOf(id: string, encoding: Encoding | null | undefined): string {
  return encoding ? `${id} (${encoding})` : id;
}

/** Whether a rule is broken, or could not be tested. */
export function hasFailed({ outcome }: { outcome: Result['outcome'] }): boolean {
  return outcome === 'failed' || outcome === 'blocked';
}
