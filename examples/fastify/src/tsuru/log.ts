import { pino, type DestinationStream, type Logger } from 'pino';

import { hideCredentials, messageOf } from './errors.js';
import type { Headers, Log } from './http.js';
import { isProxied, requesterOf } from './tsuru-headers.js';

/**
 * A logger that writes one JSON object a line, and no secret: headers and bodies are never given to it, and of an error
 * it takes the texts only, since libraries hang whole requests with their passwords on theirs.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, serializers: { err: errorText } };
  return destination ? pino(options, destination) : pino(options);
}

function errorText(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: messageOf(error) };
  const { name, stack, cause } = error;
  return {
    name,
    message: messageOf(error),
    stack: hideCredentials(stack ?? ''),
    ...(cause !== undefined && { cause: errorText(cause) }),
  };
}

/** What is logged of every request, with its status and how long it took in milliseconds. */
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
  log.info(
    {
      method,
      path: target.split('?', 1)[0],
      status,
      ms: Math.round(milliseconds * 10) / 10,
      ...requesterOf(method, headers),
      proxied: isProxied(headers) || undefined,
    },
    'request',
  );
}
