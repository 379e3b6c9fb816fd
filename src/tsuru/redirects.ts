import { basicAuth, pathBelow } from './access.ts';
import { send, type Exchange, type Hop, type HttpHeaders, type HttpRequest, type Reply, type SendOptions } from './http.ts';
import { resolveLocation, type Target } from './location.ts';

/** Requests in a row, as Go counts them: the redirect that the last one gets is not followed. */
const REQUEST_LIMIT = 10;

/** The failure of an endless chain, in Go's words. */
export const TOO_MANY_REDIRECTS = `stopped after ${REQUEST_LIMIT} redirects`;

const SENSITIVE = /^(authorization|www-authenticate|cookie2?|proxy-authorization|proxy-authenticate)$/i;
const OF_A_BODY = /^content-(encoding|language|location|type)$/i;

/** What a chain of redirects has taken from the request; neither comes back. */
interface Lost {
  body: boolean;
  credentials: boolean;
}

/**
 * Sends one request and follows redirects as Go's `http.Client` does, and so Tsuru on its own calls (its proxy does not: use
 * `send` there). The timeout and a hang-up count from the first request. Of a chain that fails, no redirect is the reply: it is
 * undefined, and `failure` has Go's words: `stopped after 10 redirects`, `unsupported protocol scheme "ftp"`, `http: no Host in
 * request URL`, `failed to parse Location header "..."`. All redirects that were replied are in `hops`, a failed one included.
 */
export async function sendFollowing(address: URL, request: HttpRequest, options: SendOptions): Promise<Exchange> {
  const start = performance.now();
  const first = targetOf(address, request.path);
  const lost: Lost = { body: false, credentials: false };
  const hops: Hop[] = [];
  const end = (reply: Reply | undefined, failure: string | undefined): Exchange => {
    return { request, reply, failure, milliseconds: performance.now() - start, hops };
  };
  let target = first;
  let exchange = await send(address, request, options);
  for (;;) {
    const { reply, failure } = exchange;
    const redirect = reply && redirectOf(reply, exchange.request.method);
    if (redirect === undefined) return end(reply, failure);
    if (failure !== undefined) return end(undefined, failure);
    const spent = performance.now() - start;
    if (typeof options.hangUp === 'number' && spent >= options.hangUp) return end(reply, failure);

    const next = resolveLocation(target, redirect.location);
    hops.push({ ...redirect, url: next && urlOf(next) });
    if (next === undefined) return end(undefined, `failed to parse Location header ${JSON.stringify(redirect.location)}`);
    if (hops.length >= REQUEST_LIMIT) return end(undefined, TOO_MANY_REDIRECTS);
    if (!/^https?$/.test(next.scheme)) return end(undefined, `unsupported protocol scheme "${next.scheme}"`);
    if (next.host === '') return end(undefined, 'http: no Host in request URL');

    lost.body ||= redirect.status < 307;
    lost.credentials ||= !isBelow(hostOf(next), hostOf(first));
    exchange = await send(new URL(`${next.scheme}://${next.host}`), nextRequest(request, redirect.method, lost, target, next), {
      ...options,
      timeout: options.timeout - spent,
      ...(typeof options.hangUp === 'number' && { hangUp: options.hangUp - spent }),
    });
    target = next;
  }
}

/** A status of a redirect without a location is a reply like any other. */
function redirectOf({ status, headers }: Reply, method: string): Omit<Hop, 'url'> | undefined {
  const location = headers['location'] ?? '';
  if (location === '' || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  return { status, location, method: status >= 307 || method === 'HEAD' ? method : 'GET' };
}

function nextRequest(request: HttpRequest, method: string, lost: Lost, from: Target, to: Target): HttpRequest {
  const headers: HttpHeaders = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => {
      // Tsuru asks for the end of the connection with a field of its request, which Go does not pass on.
      if (name === 'Connection') return false;
      return !(lost.credentials && SENSITIVE.test(name)) && !(lost.body && OF_A_BODY.test(name));
    }),
  );
  if (to.credentials !== undefined && !('Authorization' in headers)) headers['Authorization'] = basicAuth(to.credentials);
  if (from.scheme === 'http' || to.scheme === 'https') headers['Referer'] ??= urlOf(from);
  return { method, path: to.path, headers, ...(request.body !== undefined && !lost.body && { body: request.body }) };
}

function targetOf(address: URL, path: string): Target {
  return {
    scheme: address.protocol.slice(0, -1),
    host: address.host,
    credentials: undefined,
    path: pathBelow(address, path),
  };
}

function urlOf({ scheme, host, path }: Target): string {
  return `${scheme}:${host === '' ? '' : `//${host}`}${path}`;
}

/** Without the port, which Go does not compare. */
function hostOf({ host }: Target): string {
  return new URL(`http://${host}`).hostname;
}

/** Whether a host is another one, or a part of its domain: where Go lets the password go along. */
export function isBelow(host: string, parent: string): boolean {
  return host === parent || (!host.includes(':') && host.endsWith(`.${parent}`));
}
