import { pino, type DestinationStream, type Logger } from 'pino';

import { hideCredentials, messageOf, oneLine } from './errors.js';
import { HEALTHCHECK, type Headers, type Log } from './http.js';
import { isProxied, requesterOf } from './tsuru-headers.js';

/** The longest texts in a line of the log, in UTF-16 units. */
const MAX_STACK = 4096;
const MAX_TEXT = 512;
/** A chain of causes may be endless. */
const MAX_CAUSES = 5;

/**
 * A logger that writes one JSON object a line, and no secret. Headers and bodies are never passed to it. Of an
 * error it logs only the texts, since libraries attach whole requests to their errors, passwords included.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, serializers: { err: errorText } };
  return destination ? pino(options, destination) : pino(options);
}

function errorText(error: unknown, depth = 0): Record<string, unknown> {
  try {
    if (!(error instanceof Error)) return { message: messageOf(error) };
    const { name, stack, cause } = error;
    return {
      name: oneLine(String(name), MAX_TEXT),
      message: messageOf(error),
      stack: framesOf(String(stack ?? '')),
      ...(cause !== undefined && depth < MAX_CAUSES && { cause: errorText(cause, depth + 1) }),
    };
  } catch {
    // Anything can be thrown, including an object whose properties throw.
    return { message: 'an unreadable error' };
  }
}

/** The frames of a stack, without the message above them. */
function framesOf(stack: string): string {
  const start = stack.indexOf('\n    at ');
  return start === -1 ? '' : hideCredentials(stack.slice(start + 1), MAX_STACK);
}

/** A request and its response, as logged. */
export interface LoggedRequest {
  method: string;
  path: string;
  headers: Headers;
  status: number;
  /** From the request to the end of its response. */
  milliseconds: number;
}

/** Logs a request. Health checks are frequent, and logged at the level debug. */
export function logRequest(log: Log, { method, path, headers, status, milliseconds }: LoggedRequest): void {
  const requester = requesterOf(method, headers);
  log[path === HEALTHCHECK ? 'debug' : 'info'](
    {
      method,
      path: path.slice(0, MAX_TEXT),
      status,
      ms: Math.round(milliseconds * 10) / 10,
      ...(requester && { user: requester.user.slice(0, MAX_TEXT), event: requester.event.slice(0, MAX_TEXT) }),
      proxied: isProxied(headers) || undefined,
    },
    'request',
  );
}
