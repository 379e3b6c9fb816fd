import type { ServerResponse } from 'node:http';

/** An answer with a body as a whole, or one that is written by whatever answers it. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | { write: (response: ServerResponse) => Promise<void> };

/** An error of Tsuru's API: its text goes to the user. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** @param rules whether each is kept, and what is said if it is not @throws ApiError with 400 for the first that is not */
export function requireAll(rules: readonly (readonly [boolean, string])[]): void {
  const broken = rules.find(([isKept]) => !isKept);
  if (broken !== undefined) throw new ApiError(400, broken[1]);
}

/** JSON as Go's encoder writes it, as `application/json` unless Tsuru sends it as text, and with a line end unless Tsuru writes none. */
export function json(value: unknown, { status = 200, isText = false, end = '\n' }: { status?: number; isText?: boolean; end?: string } = {}): Answer {
  return { status, ...(!isText && { headers: { 'Content-Type': 'application/json' } }), body: goJson(value) + end };
}

/** A list in JSON; 204 for an empty one. */
export function listed(items: readonly unknown[], options: { isText?: boolean } = {}): Answer {
  return items.length === 0 ? empty(204) : json(items, options);
}

/** Null for an empty list, as Go writes one that was never made. */
export function orNull<Item>(items: readonly Item[]): readonly Item[] | null {
  return items.length === 0 ? null : items;
}

/** JSON in which `<`, `>`, `&` and the two line separators of Unicode are escaped, as in Go. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A body of text; its type is the one that Go's server finds in it. */
export function plainText(body: string, status = 200): Answer {
  return { status, body };
}

export function empty(status = 200): Answer {
  return { status };
}
