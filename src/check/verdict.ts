/** Why a check did not pass. */
export class Verdict extends Error {
  readonly outcome: 'failed' | 'blocked' | 'skipped';

  /**
   * @param outcome `failed`: the rule is broken; `blocked`: something that it needs failed before; `skipped`: it does not
   *   apply to this service
   * @param message what happened, as a part of a sentence
   */
  constructor(outcome: Verdict['outcome'], message: string) {
    super(message);
    this.outcome = outcome;
  }
}
