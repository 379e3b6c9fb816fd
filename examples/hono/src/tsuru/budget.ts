import type { ServiceError } from './errors.js';

/** The time that a request has. Its answer can come before its work has ended; the work then goes on without it. */
export interface Budget {
  /** Aborted when the time for the work is over. */
  readonly signal: AbortSignal;
  /** Whether the answer was given before the work ended. */
  readonly isLate: () => boolean;
  /** Answers with this error now. */
  readonly fail: (error: ServiceError) => void;
}

/** Milliseconds from the start of a request. */
export interface Times {
  /** When its signal is aborted. */
  work: number;
  /** When it is answered whether the work has ended or not. */
  answer: number;
}

/** A request that runs. */
export interface Budgeted<T> {
  /** Ends in time, whatever the work does. */
  answer: Promise<T>;
  /** Ends when the work has really ended. */
  work: Promise<T>;
  /** Aborts the signal before its time. */
  readonly abort: (reason: Error) => void;
}

/**
 * Starts the work of a request and holds its answer to a time.
 * @param late the error that is answered when the time is over
 */
export function withBudget<T>(
  { work: forWork, answer: forAnswer }: Times,
  late: () => ServiceError,
  task: (budget: Budget) => Promise<T>,
): Budgeted<T> {
  const abort = new AbortController();
  let isLate = false;
  let fail: Budget['fail'] = () => {};
  const early = new Promise<never>((_, reject) => {
    fail = (error) => {
      isLate = true;
      reject(error);
    };
  });
  const timers = [
    setTimeout(() => {
      abort.abort(new Error('the time for this request is over'));
    }, forWork),
    setTimeout(() => {
      fail(late());
    }, forAnswer),
  ];
  const work = task({ signal: abort.signal, isLate: () => isLate, fail }).finally(() => {
    timers.forEach(clearTimeout);
  });
  return {
    work,
    answer: Promise.race([work, early]),
    abort: (reason) => {
      abort.abort(reason);
    },
  };
}
