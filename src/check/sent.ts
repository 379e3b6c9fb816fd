import type { Call } from '../tsuru/calls.ts';
import type { Exchange } from '../tsuru/http.ts';
import type { Reading } from '../tsuru/read-reply.ts';

/** The variables of a bind. */
export type Variables = Readonly<Record<string, string>>;

/** A call that was made, and what Tsuru makes of the reply. */
export interface Sent {
  call: Call;
  exchange: Exchange;
  reading: Reading;
  /** The `Authorization` header that was sent; `own` stands for the credentials of the service. */
  authorization: string | undefined;
}

/** Whether no service listens at the address. */
export function isUnreachable({ failure }: Exchange): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|EADDRNOTAVAIL)$/.test(failure ?? '');
}

/** The method and the path of a call. */
export function wayOf({ request }: Call): string {
  return `${request.method} ${request.path}`;
}

/** The status of the reply; 0 without a reply. */
export function statusOf({ exchange }: Sent): number {
  return exchange.reply?.status ?? 0;
}

/** Whether the status is a 2xx, and Tsuru can read the reply. */
export function isSuccess(sent: Sent): boolean {
  return isAccepted(sent) && sent.reading.ok;
}

/** Whether the status is a 2xx. */
export function isAccepted(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 200 && status < 300;
}

/** Whether the service refused the call: a 4xx. */
export function isRefused(sent: Sent): boolean {
  const status = statusOf(sent);
  return status >= 400 && status < 500;
}

/** Whether the status says that the route does not exist. */
export function isUnserved(sent: Sent): boolean {
  return [404, 405, 501].includes(statusOf(sent));
}

/** What happened to a call, as a verb phrase. */
export function outcomeOf({ exchange: { reply, failure, hops }, reading }: Sent): string {
  if (reply?.isTooLong) return `got a ${reply.status} with more than 1 MiB`;
  if (failure === 'timeout') return 'got no reply in time';
  if (reply === undefined) return `got no reply (${failure ?? 'the connection was closed'})`;
  const [hop] = hops;
  const after = hop === undefined ? '' : ` after a ${hop.status} to ${hop.location}`;
  const isOk = reply.status >= 200 && reply.status < 300;
  return `got a ${reply.status}${after}${isOk && !reading.ok ? ' that Tsuru cannot read' : ''}`;
}

/** The variables of a bind; undefined if it failed. */
export function variablesOf(sent: Sent): Variables | undefined {
  if (!isSuccess(sent)) return undefined;
  return (sent.reading as { value: Variables | null }).value ?? {};
}

/** Whether two binds returned the same variables. */
export function isSame(a: Variables, b: Variables | undefined): boolean {
  return b !== undefined && differing(a, b) === '';
}

/** The names of the variables that differ. Their values are secrets. */
export function differing(a: Variables, b: Variables = {}): string {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]).join(', ');
}
