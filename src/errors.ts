/** The exit codes of the program. 0 means done, or nothing to do. */
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
 * An error that the user can fix. The program prints its message and hint, without a stack, and exits with its exit code.
 * Any other error is a bug.
 */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
  readonly exitCode: (typeof EXIT)[keyof typeof EXIT];
  readonly hint: string;

  /**
   * @param exitCode one of {@link EXIT}
   * @param message what happened, and to which file or option
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

/** An error in a file that this program keeps in a project. */
export function unreadable(message: string, hint: string): ExpectedError {
  return new ExpectedError(EXIT.unreadable, message, hint);
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
