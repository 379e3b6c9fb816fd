/** How the program ends. 0 is done, or nothing to do. */
export const EXIT = {
  failed: 1,
  usage: 2,
  conflict: 3,
  inTheWay: 4,
  unreadable: 5,
  different: 6,
  cancelled: 130,
} as const;

/**
 * Something that a person can put right: it is shown as its message and hint, without a stack, and ends the program with
 * its exit code. Anything else that is thrown is a bug.
 */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
  readonly exitCode: (typeof EXIT)[keyof typeof EXIT];
  readonly hint: string;

  /**
   * @param exitCode one of {@link EXIT}
   * @param message what happened, and to which file or flag
   * @param hint what to do next
   */
  constructor(exitCode: (typeof EXIT)[keyof typeof EXIT], message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** Ctrl-C, at a prompt or later. */
export function cancelled(): ExpectedError {
  return new ExpectedError(EXIT.cancelled, 'Cancelled.');
}

/** A file that this program keeps in a project, and that cannot be used. */
export function unreadable(message: string, hint: string): ExpectedError {
  return new ExpectedError(EXIT.unreadable, message, hint);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
