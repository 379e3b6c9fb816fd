/** In UTF-16 units: what is kept of a text from elsewhere (a backend, a library, a header) before anything reads it. */
const TEXT_BOUND = 512;

/** Whether an HTTP status says that something went wrong. */
function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599;
}

/**
 * An answer other than success, with a text for the person who typed the `tsuru` command: Tsuru shows the raw body,
 * `invalid response: BODY (code: STATUS)`, so the message is one plain line that says what to do.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  /**
   * @param status HTTP status, 400 to 599. A 4xx promises that nothing was changed; any other number is taken as 500.
   * @param message one line, no secret.
   * @param fields more members of the JSON body, such as `missing_params`.
   */
  constructor(status: number, message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    const isValid = isErrorStatus(status);
    super(
      message,
      isValid ? options : { cause: new RangeError(`${status} is not the status of an error`), ...options },
    );
    this.status = isValid ? status : 500;
    this.fields = fields;
  }

  /** True when the request was refused and nothing was changed. */
  get refused(): boolean {
    return this.status < 500;
  }
}

/**
 * The message of anything that was thrown, on one line of at most 512 characters, and without the passwords that
 * libraries quote in their URLs.
 */
export function messageOf(error: unknown): string {
  return oneLine(textOf(error), TEXT_BOUND);
}

/** A text on one line, cut to a bound, without the credentials in its URLs. */
export function oneLine(text: string, bound: number): string {
  return hideCredentials(text, bound).replace(/\s+/g, ' ').trim();
}

/**
 * A text cut to a bound, with the user and the password of every URL taken out. It is cut first, so that the work does
 * not grow with the text; a URL that the cut goes through loses all of its rest, since its `@` may stand behind the cut.
 *
 * @param bound in UTF-16 units; a cut text ends with `…`
 */
export function hideCredentials(text: string, bound: number): string {
  const isCut = text.length > bound;
  const words = (isCut ? text.slice(0, bound) : text).split(/(\s)/);
  const hidden = words.map((word, index) => withoutCredentials(word, isCut && index === words.length - 1)).join('');
  // The cut may have left half of a character.
  return isCut ? `${hidden.replace(/[\ud800-\udbff]$/, '')}…` : hidden;
}

function withoutCredentials(word: string, goesOn: boolean): string {
  const start = word.indexOf('://');
  if (start === -1) return word;
  const end = goesOn ? word.length : word.lastIndexOf('@');
  return end < start ? word : `${word.slice(0, start)}://***${word.slice(end)}`;
}

function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? (error.message as unknown) : error);
  } catch {
    return 'an error that has no text';
  }
}
