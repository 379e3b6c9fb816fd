import { setTimeout as sleep } from 'node:timers/promises';

import type { Exchange } from '../tsuru/http.ts';
import { Session, type CheckedService } from './session.ts';

/** Milliseconds between two looks at a service. */
const PAUSE = 100;

/** Milliseconds to wait for a reply. */
const PATIENCE = 2000;

/** Waits until a service was away and is back, or until the signal is aborted. */
export async function untilRestarted(service: CheckedService, signal: AbortSignal): Promise<void> {
  const session = new Session(service, signal);
  for (const isAwaited of [isAway, isThere]) {
    for (;;) {
      const { exchange } = await session.exchange(session.calls('form').plans(), signal, PATIENCE);
      if (signal.aborted || isAwaited(exchange)) break;
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether no service listens, or a proxy says so. A slow one is not away. */
function isAway({ reply, failure }: Exchange): boolean {
  return reply === undefined ? failure !== 'timeout' : [502, 503, 504].includes(reply.status);
}

function isThere(exchange: Exchange): boolean {
  return exchange.reply !== undefined && !isAway(exchange);
}
