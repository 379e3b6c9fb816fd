/** The longest text from a backend, a library or a header, in UTF-16 units. */
const MAX_TEXT = 512;

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599;
}

/**
 * An error with an HTTP status and a text for the user of the `tsuru` command. Tsuru shows the raw body of the
 * response, `invalid response: BODY (code: STATUS)`, so the message is one plain line that says what to do.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  /**
   * @param status 400 to 599; any other number becomes 500. A 4xx promises that nothing was changed.
   * @param message one line, without secrets.
   * @param fields more members of the JSON body, such as `missing_params`.
   */
  constructor(status: number, message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    const isValid = isErrorStatus(status);
    super(
      message,
      isValid ? options : { cause: new RangeError(`${status} is not an error status`), ...options },
    );
    this.status = isValid ? status : 500;
    this.fields = fields;
  }

  /** Whether the request was refused and nothing was changed. */
  get refused(): boolean {
    return this.status < 500;
  }
}

/** The message of any error, on one line of at most 512 characters, without the passwords in its URLs. */
export function messageOf(error: unknown): string {
  return oneLine(textOf(error), MAX_TEXT);
}

/** A text on one line, of at most `max` UTF-16 units, without the credentials in its URLs. */
export function oneLine(text: string, max: number): string {
  return hideCredentials(text, max).replace(/\s+/g, ' ').trim();
}

/**
 * A text without the user and password of any URL. It is cut first, so that the work does not grow with the text. A URL
 * that runs into the cut loses everything after `://`, since its `@` may be beyond the cut.
 *
 * @param max in UTF-16 units; a cut text ends with `…`
 */
export function hideCredentials(text: string, max: number): string {
  const isCut = text.length > max;
  const words = (isCut ? text.slice(0, max) : text).split(/(\s)/);
  const hidden = words.map((word, index) => withoutCredentials(word, isCut && index === words.length - 1)).join('');
  // The cut may have split a surrogate pair.
  return isCut ? `${hidden.replace(/[\ud800-\udbff]$/, '')}…` : hidden;
}

function withoutCredentials(word: string, isUnfinished: boolean): string {
  const start = word.indexOf('://');
  if (start === -1) return word;
  const end = isUnfinished ? word.length : word.lastIndexOf('@');
  return end < start ? word : `${word.slice(0, start)}://***${word.slice(end)}`;
}

function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? (error.message as unknown) : error);
  } catch {
    return 'an error without a text';
  }
}
