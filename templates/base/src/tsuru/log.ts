import { pino, type DestinationStream, type Logger } from 'pino';

import { hideCredentials, messageOf, oneLine } from './errors.js';
import { HEALTHCHECK, type Headers, type Log } from './http.js';
import { isProxied, requesterOf } from './tsuru-headers.js';

/** In UTF-16 units: what a line of the log holds of each text, so that no request and no error makes it longer. */
const STACK_BOUND = 4096;
const TEXT_BOUND = 512;
/** How many causes of an error are logged; a chain may be endless. */
const CAUSES = 5;

/**
 * A logger that writes one JSON object a line, and no secret: headers and bodies are never given to it, and of an error
 * it takes the texts only, since libraries hang whole requests with their passwords on theirs.
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
      name: oneLine(String(name), TEXT_BOUND),
      message: messageOf(error),
      stack: framesOf(String(stack ?? '')),
      ...(cause !== undefined && depth < CAUSES && { cause: errorText(cause, depth + 1) }),
    };
  } catch {
    // Anything can be thrown, also what throws when it is looked at.
    return { message: 'an error that cannot be read' };
  }
}

/** The frames of a stack, without the message that stands before them. */
function framesOf(stack: string): string {
  const start = stack.indexOf('\n    at ');
  return start === -1 ? '' : hideCredentials(stack.slice(start + 1), STACK_BOUND);
}

/** What is logged of every request, with its status and how long it took in milliseconds. A health check is of interest to few: debug. */
export function logRequest(
  log: Log,
  {
    method,
    target,
    headers,
    status,
    milliseconds,
  }: { method: string; target: string; headers: Headers; status: number; milliseconds: number },
): void {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const requester = requesterOf(method, headers);
  log[path === HEALTHCHECK ? 'debug' : 'info'](
    {
      method,
      path: path.slice(0, TEXT_BOUND),
      status,
      ms: Math.round(milliseconds * 10) / 10,
      ...(requester && { user: requester.user.slice(0, TEXT_BOUND), event: requester.event.slice(0, TEXT_BOUND) }),
      proxied: isProxied(headers) || undefined,
    },
    'request',
  );
}
