import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { tlsOptions, type Trust } from '../../tsuru/trust.ts';
import { sniffedType } from '../http/sniff.ts';
import { replyHeaders, valuesOf, type HeaderLines } from './proxy-headers.ts';

/** A request that is passed on to a service. */
export interface Passed {
  method: string;
  /** Of the service; its path is not looked at. */
  address: URL;
  /** With the query, escaped. */
  path: string;
  headers: HeaderLines;
  body: Buffer;
  /** Whether it came in chunks, and so is sent in chunks. */
  isChunked: boolean;
}

/** What came of it; bodies are cut. */
export interface PassedOn {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  failure?: string;
}

/** Passes requests on to services, whose connections it keeps for the next ones. */
export interface ReverseProxy {
  /**
   * Writes the reply of the service to a response as it comes, but does not end it; 502 if there is none. A reply that breaks off
   * breaks the response off, and a user that goes breaks the request off.
   */
  pass: (request: Passed, response: ServerResponse) => Promise<PassedOn>;
}

/** Milliseconds for which Tsuru keeps a connection that is not in use. */
const IDLE = 15_000;

const GONE = 'The user closed the connection.';

/** Bytes of a reply's body that are kept for the traffic. */
export const KEPT_BODY = 65_536;

/** @param closing ends everything */
export function makeReverseProxy(tls: Trust, closing: AbortSignal): ReverseProxy {
  const options = { keepAlive: true, maxFreeSockets: 10, timeout: IDLE };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent({ ...options, ...tlsOptions(tls) }) };
  closing.addEventListener('abort', () => {
    for (const agent of Object.values(agents)) agent.destroy();
  });
  return {
    async pass(request, response) {
      let incoming;
      try {
        incoming = await replyTo(request, response, agents[request.address.protocol === 'https:' ? 'https:' : 'http:'], closing);
      } catch (error) {
        response.writeHead(502, { 'Content-Length': 0 });
        return { failure: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
      }
      return copy(incoming, response, asksForGzip(request.headers));
    },
  };
}

/** A request that changes nothing is made again if a kept connection turns out to be closed. */
async function replyTo(request: Passed, user: ServerResponse, agent: HttpAgent, signal: AbortSignal): Promise<IncomingMessage> {
  const isSafe = request.body.length === 0 && !request.isChunked && (request.method === 'GET' || request.headers.some(([name]) => /^(X-)?Idempotency-Key$/.test(name)));
  for (;;) {
    const outgoing = open(request, agent, signal);
    user.once('close', () => outgoing.destroy(new Error(GONE)));
    try {
      return await new Promise((resolve, reject) => {
        outgoing.on('response', resolve).on('error', reject).on('upgrade', (_, socket) => {
          socket.destroy();
          reject(new Error('The service switches protocols.'));
        });
        if (request.body.length > 0) outgoing.write(request.body);
        outgoing.end();
      });
    } catch (error) {
      if (!isSafe || !outgoing.reusedSocket || !['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** @throws Error if the path or a header has a character that cannot be sent */
function open({ method, address, path, headers, body, isChunked }: Passed, agent: HttpAgent, signal: AbortSignal): ClientRequest {
  const outgoing = (address.protocol === 'https:' ? requestHttps : requestHttp)({
    host: address.hostname.replace(/^\[|\]$/g, ''),
    port: address.port,
    method,
    path,
    agent,
    signal,
  });
  for (const name of new Set(headers.map(([one]) => one))) {
    const values = valuesOf(headers, name);
    outgoing.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  }
  if (asksForGzip(headers)) outgoing.setHeader('Accept-Encoding', 'gzip');
  if (isChunked) outgoing.setHeader('Transfer-Encoding', 'chunked');
  else if (body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(method)) outgoing.setHeader('Content-Length', body.length);
  outgoing.removeHeader('Connection');
  return outgoing;
}

/** Whether Tsuru asks for a compressed reply on its own, which it unpacks then. */
function asksForGzip(headers: HeaderLines): boolean {
  return !headers.some(([name]) => name === 'Accept-Encoding' || name === 'Range');
}

async function copy(incoming: IncomingMessage, response: ServerResponse, isOwnGzip: boolean): Promise<PassedOn> {
  const lines = replyHeaders(incoming.rawHeaders);
  const isPacked = isOwnGzip && valuesOf(lines, 'Content-Encoding').at(0)?.toLowerCase() === 'gzip';
  const passed = isPacked ? lines.filter(([name]) => name !== 'Content-Encoding' && name !== 'Content-Length') : lines;
  for (const [name, value] of passed) response.appendHeader(name, value);
  const status = incoming.statusCode ?? 0;
  const isTyped = passed.some(([name]) => name === 'Content-Type' || name === 'Content-Encoding');
  const kept: Buffer[] = [];
  let size = 0;
  const start = (first?: Buffer) => {
    if (response.headersSent) return;
    if (!isTyped && first !== undefined) response.setHeader('Content-Type', sniffedType(first));
    response.writeHead(status);
    response.flushHeaders();
  };
  if (isTyped) start();
  const source: Readable = isPacked ? pipeline(incoming, createGunzip(), () => undefined) : incoming;
  let failure: string | undefined;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      start(chunk);
      if (size < KEPT_BODY) kept.push(chunk.subarray(0, KEPT_BODY - size));
      size += chunk.length;
      if (response.destroyed) throw new Error(GONE);
      if (!response.write(chunk)) await drained(response);
    }
    start();
  } catch (error) {
    failure = response.destroyed ? GONE : ((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    response.destroy();
  }
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  return { status, headers, body: Buffer.concat(kept).toString(), ...(failure !== undefined && { failure }) };
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
