import type { Logger } from 'pino';

import { messageOf, ServiceError } from './errors.js';

/** In bytes, for all headers of a request: a cluster's kube config comes in one, and Node's own limit is 16 KiB. */
export const MAX_HEADER_SIZE = 128 * 1024;

/** A logger as every web framework has it. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** Header names in lower case; a repeated header is one string joined by `, `. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type Method = 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';

/** What a flavour's routes hand over: nothing in it depends on the web framework. */
export interface Incoming {
  method: string;
  /** The request target as it came over the wire: path and query, nothing decoded, nothing folded. */
  target: string;
  headers: Headers;
  /** The raw body; empty when there was none. */
  body: Uint8Array;
  log: Log;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Absent for an answer without a body. */
  body?: string | Uint8Array<ArrayBuffer>;
}

/** One route of the service API. `path` has `:name` parameters, and is never matched with a trailing slash or another case. */
export interface Route {
  method: Method;
  path: string;
  handle(request: Incoming): Promise<Answer>;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

/** The value of a header, or undefined when it is absent or empty. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) || undefined;
}

/**
 * The answer for anything that was thrown on the way: `{code, message}` on one line, no stack, no secret.
 * Errors of the web framework itself (a body that is too large, ...) keep their 4xx status; anything unknown is a
 * bug of the service: it is logged whole, and the caller gets the request's id to ask about.
 */
export function errorAnswer(error: unknown, log: Log): Answer {
  if (error instanceof ServiceError) {
    if (!error.refused) log.error({ err: error }, error.message);
    const { status: code, message, fields } = error;
    const answer = json(code, { code, message, ...fields });
    if (code === 401) answer.headers['www-authenticate'] = 'Basic realm="service API", charset="UTF-8"';
    return answer;
  }
  const status = frameworkStatus(error);
  if (status === 413) return json(413, { code: 413, message: 'The body is larger than this service takes.' });
  if (status !== undefined) return json(status, { code: status, message: messageOf(error) });
  log.error({ err: error }, 'unexpected error');
  return json(500, { code: 500, message: 'The service API failed unexpectedly; its log says why.' });
}

/** The answer for a path or method that no route has. */
export function notFound(method: string): ServiceError {
  return new ServiceError(404, `No route of this service takes this ${method} request.`);
}

function frameworkStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  return [statusCode, status].find((code): code is number => typeof code === 'number' && code >= 400 && code < 500);
}
