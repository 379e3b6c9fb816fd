import { setTimeout as sleep } from 'node:timers/promises';

import { cancelled } from '../../errors.ts';
import { basicAuth } from '../../tsuru/access.ts';
import { send } from '../../tsuru/http.ts';
import type { Trust } from '../../tsuru/trust.ts';

/** A service at its endpoints, and how it is asked. */
export interface AskedService {
  /** With a scheme, or without, as Tsuru takes them. */
  endpoints: readonly string[];
  username: string;
  isMultiCluster: boolean;
  tls: Trust;
  signal: AbortSignal;
}

/** Whether a service takes a password; if not, what an endpoint replies, or why it does not. */
export type Taking = { kind: 'taken' } | { kind: 'refused' | 'unreachable'; endpoint: string; why: string };

/** How often in a row an endpoint must take a password: replicas may get it one after the other. */
const TIMES = 10;

/** Milliseconds for a reply, and between two tries. */
const [TIMEOUT, PAUSE] = [5000, 250];

/**
 * Asks a service for its plans until it takes a password at all its endpoints.
 * @param isEnough whether not to try again
 * @throws ExpectedError if it was cancelled
 */
export async function untilTaken(asked: AskedService, password: string, isEnough: (taking: Taking) => boolean): Promise<Taking> {
  for (;;) {
    const taking = await takingOf(asked, password);
    if (asked.signal.aborted) throw cancelled();
    if (taking.kind === 'taken' || isEnough(taking)) return taking;
    await sleep(PAUSE, undefined, { signal: asked.signal }).catch(() => undefined);
  }
}

async function takingOf({ endpoints, username, isMultiCluster, tls, signal }: AskedService, password: string): Promise<Taking> {
  const headers = { Accept: 'application/json', Authorization: basicAuth(`${username}:${password}`), Connection: 'close' };
  let away: Taking | undefined;
  for (const endpoint of endpoints) {
    const address = new URL(/^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`);
    for (let time = 0; time < TIMES; time++) {
      const { reply, failure = '' } = await send(address, { method: 'GET', path: '/resources/plans', headers }, { timeout: TIMEOUT, signal, tls });
      const why = reply === undefined ? failure : reply.status === 200 ? '200 without plans' : String(reply.status);
      // A gateway may reply with its own page. A multi-cluster service has no plans without a cluster, but it has taken the password.
      if ((reply?.status === 200 && /^\s*\[/.test(String(reply.body))) || (reply?.status === 400 && isMultiCluster)) continue;
      // Only the service replies with 401; a gateway that keeps others out replies with 403.
      if (why === '401') return { kind: 'refused', endpoint, why };
      away ??= { kind: 'unreachable', endpoint, why };
      break;
    }
  }
  return away ?? { kind: 'taken' };
}
