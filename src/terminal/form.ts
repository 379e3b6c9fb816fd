/** One question of a form. It stores its answer, and offers it again when it is asked again. */
export type FormStep = (isFirst: boolean) => Promise<'answered' | 'back'>;

/** Asks the questions in order, and the previous one when the user goes back. */
export async function askInTurn(steps: readonly FormStep[]): Promise<void> {
  let at = 0;
  for (let step = steps[at]; step !== undefined; step = steps[at]) {
    at += (await step(at === 0)) === 'back' && at > 0 ? -1 : 1;
  }
}
