import { Crash } from './faults.ts';

/** One step of a change, and what undoes it if a later one fails. */
export interface Undoable {
  forward: () => Promise<void> | void;
  /** Its own errors are dropped, as Tsuru drops them. */
  backward?: () => Promise<void> | void;
}

/**
 * Makes a change step by step. If one step fails, those before it are undone, the last one first; what the failed one did
 * itself stays (tsuru/action).
 *
 * @throws Crash if Tsuru ends in between: nothing is undone then
 */
export async function runPipeline(actions: readonly Undoable[]): Promise<void> {
  const done: Undoable[] = [];
  try {
    for (const action of actions) {
      await action.forward();
      done.unshift(action);
    }
  } catch (error) {
    if (error instanceof Crash) throw error;
    for (const { backward } of done) await attempt(backward);
    throw error;
  }
}

async function attempt(backward: Undoable['backward']): Promise<void> {
  try {
    await backward?.();
  } catch (error) {
    if (error instanceof Crash) throw error;
  }
}
