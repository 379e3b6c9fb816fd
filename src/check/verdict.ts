import type { Encoding } from '../tsuru/encoding.ts';
import type { Sent } from './sent.ts';

/** Why a check did not pass. */
export class Verdict extends Error {
  readonly outcome: 'failed' | 'blocked' | 'skipped';
  /** For `blocked`: the id of the check that tests what failed, and the encoding of the call that did. */
  readonly waitsFor: { id: string; encoding: Encoding } | undefined;

  /** The call that the verdict is about. */
  readonly sent: Sent | undefined;

  /**
   * @param outcome `failed`: the rule is broken; `blocked`: something that the check depends on failed; `skipped`: the rule
   *   does not apply to this service
   * @param message a sentence without its capital and period
   */
  constructor(outcome: Verdict['outcome'], message: string, waitsFor?: Verdict['waitsFor'], sent?: Sent) {
    super(message);
    this.outcome = outcome;
    this.waitsFor = waitsFor;
    this.sent = sent;
  }
}
