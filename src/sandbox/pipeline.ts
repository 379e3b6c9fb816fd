import { Crash, type Fault, type Faults, type Step } from './faults.ts';

/** One step of a change, and what undoes it if a later one fails. */
export interface Action<Result = unknown> {
  /** The fault that can keep it from being made. */
  fault?: Fault;
  forward: (previous: unknown) => Promise<Result> | Result;
  /** Its own errors are dropped, as Tsuru drops them. */
  backward?: (result: Result) => Promise<void> | void;
}

/**
 * Makes a change step by step, each with the result of the one before. If one fails, those before it are undone, the last one
 * first (tsuru/action).
 *
 * @throws Crash if Tsuru ends in between: nothing is undone then
 */
export async function runPipeline(step: Step, faults: Faults, actions: readonly Action[]): Promise<void> {
  const done: (() => Promise<void> | void)[] = [];
  let previous: unknown;
  try {
    for (const { fault, forward, backward } of actions) {
      if (fault !== undefined && faults.take(fault, step)) throw fault === 'crash' ? new Crash() : new Error(FAILURES[fault]);
      const result: unknown = await forward(previous);
      if (backward !== undefined) done.push(() => backward(result));
      previous = result;
    }
  } catch (error) {
    if (error instanceof Crash) throw error;
    for (const undo of done.reverse()) {
      try {
        await undo();
      } catch (failure) {
        if (failure instanceof Crash) throw failure;
      }
    }
    throw error;
  }
}

const FAILURES: Partial<Record<Fault, string>> = {
  store: 'sandbox fault: the database of Tsuru does not take the change',
  restart: 'sandbox fault: the units of the app do not restart',
};
