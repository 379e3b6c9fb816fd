import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';

import { ServiceError } from './errors.js';
import { errorAnswer, MAX_HEADER_SIZE, METHODS, tooLarge, type Answer } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';
import { parseTarget } from './target.js';

/** Times in milliseconds. */
const OPTIONS = {
  maxHeaderSize: MAX_HEADER_SIZE,
  /** for the whole request to arrive */
  requestTimeout: 60_000,
  /** Longer than the 90 s for which Go's client keeps a connection, so that it is the client that closes. */
  keepAliveTimeout: 95_000,
  /** Checked below: Node's own refusal has no body. */
  requireHostHeader: false,
};

/** Milliseconds in which what a refused client is still sending is thrown away, so that it can read the answer. */
const LINGER = 1_000;

/**
 * The HTTP server that the web framework stands behind. What no framework takes, or each would answer in a way of its
 * own, is refused here before it is routed: malformed HTTP, what does not arrive in time, an unknown method, a path or a
 * host that is not plain, and a body that says it is too large. The answers are the `{code, message}` of all errors, and
 * fixed texts, since no password has been asked for yet.
 */
export function createEdge(service: Service, handler: RequestListener): Server {
  const { log, bodyLimit, headersTimeout } = service;
  // The interval is how often Node looks for what is late.
  const server = createServer({ ...OPTIONS, headersTimeout, connectionsCheckingInterval: headersTimeout / 10 });
  // Node would leave out those after the thousandth, and say nothing: the one that tells who asked may be among them.
  server.maxHeadersCount = 0;
  const refusalOf = refusals(bodyLimit);
  /** The answer to the latest request of each connection, and the one before it where that was still under way. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  const earlier = new WeakMap<ServerResponse, ServerResponse>();
  /** The connections whose bytes are read no more. */
  const given = new WeakSet<Duplex>();

  const refuse = (request: IncomingMessage, response: ServerResponse, error: ServiceError) => {
    const { status, headers, body } = lastAnswer(error, log);
    const { method = '', url: target = '' } = request;
    const ownLog = log.child({ requestId: service.requestId(request.headers) });
    logRequest(ownLog, { method, target, headers: request.headers, status, milliseconds: 0 });
    response.writeHead(status, headers).write(body);
    afterRest(request, () => response.end());
  };

  server.on('request', (request, response) => {
    const before = answers.get(request.socket);
    if (before?.writableFinished === false) earlier.set(response, before);
    answers.set(request.socket, response);
    const refusal = refusalOf(request);
    if (refusal === undefined) handler(request, response);
    else refuse(request, response, refusal);
  });

  server.on('checkContinue', (request, response) => {
    if (refusalOf(request) === undefined) response.writeContinue();
    server.emit('request', request, response);
  });

  server.on('checkExpectation', (request, response) => {
    refuse(request, response, new ServiceError(417, 'This service meets no such expectation.'));
  });

  // Without this Node closes the connection of a CONNECT, and says nothing.
  server.on('connect', (request, socket) => {
    writeRaw(
      socket.on('error', () => socket.destroy()),
      lastAnswer(refusalOf(request) ?? unknownMethod(), log),
    );
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || (!socket.writable && !given.has(socket))) {
      socket.destroy();
      return;
    }
    // Node says it again of all that comes after it.
    if (given.has(socket)) return;
    given.add(socket);
    const latest = answers.get(socket);
    const isCut = latest !== undefined && !latest.req.complete;
    const before = isCut ? earlier.get(latest) : latest;
    const refuseRest = () => {
      if (!socket.writable) return;
      const refusal = malformed(error.code);
      log.info({ status: refusal.status, reason: error.code }, 'malformed request');
      // A request has one answer, also when it turns out to be malformed after that.
      if (isCut && latest.headersSent) endRaw(socket);
      else writeRaw(socket, lastAnswer(refusal, log));
    };
    // What was asked before may have been done: it is answered first.
    if (before?.writableFinished === false) before.once('close', refuseRest);
    else refuseRest();
  });

  return server;
}

/** Makes the check of what can be said of a request by its first line and its headers. */
function refusals(bodyLimit: number): (request: IncomingMessage) => ServiceError | undefined {
  let knownHost: string | undefined;
  return ({ url = '', method = '', headers, httpVersion }) => {
    try {
      parseTarget(url);
    } catch (error) {
      return error as ServiceError;
    }
    if (!METHODS.includes(method as (typeof METHODS)[number])) return unknownMethod();
    const { host } = headers;
    if (host === undefined && httpVersion !== '1.0') return new ServiceError(400, 'The request has no Host header.');
    if (host !== undefined && host !== knownHost) {
      if (!isHost(host)) return new ServiceError(400, 'The Host header is not the name or the address of a host.');
      knownHost = host;
    }
    return Number(headers['content-length'] ?? 0) > bodyLimit ? tooLarge() : undefined;
  };
}

/** Whether a Host header is one that stays as it is when a URL is made of it, as Hono does. */
function isHost(host: string): boolean {
  if (host.length > 300 || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}/`)) return false;
  const { hostname } = new URL(`http://${host}/`);
  const port = host.slice(hostname.length);
  return host.slice(0, hostname.length).toLowerCase() === hostname && (port === '' || /^:\d{1,5}$/.test(port));
}

function unknownMethod(): ServiceError {
  return new ServiceError(405, `This service takes ${METHODS.join(', ')} only.`);
}

/** What Node's parser could not read, by the code of its error. */
function malformed(code: string | undefined): ServiceError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError(408, 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError(431, 'The headers of the request are larger than this service takes.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return tooLarge();
    default:
      return new ServiceError(400, 'The request is not HTTP that this service can read.');
  }
}

interface LastAnswer extends Answer {
  body: string;
}

/** The answer after which the connection is closed. */
function lastAnswer(error: ServiceError, log: Service['log']): LastAnswer {
  const { status, headers, body: content = '' } = errorAnswer(error, log);
  const body = content.toString();
  return {
    status,
    headers: {
      ...headers,
      ...(status === 405 && { allow: METHODS.join(', ') }),
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    },
    body,
  };
}

/** Throws the rest of a request away, for a while, and then goes on. */
function afterRest(request: IncomingMessage, next: () => void): void {
  if (request.complete) {
    next();
    return;
  }
  const timer = setTimeout(next, LINGER);
  request
    .once('close', () => {
      clearTimeout(timer);
      next();
    })
    .resume();
}

/** Answers where there is no response to answer with. */
function writeRaw(socket: Duplex, { status, headers, body }: LastAnswer): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endRaw(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

/** Ends a connection, so that the other side can read what was written before. */
function endRaw(socket: Duplex, last = ''): void {
  socket.end(last);
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => clearTimeout(timer)).resume();
}
