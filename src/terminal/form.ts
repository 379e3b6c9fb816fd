/** One question of a form. It keeps its answer itself, and offers it again when it is asked again. */
export type Step = (isFirst: boolean) => Promise<'answered' | 'back'>;

/** Asks one question after the other, and the one before when the person goes back. */
export async function askInTurn(steps: readonly Step[]): Promise<void> {
  let at = 0;
  for (let step = steps[at]; step !== undefined; step = steps[at]) {
    at += (await step(at === 0)) === 'back' && at > 0 ? -1 : 1;
  }
}
