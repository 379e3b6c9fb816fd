import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** A request as it goes out. `path` is the raw request target, below the address of the service; nothing of it is folded. */
export interface Request {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body?: string;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Whether the whole body came. */
  complete: boolean;
}

/** One request, and what came of it: an answer, or the reason why there is none. */
export interface Exchange {
  request: Request;
  reply: Reply | undefined;
  /** Why there is no answer: `timeout`, `aborted`, or the code of the connection's error, such as `ECONNRESET`. */
  failure: string | undefined;
  milliseconds: number;
}

export interface SendOptions {
  /** Milliseconds for the whole exchange. */
  timeout: number;
  signal: AbortSignal;
  /**
   * Closes the connection that many milliseconds after the request was sent, whether it is answered or not; or when half of
   * its body was.
   */
  hangUp?: number | 'half-way';
}

/** What is kept of a body: enough for every answer that Tsuru can use. */
const MOST = 1_048_576;

/**
 * Sends one request on a connection of its own, as Tsuru does: HTTP/1.1, a Content-Length and never chunks, no redirect
 * followed. The promise is never rejected; what went wrong is in the exchange.
 */
export function send(address: URL, request: Request, options: SendOptions): Promise<Exchange> {
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
      path: address.pathname.replace(/\/$/, '') + request.path,
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
        if (size <= MOST) chunks.push(chunk);
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
