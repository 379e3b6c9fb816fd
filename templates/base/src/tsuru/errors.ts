/**
 * An answer other than success, with a text for the person who typed the `tsuru` command: Tsuru shows the raw body,
 * `invalid response: BODY (code: STATUS)`, so the message is one plain line that says what to do.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  /**
   * @param status HTTP status, 400 to 599. A 4xx promises that nothing was changed.
   * @param message one line, no secret.
   * @param fields more members of the JSON body, such as `missing_params`.
   */
  constructor(status: number, message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.fields = fields;
  }

  /** True when the request was refused and nothing was changed. */
  get refused(): boolean {
    return this.status < 500;
  }
}

/** The message of anything that was thrown, on one line, and without the passwords that libraries quote in their URLs. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return hideCredentials(message).replace(/\s+/g, ' ').trim();
}

/** A text with the user and the password of every URL taken out. */
export function hideCredentials(text: string): string {
  return text.replace(/:\/\/\S*@/g, '://***@');
}
