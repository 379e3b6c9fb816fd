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

/** How a service is asked that may not have started again, in milliseconds. */
export interface Pace {
  /** After this, a refusal is the last word. */
  patience: number;
  /** Between two rounds. */
  pause: number;
}

/**
 * Rounds in a row in which no endpoint may refuse a password, and how often each is asked in a round: replicas start again one after
 * the other, and the last old one gets only some of the requests.
 */
const [ROUNDS, TIMES] = [5, 10];

/** Milliseconds for a reply. */
const TIMEOUT = 5000;

/** How many endpoints are asked at once. */
const BATCH = 8;

/**
 * Asks a service for its plans until it has taken a password at all its endpoints for some rounds in a row.
 * @param mayBeAway whether an endpoint that cannot be reached is not asked again
 * @throws ExpectedError if it was cancelled
 */
export async function untilTaken(asked: AskedService, password: string, { patience, pause }: Pace, mayBeAway: boolean): Promise<Taking> {
  const start = performance.now();
  const isOver = () => performance.now() - start > patience;
  let { endpoints } = asked;
  let away: Taking | undefined;
  for (let clean = 1; ; clean++) {
    const taking = await takingOf({ ...asked, endpoints }, password, isOver);
    if (asked.signal.aborted) throw cancelled();
    if (mayBeAway && taking.kind === 'unreachable') {
      away = taking;
      endpoints = endpoints.filter((endpoint) => endpoint !== taking.endpoint);
    } else if (taking.kind !== 'taken') {
      if (isOver()) return taking;
      clean = 0;
    }
    if (clean === ROUNDS || endpoints.length === 0) return away ?? taking;
    await sleep(pause, undefined, { signal: asked.signal }).catch(() => undefined);
  }
}

async function takingOf(asked: AskedService, password: string, isOver: () => boolean): Promise<Taking> {
  let away: Taking | undefined;
  for (let rest = asked.endpoints; rest.length > 0; rest = rest.slice(BATCH)) {
    if (away !== undefined && isOver()) return away;
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
