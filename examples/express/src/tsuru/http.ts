import type { Logger } from 'pino';

import { messageOf, oneLine, ServiceError } from './errors.js';

/** In bytes, for all headers of a request: a cluster's kube config comes in one, and Node's own limit is 16 KiB. */
export const MAX_HEADER_SIZE = 128 * 1024;

/** A logger as every web framework has it. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The methods that a route can have. */
export const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** Where the service says that it works; the one path of its own that asks for no password. */
export const HEALTHCHECK = '/healthcheck';

/** In UTF-16 units, for the message of an error answer and for its other fields: what a person reads in a terminal. */
const MESSAGE_BOUND = 1024;
const FIELDS_BOUND = 2048;

/** Header names in lower case; a repeated header is one string joined by `, `. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type Method = (typeof METHODS)[number];

/** What a flavour's routes hand over: nothing in it depends on the web framework. */
export interface Incoming {
  method: string;
  /** The request target as it came over the wire: path and query, nothing decoded, nothing folded. */
  target: string;
  headers: Headers;
  /** Names and values in turn, a pair for each header line: `['Host', 'service', ...]`. Here repeated headers stay apart. */
  rawHeaders: readonly string[];
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

/** One route of the service API. `path` has `:p2` parameters, and is never matched with a trailing slash or another case. */
export interface Route {
  method: Method;
  path: string;
  /** Answers whatever happens: what is thrown below it has become an answer. */
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

/** Whether a request of this method has a body that counts. A GET may bring one through Tsuru's proxy; it is not read. */
export function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** The values of a header, one for each of its lines, each as it came. `name` is in lower case. */
export function headerLines(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/**
 * The answer for anything that was thrown on the way: `{code, message}` on one line and of a bounded length, no stack,
 * no secret. What is no ServiceError is a bug of the service or of a library, whatever status it carries: it is logged,
 * and the caller is told no more than that.
 *
 * @param own the 4xx of an error that the web framework itself raised, in routing or in reading a body; undefined for all others
 */
export function errorAnswer(error: unknown, log: Log, own?: number): Answer {
  if (error instanceof ServiceError) {
    if (!error.refused) log.error({ err: error }, messageOf(error));
    return problem(error.status, error.message, boundedFields(error.fields));
  }
  if (own === 413) return errorAnswer(tooLarge(), log);
  if (own !== undefined && own >= 400 && own < 500) return problem(own, messageOf(error));
  log.error({ err: error }, 'unexpected error');
  return problem(500, 'The service API failed unexpectedly; its log says why.');
}

/** The answer for a path or method that no route has. */
export function notFound(method: string): ServiceError {
  return new ServiceError(404, `No route of this service takes this ${method} request.`);
}

/** What a body over the limit is refused with. */
export function tooLarge(): ServiceError {
  return new ServiceError(413, 'The body is larger than this service takes.');
}

function problem(code: number, text: string, fields: Readonly<Record<string, unknown>> = {}): Answer {
  const answer = json(code, { code, message: oneLine(text, MESSAGE_BOUND), ...fields });
  if (code === 401) answer.headers['www-authenticate'] = 'Basic realm="service API", charset="UTF-8"';
  // The rest of the body may still be on its way.
  if (code === 413) answer.headers['connection'] = 'close';
  return answer;
}

/** The fields, or none when they are too long for an answer or not JSON at all. */
function boundedFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return JSON.stringify(fields).length <= FIELDS_BOUND ? fields : {};
  } catch {
    return {};
  }
}
