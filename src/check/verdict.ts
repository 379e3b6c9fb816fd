/** Why a check did not pass. */
export class Verdict extends Error {
  readonly outcome: 'failed' | 'blocked' | 'skipped';
  /** For `blocked`: the label of the check that tests what failed, such as `create.success (json)`. */
  readonly waitsFor: string | undefined;

  /**
   * @param outcome `failed`: the rule is broken; `blocked`: something that the check depends on failed; `skipped`: the rule
   *   does not apply to this service
   * @param message a sentence without its capital and period
   */
  constructor(outcome: Verdict['outcome'], message: string, waitsFor?: string) {
    super(message);
    this.outcome = outcome;
    this.waitsFor = waitsFor;
  }
}
