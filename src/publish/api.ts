import { cancelled } from '../errors.ts';
import { plainLine } from '../terminal/terminal.ts';
import { CONTENT_TYPE, encodeBody, type Fields } from '../tsuru/encoding.ts';
import { send, type Exchange } from '../tsuru/http.ts';
import type { Trust } from '../tsuru/trust.ts';

/** Tsuru's API, and the token for it. */
export interface Api {
  address: string;
  token: string;
  tls?: Trust;
  signal?: AbortSignal;
  /** Hides secrets in a text of Tsuru, for `plainLine`. Without it, they are shown. */
  clean?: (text: string) => string;
  /** Milliseconds for a reply: 60000 unless told. */
  timeout?: number;
}

/** What came of a request to Tsuru's API. Without a reply, the status is 0, and it is unknown whether it was carried out. */
export interface TsuruAnswer {
  status: number;
  /** Of the whole body, or why there is no reply. */
  text: string;
  exchange: Exchange;
}

/** A body in one of the two ways in which Tsuru reads it: fields in a form, anything else as JSON. */
export type ApiBody = { form: Record<string, string> } | { json: string };

/** Milliseconds. */
const PATIENCE = 60_000;

const NEVER = new AbortController().signal;

/**
 * Makes a request, and follows no redirect: the token goes to Tsuru only. Its connection is not used again.
 * @throws ExpectedError if it was cancelled
 */
export async function ask({ address, token, tls, signal = NEVER, timeout = PATIENCE }: Api, method: string, path: string, body?: ApiBody): Promise<TsuruAnswer> {
  const type = body && { 'Content-Type': CONTENT_TYPE['form' in body ? 'form' : 'json'] };
  const headers = { Authorization: `bearer ${token}`, ...type, Connection: 'close' };
  const text = body && ('form' in body ? formOf(body.form) : body.json);
  const exchange = await send(new URL(address), { method, path, headers, ...(text !== undefined && { body: text }) }, { timeout, signal, tls });
  const { reply, failure } = exchange;
  if (failure === 'aborted') throw cancelled();
  // A reply that was cut off says nothing that can be relied on.
  if (reply === undefined || !reply.complete) {
    return { status: 0, text: failure ?? (reply?.isTooLong === true ? 'a reply of more than 1 MiB' : 'a reply that was cut off'), exchange };
  }
  return { status: reply.status, text: reply.body.toString(), exchange };
}

function formOf(values: Record<string, string>): string {
  return encodeBody('form', Object.entries(values).map(([name, value]): Fields[number] => [name, name, value, 'sent']), {});
}

/** The path of a service in a version of the API. */
export function servicePath(version: string, id: string): string {
  return `/${version}/services/${encodeURIComponent(id)}`;
}

/** Characters of Tsuru's own words that are shown. */
const LONGEST = 400;

/** Tsuru's own words in one line, without secrets and control characters, and cut. */
export function tsuruWords({ text }: TsuruAnswer, { clean = String }: Api): string {
  const line = clean(plainLine(text, Infinity, clean).replace(/\s+/g, ' ').trim());
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
