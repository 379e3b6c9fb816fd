import { withoutPassword, type ServiceAccess } from '../tsuru/access.ts';
import type { HttpHeaders } from '../tsuru/http.ts';

/** One call to a service and its reply, without passwords of the service. */
export interface Exchanged {
  number: number;
  /** In the form of RFC 3339. */
  time: string;
  service: string;
  /** Of the request to Tsuru's API that it was made for; undefined for none. */
  cause: { method: string; path: string; command: string | undefined } | undefined;
  request: { method: string; url: string; headers: HttpHeaders; body: string };
  reply: { status: number; headers: Record<string, string>; body: string } | undefined;
  failure: string | undefined;
  milliseconds: number;
  /** What Tsuru makes of it, as a sentence. */
  reading: string;
  /** The fault that the sandbox was told to make of it. */
  fault: string | undefined;
}

/** The last calls to services. */
export interface Traffic {
  /** @param access to the service, whose password is hidden in all texts */
  add(exchanged: Omit<Exchanged, 'number'>, access: ServiceAccess): void;
  list(): readonly Exchanged[];
}

/** Characters that are kept of all calls together: the oldest go first. */
const SIZE_LIMIT = 32 * 1_048_576;

/** Characters of what Tsuru makes of a reply, which can have all of its body. */
const LONGEST_READING = 2000;

/** @param limit calls that are kept @param added is told each new one */
export function makeTraffic(limit: number, added: (exchanged: Exchanged) => void): Traffic {
  const kept: Exchanged[] = [];
  let [count, size] = [0, 0];
  return {
    add({ request, reply, failure, reading, ...others }, access) {
      const clean = (text: string) => withoutPassword(text, access);
      const numbered = {
        number: ++count,
        ...others,
        request: { ...request, body: clean(request.body) },
        reply: reply && { ...reply, body: clean(reply.body) },
        failure: failure && clean(failure),
        reading: clean(reading).slice(0, LONGEST_READING),
      };
      kept.push(numbered);
      size += sizeOf(numbered);
      while (kept.length > limit || size > SIZE_LIMIT) size -= sizeOf(kept.shift());
      added(numbered);
    },
    list: () => kept,
  };
}

function sizeOf(call: Exchanged | undefined): number {
  return call === undefined ? 0 : JSON.stringify(call).length;
}
