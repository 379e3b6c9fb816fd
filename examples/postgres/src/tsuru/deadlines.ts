import type { ServiceError } from './errors.js';

/** Milliseconds from the start of an operation. */
export interface Deadlines {
  /** Until its signal is aborted. */
  work: number;
  /** Until its reply is due, whether the work has ended or not. */
  reply: number;
}

/**
 * An operation, as its own work sees it. The reply may be sent before the work ends; the work then continues without
 * it.
 */
export interface Operation {
  /** Aborted when the time for the work is over. */
  readonly signal: AbortSignal;
  /** Whether the reply was sent before the work ended. */
  readonly hasReplied: () => boolean;
  /** Replies with this error now. */
  readonly replyWith: (error: ServiceError) => void;
}

export interface StartedOperation<T> {
  /** Settles in time, even if the work does not. */
  reply: Promise<T>;
  /** Settles when the work has really ended. */
  work: Promise<T>;
  /** Aborts the signal early. */
  readonly abort: (reason: Error) => void;
}

/**
 * Starts an operation whose reply is due at a fixed time.
 * @param overdue creates the error to reply with if the work has not ended by then
 */
export function startWithDeadlines<T>(
  deadlines: Deadlines,
  overdue: () => ServiceError,
  task: (operation: Operation) => Promise<T>,
): StartedOperation<T> {
  const controller = new AbortController();
  let hasReplied = false;
  let replyWith: Operation['replyWith'] = () => {};
  const earlyReply = new Promise<never>((_, reject) => {
    replyWith = (error) => {
      hasReplied = true;
      reject(error);
    };
  });
  const timers = [
    setTimeout(() => {
      controller.abort(new Error('the time for this request is over'));
    }, deadlines.work),
    setTimeout(() => {
      replyWith(overdue());
    }, deadlines.reply),
  ];
  const work = task({ signal: controller.signal, hasReplied: () => hasReplied, replyWith }).finally(() => {
    timers.forEach(clearTimeout);
  });
  return {
    work,
    reply: Promise.race([work, earlyReply]),
    abort: (reason) => {
      controller.abort(reason);
    },
  };
}
