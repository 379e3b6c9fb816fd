import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Where the sandbox listens. */
export interface Place {
  /** As it was told, such as `127.0.0.1`. */
  host: string;
  port: number;
}

/** Why a request is not for the page. */
export interface Refusal {
  status: 401 | 403;
  text: string;
}

/** Names of this machine that no other site can have. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Refuses what another site may have sent: its name can lead to this machine (DNS rebinding), and its scripts and forms can
 * reach it. @param isShell for the page itself, which has no data: a link to it may stand anywhere
 */
export function refusalOf(headers: IncomingHttpHeaders, place: Place, isShell: boolean): Refusal | undefined {
  const { host = '', origin } = headers;
  if (!isOwnHost(host, place)) return { status: 403, text: `The page is at http://${shownHost(place)}:${place.port}, not at ${host}.` };
  const site = headers['sec-fetch-site'];
  const isForeign = (origin !== undefined && origin !== `http://${host}`) || (site !== undefined && site !== 'same-origin');
  return isForeign && !isShell ? { status: 403, text: 'Another site sent this request.' } : undefined;
}

/** A host to connect to for one that is listened on. */
export function shownHost({ host }: Place): string {
  if (isAnyAddress(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function isOwnHost(header: string, { host, port }: Place): boolean {
  const [, name = '', given = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(header.toLowerCase()) ?? [];
  if (Number(given) !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '');
  return OWN_NAMES.includes(name) || bare === host.toLowerCase() || (isAnyAddress(host) && isIP(bare) !== 0);
}

function isAnyAddress(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(host);
}

/** Whether a key is the right one, in a time that tells nothing of either. */
export function isKey(given: string | string[] | undefined, key: string): boolean {
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(key));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
