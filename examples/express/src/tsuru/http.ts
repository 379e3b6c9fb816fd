import type { Logger } from 'pino';

import { messageOf, oneLine, ServiceError } from './errors.js';
import type { AcceptedTarget } from './request-target.js';

/** Bytes of all headers of a request: a cluster's kube config comes in one, and Node's own limit is 16 KiB. */
export const MAX_HEADER_SIZE = 128 * 1024;

/** The logger methods that every web framework has. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The methods that a route can have. */
export const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** The path of the health check, the only one that needs no password. */
export const HEALTHCHECK = '/healthcheck';

/** The path of the metrics, where they are served. */
export const METRICS = '/metrics';

/**
 * The longest message of an error response, and all of its other fields, in UTF-16 units. They are read in a terminal.
 */
const MAX_MESSAGE = 1024;
const MAX_FIELDS = 2048;

/** Header names in lower case; a repeated header is one string joined by `, `. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type Method = (typeof METHODS)[number];

/** A request, independent of the web framework. */
export interface ServiceRequest {
  method: string;
  target: AcceptedTarget;
  headers: Headers;
  /** Names and values in turn: `['Host', 'service', ...]`. Repeated headers stay apart. */
  rawHeaders: readonly string[];
  /** The raw body; empty when there was none. */
  body: Uint8Array;
  log: Log;
}

export interface ServiceResponse {
  status: number;
  headers: Record<string, string>;
  /** Absent for a response without a body. */
  body?: string | Uint8Array<ArrayBuffer>;
}

/**
 * A route of the service API. `path` has `:p2` parameters, and must match exactly: no trailing slash, no other case.
 */
export interface Route {
  method: Method;
  path: string;
  /** Never rejects: an error becomes its response. */
  handle(request: ServiceRequest): Promise<ServiceResponse>;
}

export function jsonResponse(status: number, value: unknown): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) };
}

/** The value of a header, or undefined when it is absent or empty. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) || undefined;
}

/** Whether the body of a request is read. A GET may have one when it comes through Tsuru's proxy; it is ignored. */
export function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** The values of a header, one for each of its lines. @param name in lower case */
export function headerLines(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/**
 * The response for any error: `{code, message}` on one line and of limited length, with no stack and no secret. Any
 * error but a ServiceError is a bug of the service or of a library, even if it carries a status: it is logged, and the
 * caller sees none of it.
 *
 * @param frameworkStatus the 4xx of an error that the web framework itself raised in routing or in reading a body
 */
export function errorResponse(error: unknown, log: Log, frameworkStatus?: number): ServiceResponse {
  if (error instanceof ServiceError) {
    if (!error.refused) log.error({ err: error }, messageOf(error));
    return problem(error.status, error.message, limitedFields(error.fields));
  }
  if (frameworkStatus === 413) return errorResponse(tooLarge(), log);
  if (frameworkStatus !== undefined && frameworkStatus >= 400 && frameworkStatus < 500) {
    return problem(frameworkStatus, messageOf(error));
  }
  log.error({ err: error }, 'unexpected error');
  return problem(500, 'The service API failed unexpectedly; its log says why.');
}

/** For a path or method without a route. */
export function notFound(method: string): ServiceError {
  return new ServiceError(404, `This service has no route for this ${method} request.`);
}

/** For a body over the limit. */
export function tooLarge(): ServiceError {
  return new ServiceError(413, 'The body is larger than this service accepts.');
}

function problem(code: number, text: string, fields: Readonly<Record<string, unknown>> = {}): ServiceResponse {
  const response = jsonResponse(code, { code, message: oneLine(text, MAX_MESSAGE), ...fields });
  if (code === 401) response.headers['www-authenticate'] = 'Basic realm="service API", charset="UTF-8"';
  // The rest of the body may still be on its way.
  if (code === 413) response.headers['connection'] = 'close';
  return response;
}

/** The fields, or none when they are too long or not JSON at all. */
function limitedFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return JSON.stringify(fields).length <= MAX_FIELDS ? fields : {};
  } catch {
    return {};
  }
}
