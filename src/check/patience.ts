import { setTimeout as sleep } from 'node:timers/promises';

import type { Exchange } from '../tsuru/http.ts';

/** After this many timeouts, a call is taken for one that tends to hang. */
export const HANGING_LIMIT = 2;

/** How often a call is repeated when the service asks for patience: the checks call it more often than Tsuru does. */
export const REPEATS = 10;

/** The longest pause, in milliseconds, that `Retry-After` can ask for. */
const LONGEST_PAUSE = 5000;

/**
 * Milliseconds after which a service that is busy wants to be called again: after a 429, or a 503 with `Retry-After`; and after
 * a create beyond a quota, which the removal of other instances makes room for.
 */
export function requestedPause({ request, reply }: Exchange): number | undefined {
  if (reply === undefined) return undefined;
  const { status, headers, body } = reply;
  const isFull = request.method === 'POST' && request.path === '/resources' && status >= 400 && /\bquota\b/i.test(body.toString('utf8'));
  const after = headers['retry-after'];
  if (!isFull && status !== 429 && !(status === 503 && after !== undefined)) return undefined;
  const seconds = Number(after ?? 1);
  return Math.min(Number.isFinite(seconds) ? Math.max(seconds * 1000, 50) : 1000, LONGEST_PAUSE);
}

/** Waits for a number of milliseconds, or until the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
