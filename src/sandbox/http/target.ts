import { percentDecoded } from './values.ts';

/** What a request asks for. */
export interface RequestTarget {
  /** Decoded: an escaped slash is one like any other, as for Tsuru. */
  path: string;
  /** As it was sent, without `?`. */
  query: string;
}

/** @param url as Node.js reads it: one character a byte @returns undefined where Go refuses it, with an escape that is none */
export function targetOf(url: string): RequestTarget | undefined {
  const [, raw = '', query = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)\??(.*)$/is.exec(url) ?? [];
  const path = percentDecoded(textOf(raw));
  return path === undefined || !/^(\/|$)/.test(raw) ? undefined : { path: path || '/', query: textOf(query) };
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}
