/** One question of a form. It stores its answer, and offers it again when it is asked again. One that
 * earlier answers rule out is skipped in either direction. */
export type FormStep = (isFirst: boolean) => Promise<'answered' | 'back' | 'skipped'>;

/** Asks the questions in order, and the previous one when the user goes back. */
export async function askInTurn(steps: readonly FormStep[]): Promise<void> {
  let [at, way] = [0, 1];
  for (let step = steps[at]; step !== undefined; step = steps[at]) {
    const outcome = await step(at === 0);
    if (outcome !== 'skipped') way = outcome === 'back' && at > 0 ? -1 : 1;
    at += way;
  }
}
