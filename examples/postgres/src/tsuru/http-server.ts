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
import { errorResponse, MAX_HEADER_SIZE, METHODS, tooLarge, type ServiceResponse } from './http.js';
import { logRequest } from './log.js';
import { targetOf } from './request-target.js';
import type { Service } from './service.js';

/** Times in milliseconds. */
const OPTIONS = {
  maxHeaderSize: MAX_HEADER_SIZE,
  /** For the whole request to arrive. */
  requestTimeout: 60_000,
  /** Go's client keeps a connection for 90 s. With a longer time here it is always the client that closes. */
  keepAliveTimeout: 95_000,
  /** Checked below: Node's own refusal has no body. */
  requireHostHeader: false,
};

/** Milliseconds for which a refused client may continue to send, so that it can read the response. */
const LINGER = 1_000;

/**
 * Creates the HTTP server in front of the web framework. It refuses the requests that no framework accepts, or that
 * each would refuse differently: malformed or late ones, an unknown method, a path or host that is not plain, and a
 * Content-Length over the limit. These responses are `{code, message}` like all errors, with fixed texts,
 * since no password has been checked yet.
 */
export function createHttpServer(service: Service, handler: RequestListener): Server {
  const { log, bodyLimit, headersTimeout } = service;
  // The interval is how often Node looks for late requests.
  const server = createServer({ ...OPTIONS, headersTimeout, connectionsCheckingInterval: headersTimeout / 10 });
  // By default Node silently drops all headers after the thousandth; X-Forwarded-For may be one of them.
  server.maxHeadersCount = 0;
  const refusalOf = createRefusals(bodyLimit);
  /** The response to the latest request of each connection, and the one before it while that is unfinished. */
  const latestResponses = new WeakMap<Duplex, ServerResponse>();
  const previousResponses = new WeakMap<ServerResponse, ServerResponse>();
  /** Connections that had malformed bytes, after which nothing is read. */
  const malformedConnections = new WeakSet<Duplex>();

  const refuse = (request: IncomingMessage, response: ServerResponse, error: ServiceError) => {
    const { status, headers, body } = finalResponse(error, log);
    const { method = '', url = '' } = request;
    const { path } = targetOf(request, url);
    const requestLog = log.child({ requestId: service.requestId(request.headers) });
    logRequest(requestLog, { method, path, headers: request.headers, status, milliseconds: 0 });
    response.writeHead(status, headers).write(body);
    afterRest(request, () => response.end());
  };

  server.on('request', (request, response) => {
    const previous = latestResponses.get(request.socket);
    if (previous?.writableFinished === false) previousResponses.set(response, previous);
    latestResponses.set(request.socket, response);
    const refusal = refusalOf(request);
    if (refusal === undefined) handler(request, response);
    else refuse(request, response, refusal);
  });

  server.on('checkContinue', (request, response) => {
    if (refusalOf(request) === undefined) response.writeContinue();
    server.emit('request', request, response);
  });

  server.on('checkExpectation', (request, response) => {
    refuse(request, response, new ServiceError(417, 'This service does not support this Expect header.'));
  });

  // Without this Node closes the connection of a CONNECT without a response.
  server.on('connect', (request, socket) => {
    writeRaw(
      socket.on('error', () => socket.destroy()),
      finalResponse(refusalOf(request) ?? unknownMethod(), log),
    );
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || (!socket.writable && !malformedConnections.has(socket))) {
      socket.destroy();
      return;
    }
    // Node raises the error again for all bytes that follow.
    if (malformedConnections.has(socket)) return;
    malformedConnections.add(socket);
    const latest = latestResponses.get(socket);
    const isCut = latest !== undefined && !latest.req.complete;
    const previous = isCut ? previousResponses.get(latest) : latest;
    const refuseRest = () => {
      if (!socket.writable) return;
      const refusal = malformed(error.code);
      log.info({ status: refusal.status, reason: error.code }, 'malformed request');
      // A request gets one response, even when it turns out to be malformed after that.
      if (isCut && latest.headersSent) endRaw(socket);
      else writeRaw(socket, finalResponse(refusal, log));
    };
    // An earlier request may have had an effect: its response goes first.
    if (previous?.writableFinished === false) previous.once('close', refuseRest);
    else refuseRest();
  });

  return server;
}

/** Creates the check of a request by its first line and its headers. */
function createRefusals(bodyLimit: number): (request: IncomingMessage) => ServiceError | undefined {
  let knownHost: string | undefined;
  return (request) => {
    const { url = '', method = '', headers, httpVersion } = request;
    const { refusal } = targetOf(request, url);
    if (refusal !== undefined) return refusal;
    if (!METHODS.includes(method as (typeof METHODS)[number])) return unknownMethod();
    const { host } = headers;
    if (host === undefined && httpVersion !== '1.0') return new ServiceError(400, 'The request has no Host header.');
    if (host !== undefined && host !== knownHost) {
      if (!isHost(host)) return new ServiceError(400, 'The Host header is not a valid host name or address.');
      knownHost = host;
    }
    return Number(headers['content-length'] ?? 0) > bodyLimit ? tooLarge() : undefined;
  };
}

/** Whether a URL leaves a Host header unchanged: Hono routes by such a URL. */
function isHost(host: string): boolean {
  if (host.length > 300 || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}/`)) return false;
  const { hostname } = new URL(`http://${host}/`);
  const port = host.slice(hostname.length);
  return host.slice(0, hostname.length).toLowerCase() === hostname && (port === '' || /^:\d{1,5}$/.test(port));
}

function unknownMethod(): ServiceError {
  return new ServiceError(405, `This service accepts ${METHODS.join(', ')} only.`);
}

/** The refusal of a request that Node's parser could not read. @param code of the parser's error */
function malformed(code: string | undefined): ServiceError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError(408, 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError(431, 'The headers of the request are larger than this service accepts.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return tooLarge();
    default:
      return new ServiceError(400, 'The request is not valid HTTP.');
  }
}

interface FinalResponse extends ServiceResponse {
  body: string;
}

/** The response after which the connection is closed. */
function finalResponse(error: ServiceError, log: Service['log']): FinalResponse {
  const { status, headers, body: content = '' } = errorResponse(error, log);
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

/** Discards the rest of a request, for a limited time. */
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

/** Writes a response to a connection for which Node has no response object. */
function writeRaw(socket: Duplex, { status, headers, body }: FinalResponse): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endRaw(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

/** Ends a connection so that its client can still read the last response. */
function endRaw(socket: Duplex, last = ''): void {
  socket.end(last);
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => clearTimeout(timer)).resume();
}
