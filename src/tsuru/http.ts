import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

import { pathBelow } from './access.ts';

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
}

/** One request, and its reply or the reason why there is none. */
export interface Exchange {
  request: HttpRequest;
  reply: Reply | undefined;
  /** `timeout`, `aborted`, or the code of a connection error, such as `ECONNRESET`. */
  failure: string | undefined;
  milliseconds: number;
}

export interface SendOptions {
  /** Milliseconds for the whole exchange. */
  timeout: number;
  signal: AbortSignal;
  /** Closes the connection this many milliseconds after the request is sent, replied to or not, or after half its body. */
  hangUp?: number | 'half-way';
}

/** Bytes of a body that are kept: more than any reply of use to Tsuru. */
const BODY_LIMIT = 1_048_576;

/**
 * Sends one request on a connection of its own, as Tsuru does: HTTP/1.1, with a Content-Length, never chunked. Redirects are
 * not followed. The promise never rejects; failures are in the exchange.
 */
export function send(address: URL, request: HttpRequest, options: SendOptions): Promise<Exchange> {
  const start = performance.now();
  const isTls = address.protocol === 'https:';
  const isKeptAlive = request.headers['Connection'] !== 'close';
  const agent = isKeptAlive ? new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true }) : false;
  return new Promise((resolve) => {
    let reply: Reply | undefined;
    let isDone = false;
    const timers: NodeJS.Timeout[] = [];
    const finish = (failure?: string) => {
      if (isDone) return;
      isDone = true;
      for (const timer of timers) clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
      outgoing.destroy();
      if (agent !== false) agent.destroy();
      resolve({
        request,
        reply,
        failure: reply === undefined || failure === 'aborted' || failure === 'timeout' ? failure : undefined,
        milliseconds: performance.now() - start,
      });
    };
    const abort = () => {
      finish('aborted');
    };
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const outgoing = (isTls ? requestHttps : requestHttp)({
      host: address.hostname.replace(/^\[|\]$/g, ''),
      port: address.port,
      method: request.method,
      path: pathBelow(address, request.path),
      headers: { ...request.headers, ...(body && { 'Content-Length': body.length }) },
      agent,
    });
    outgoing.on('response', (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const take = (complete: boolean) => {
        const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
        const whole = Buffer.concat(chunks);
        reply = { status: incoming.statusCode ?? 0, headers: Object.fromEntries(headers), body: whole, complete };
      };
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= BODY_LIMIT) chunks.push(chunk);
      });
      incoming.on('end', () => {
        take(true);
        finish();
      });
      incoming.on('error', () => {
        take(false);
        finish();
      });
      take(false);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      finish(error.code ?? error.message);
    });
    timers.push(
      setTimeout(() => {
        finish('timeout');
      }, options.timeout),
    );
    const hangUp = () => {
      finish('hung up');
    };
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
