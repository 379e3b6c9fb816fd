import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

import { pathBelow } from './access.ts';
import { tlsOptions, type Trust } from './trust.ts';

/** Header values; a list is sent as one line for each item. */
export type HttpHeaders = Record<string, string | string[]>;

/** A request to a service. `path` is sent as it is, below the address of the service: never normalized. */
export interface HttpRequest {
  method: string;
  path: string;
  headers: HttpHeaders;
  body?: string;
}

export interface Reply {
  status: number;
  /** By their names in lower case. */
  headers: Record<string, string>;
  /** At most 1 MiB of it. */
  body: Buffer;
  /** Whether the body arrived to its end. */
  complete: boolean;
  /** Whether the body was longer, and the connection was closed for it; the reply is then not complete. */
  isTooLong?: boolean;
}

/** A redirect that was replied on the way to the last reply. */
export interface Hop {
  status: number;
  /** As it was replied. */
  location: string;
  /** The method of the request that follows from it. */
  method: string;
  /** The URL that it leads to; undefined if the location cannot be parsed. */
  url: string | undefined;
}

/** One request, and its reply or the reason why there is none. */
export interface Exchange {
  request: HttpRequest;
  reply: Reply | undefined;
  /** `timeout`, `aborted`, or the code of a connection error, such as `ECONNRESET`. */
  failure: string | undefined;
  milliseconds: number;
  /** The redirects that were followed: none, unless the request was sent to follow them. */
  hops: Hop[];
}

export interface SendOptions {
  /** Milliseconds for the whole exchange. */
  timeout: number;
  signal: AbortSignal;
  /** Closes the connection this many milliseconds after the request is sent, replied to or not, or after half its body. */
  hangUp?: number | 'half-way';
  /** For an address of `https:`. */
  tls?: Trust | undefined;
}

/** Bytes of a body that are kept: more than any reply of use to Tsuru. */
export const BODY_LIMIT = 1_048_576;

/** Bytes of headers that a client of Go reads, informational replies (1xx) included. */
const HEADER_LIMIT = 10 * 1_048_576;

/**
 * Sends one request on a connection of its own, as Tsuru does: HTTP/1.1, with a Content-Length, never chunked. Redirects are
 * not followed. Whatever the service replies, it ends: at the timeout, after 1 MiB of a body (`isTooLong`), or after 10 MiB
 * of headers (the failure `HPE_HEADER_OVERFLOW`). The promise never rejects; failures are in the exchange.
 */
export function send(address: URL, request: HttpRequest, options: SendOptions): Promise<Exchange> {
  const start = performance.now();
  return new Promise((resolve) => {
    let incoming: IncomingMessage | undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    let informationSize = 0;
    let isDone = false;
    const timers: NodeJS.Timeout[] = [];
    const finish = (failure?: string) => {
      if (isDone) return;
      isDone = true;
      for (const timer of timers) clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
      outgoing?.destroy();
      const reply = incoming && replyOf(incoming, Buffer.concat(chunks), size);
      resolve({
        request,
        reply,
        failure: reply === undefined || failure === 'aborted' || failure === 'timeout' ? failure : undefined,
        milliseconds: performance.now() - start,
        hops: [],
      });
    };
    const fail = (error: NodeJS.ErrnoException) => {
      finish(error.code ?? error.message);
    };
    const abort = () => {
      finish('aborted');
    };
    const hangUp = () => {
      finish('hung up');
    };
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    let outgoing: ClientRequest | undefined;
    try {
      outgoing = open(address, request, body, options.tls);
    } catch (error) {
      // A path or a header that cannot be sent.
      fail(error as NodeJS.ErrnoException);
      return;
    }
    outgoing.on('information', ({ rawHeaders, statusMessage }) => {
      informationSize += STATUS_LINE + statusMessage.length + rawHeaders.join('::::').length;
      if (informationSize > HEADER_LIMIT) finish('HPE_HEADER_OVERFLOW');
    });
    outgoing.on('response', (response) => {
      incoming = response;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk.subarray(0, BODY_LIMIT - size));
        size += chunk.length;
        if (size > BODY_LIMIT) finish();
      });
      response.on('end', () => {
        finish();
      });
      response.on('error', () => {
        finish();
      });
    });
    // A switch of protocols, which no request asks for, is a reply without a body.
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy();
      incoming = response;
      finish();
    });
    outgoing.on('error', fail);
    timers.push(
      setTimeout(() => {
        finish('timeout');
      }, options.timeout),
    );
    if (typeof options.hangUp === 'number') timers.push(setTimeout(hangUp, options.hangUp));
    if (options.signal.aborted) {
      abort();
      return;
    }
    options.signal.addEventListener('abort', abort);
    if (options.hangUp === 'half-way' && body !== undefined) outgoing.write(body.subarray(0, body.length / 2), hangUp);
    else outgoing.end(body);
  });
}

/** The bytes of `HTTP/1.1 100 ` and of the two line ends after it. */
const STATUS_LINE = 17;

/** @throws Error if the path or a header has a character that cannot be sent, or a certificate of `tls` cannot be read */
function open(address: URL, request: HttpRequest, body: Buffer | undefined, tls: Trust = {}): ClientRequest {
  const isTls = address.protocol === 'https:';
  const isKeptAlive = request.headers['Connection'] !== 'close';
  const agent = isKeptAlive ? new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true }) : false;
  const outgoing = (isTls ? requestHttps : requestHttp)({
    host: address.hostname.replace(/^\[|\]$/g, ''),
    port: address.port,
    method: request.method,
    path: pathBelow(address, request.path),
    headers: { ...request.headers, ...(body && { 'Content-Length': body.length }) },
    agent,
    maxHeaderSize: HEADER_LIMIT,
    ...(isTls && tlsOptions(tls)),
  });
  if (agent !== false) outgoing.on('close', () => { agent.destroy(); });
  return outgoing;
}

/** @param size the bytes of the body that arrived, kept or not */
function replyOf(incoming: IncomingMessage, body: Buffer, size: number): Reply {
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  const isTooLong = size > BODY_LIMIT;
  return {
    status: incoming.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body,
    complete: incoming.complete && !isTooLong,
    ...(isTooLong && { isTooLong }),
  };
}
