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

/** How many endpoints are asked at once. */
const BATCH = 8;

/**
 * Asks a service for its plans until it takes a password at all its endpoints.
 * @param patience milliseconds after which nothing new is asked
 * @param mayBeAway whether an endpoint that cannot be reached is not asked again
 * @throws ExpectedError if it was cancelled
 */
export async function untilTaken(asked: AskedService, password: string, patience: number, mayBeAway: boolean): Promise<Taking> {
  const start = performance.now();
  const isOver = () => performance.now() - start > patience;
  for (;;) {
    const taking = await takingOf(asked, password, isOver);
    if (asked.signal.aborted) throw cancelled();
    if (taking.kind === 'taken' || (mayBeAway && taking.kind === 'unreachable') || isOver()) return taking;
    await sleep(PAUSE, undefined, { signal: asked.signal }).catch(() => undefined);
  }
}

async function takingOf(asked: AskedService, password: string, isOver: () => boolean): Promise<Taking> {
  let away: Taking | undefined;
  for (let rest = asked.endpoints; rest[0] !== undefined; rest = rest.slice(BATCH)) {
    if (rest !== asked.endpoints && isOver()) return away ?? { kind: 'unreachable', endpoint: rest[0], why: 'timeout' };
    const takings = await Promise.all(rest.slice(0, BATCH).map((endpoint) => takingAt(endpoint, asked, password)));
    const refused = takings.find(({ kind }) => kind === 'refused');
    if (refused !== undefined) return refused;
    away ??= takings.find(({ kind }) => kind === 'unreachable');
  }
  return away ?? { kind: 'taken' };
}

async function takingAt(endpoint: string, { username, isMultiCluster, tls, signal }: AskedService, password: string): Promise<Taking> {
  const headers = { Accept: 'application/json', Authorization: basicAuth(`${username}:${password}`), Connection: 'close' };
  const address = new URL(/^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`);
  for (let time = 0; time < TIMES; time++) {
    const { reply, failure = '' } = await send(address, { method: 'GET', path: '/resources/plans', headers }, { timeout: TIMEOUT, signal, tls });
    const why = reply === undefined ? failure : reply.status === 200 ? '200 without plans' : String(reply.status);
    // A gateway may reply with its own page. A multi-cluster service has no plans without a cluster, but it has taken the password.
    if ((reply?.status === 200 && /^\s*\[/.test(String(reply.body))) || (reply?.status === 400 && isMultiCluster)) continue;
    // Only the service replies with 401; a gateway that keeps others out replies with 403.
    return { kind: why === '401' ? 'refused' : 'unreachable', endpoint, why };
  }
  return { kind: 'taken' };
}
