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

/**
 * Whether a service takes a password; if not, what an endpoint replies, or why it does not. One is away if it never replied as the
 * service does, and unclear if it did not always.
 */
export type Taking = { kind: 'taken' } | { kind: 'refused' | 'unclear' | 'away'; endpoint: string; why: string };

/** How a service is asked that may not have started again, in milliseconds. */
export interface Pace {
  /** After this, a refusal is the last word. */
  patience: number;
  /** Between two rounds. */
  pause: number;
}

/**
 * Rounds in a row in which an endpoint must take a password, and how often it is asked in a round: replicas start again one after
 * the other, and the last old one gets only some of the requests.
 */
const [ROUNDS, TIMES] = [5, 10];

/** Milliseconds for a reply. */
const TIMEOUT = 5000;

/** How many endpoints are asked at once. */
const BATCH = 8;

/** What endpoints say, the worst first. */
const KINDS = ['refused', 'unclear', 'away', 'taken'] as const;

/**
 * Asks a service for its plans until it has taken a password at each of its endpoints for some rounds in a row.
 * @param mayBeAway whether an endpoint that is away in as many rounds is passed over
 * @throws ExpectedError if it was cancelled
 */
export async function untilTaken(asked: AskedService, password: string, { patience, pause }: Pace, mayBeAway: boolean): Promise<Taking> {
  const isOver = clock(patience);
  const untilTakenAt = async (endpoint: string): Promise<Taking> => {
    let [clean, isAway] = [0, true];
    for (let round = 1; ; round++) {
      const taking = await takingAt(endpoint, asked, password, TIMES, isOver);
      clean = taking.kind === 'taken' ? clean + 1 : 0;
      isAway &&= taking.kind === 'away';
      if (clean === ROUNDS) return taking;
      if (clean === 0 && (isOver() || (mayBeAway && isAway && round === ROUNDS))) {
        return taking.kind === 'away' && !isAway ? { ...taking, kind: 'unclear' } : taking;
      }
      await sleep(pause, undefined, { signal: asked.signal }).catch(() => undefined);
    }
  };
  return worstOf(asked.endpoints, untilTakenAt, ({ kind }) => kind !== 'taken' && !(mayBeAway && kind === 'away'));
}

/**
 * Asks a service once at each endpoint whether it takes a password, but no more of them once one refused it or the patience is over.
 * @throws ExpectedError if it was cancelled
 */
export function takingNow(asked: AskedService, password: string, { patience }: Pace): Promise<Taking> {
  const isOver = clock(patience);
  return worstOf(asked.endpoints, (endpoint) => takingAt(endpoint, asked, password, 1, isOver), ({ kind }) => kind === 'refused' || isOver());
}

/** @returns whether so many milliseconds are over from now on */
function clock(patience: number): () => boolean {
  const start = performance.now();
  return () => performance.now() - start > patience;
}

async function worstOf(endpoints: readonly string[], takingOf: (endpoint: string) => Promise<Taking>, isEnough: (worst: Taking) => boolean): Promise<Taking> {
  let worst: Taking = { kind: 'taken' };
  for (let rest = endpoints; rest.length > 0 && !isEnough(worst); rest = rest.slice(BATCH)) {
    const takings: Taking[] = [worst, ...(await Promise.all(rest.slice(0, BATCH).map(takingOf)))];
    worst = KINDS.flatMap((kind) => takings.filter((taking) => taking.kind === kind))[0] ?? worst;
  }
  return worst;
}

async function takingAt(endpoint: string, { username, isMultiCluster, tls, signal }: AskedService, password: string, times: number, isOver: () => boolean): Promise<Taking> {
  const headers = { Accept: 'application/json', Authorization: basicAuth(`${username}:${password}`), Connection: 'close' };
  const address = new URL(/^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`);
  let [kind, missing]: ['away' | 'unclear', string | undefined] = ['away', undefined];
  for (let time = 0; time < times; time++) {
    const { reply, failure } = await send(address, { method: 'GET', path: '/resources/plans', headers }, { timeout: TIMEOUT, signal, tls });
    if (signal.aborted) throw cancelled();
    // Only the service replies with 401; a gateway that keeps others out replies with 403.
    if (reply?.status === 401) return { kind: 'refused', endpoint, why: '401' };
    // A gateway may reply with its own page. A multi-cluster service has no plans without a cluster, but it has taken the password.
    if ((reply?.status === 200 && /^\s*\[/.test(String(reply.body))) || (reply?.status === 400 && isMultiCluster)) {
      kind = 'unclear';
      continue;
    }
    missing ??= reply === undefined ? failure : reply.status === 200 ? '200 without plans' : String(reply.status);
    // Each may take its whole time.
    if (failure !== undefined && isOver()) break;
  }
  return missing === undefined ? { kind: 'taken' } : { kind, endpoint, why: missing };
}
