import { setTimeout as sleep } from 'node:timers/promises';

import { whyAway } from '../page-server/presence.ts';

/** Milliseconds between two looks. */
const PAUSE = 250;

/** Whether a service listens. */
export interface ServiceWatch {
  /** A call to it has failed: it is looked for again. */
  lose: () => void;
  /** Tells why the service is away, or that it is there, and whenever that changes, until the signal is aborted. */
  follow: (signal: AbortSignal, tell: (away: string | undefined) => void) => Promise<void>;
}

/**
 * Looks for a service by opening connections, over which it sends nothing. One that others run may log them: it is looked for
 * only until it is there, and after a call has failed.
 */
export function watchService(address: URL, isOwn: boolean): ServiceWatch {
  let mustLook = true;
  return {
    lose() {
      mustLook = true;
    },
    async follow(signal, tell) {
      let before: boolean | undefined;
      const isOver = () => signal.aborted;
      while (!isOver()) {
        if (mustLook || isOwn) {
          const away = await whyAway(address);
          const isThere = away === undefined;
          if (isOver()) return;
          mustLook = !isThere;
          if (isThere !== before) tell(away);
          before = isThere;
        }
        await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
