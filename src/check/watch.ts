import { setTimeout as sleep } from 'node:timers/promises';

import type { Exchange } from '../tsuru/http.ts';
import { isUnreachable } from './sent.ts';
import { Session, type CheckedService } from './session.ts';

/** Milliseconds between two looks at a service. */
const PAUSE = 100;

/** Milliseconds to wait for a reply. */
const PATIENCE = 2000;

/**
 * Waits until a service was away and is back, or until the signal is aborted.
 * @param isAwayAlready whether it was away a moment ago
 */
export async function untilRestarted(service: CheckedService, isAwayAlready: boolean, signal: AbortSignal): Promise<void> {
  const session = new Session(service, signal);
  for (const isAwaited of isAwayAlready ? [isThere] : [isAway, isThere]) {
    for (;;) {
      const calls = session.calls('form');
      // One of them alone may be broken.
      const both = [calls.plans(), calls.status('check-watch')].map((call) => session.exchange(call, signal, PATIENCE));
      const exchanges = (await Promise.all(both)).map(({ exchange }) => exchange);
      if (signal.aborted || isAwaited(exchanges)) break;
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether no service listens, or a proxy says so. A slow one is not away. */
function isAway(exchanges: readonly Exchange[]): boolean {
  return exchanges.every((exchange) => isUnreachable(exchange) || [502, 503, 504].includes(exchange.reply?.status ?? 0));
}

function isThere(exchanges: readonly Exchange[]): boolean {
  return exchanges.some(({ reply }) => reply !== undefined) && !isAway(exchanges);
}
