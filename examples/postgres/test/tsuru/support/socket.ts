import { request, type OutgoingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { createApp, listen } from '../../../src/app.js';
import type { Service } from '../../../src/tsuru/service.js';
import type { TestRequest, TestResponse } from './requests.js';

export interface Listening {
  port: number;
  close(): Promise<void>;
}

/** Serves a service on a free port of 127.0.0.1, optionally with routes of the owner. */
export async function listening(service: Service, own?: Parameters<typeof createApp>[1]): Promise<Listening> {
  const { address, close } = await listen(await createApp(service, own), service, { port: 0, host: '127.0.0.1' });
  return { port: Number(new URL(address).port), close: async () => void (await close()) };
}

/** A request whose headers may be repeated: a list is sent as one line per item. */
export type WireRequest = Omit<TestRequest, 'headers'> & { headers: OutgoingHttpHeaders };

/** Sends a request over its own connection, with its path unchanged. */
export function sendTo(port: number, request: WireRequest): Promise<TestResponse> {
  return sendOver(() => connect(port, '127.0.0.1'), request);
}

/** The same over any stream. The connection is kept alive unless a header closes it, as Tsuru's proxy does. */
export function sendOver(
  connection: () => Duplex,
  { method, path, headers, body }: WireRequest,
): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const stream = connection();
    const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const call = request({
      method,
      path,
      headers: { connection: 'keep-alive', ...headers, ...length },
      createConnection: () => stream,
    });
    call.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject).on('end', () => {
        stream.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    call.end(body);
  });
}

/** Sends a request line that no HTTP client would send. Resolves with the status of the reply. */
export function sendLine(port: number, line: string, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('latin1').on('error', reject);
    socket.on('data', (chunk: string) => (reply += chunk));
    socket.on('close', () => {
      resolve(Number(reply.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)));
    });
    socket.write(`${line} HTTP/1.1\r\nHost: service\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`);
  });
}

/** An open connection on which nothing has been sent. */
export interface Wire {
  socket: Socket;
  /** Everything received until the other side closes the connection. Rejects when the connection is reset. */
  reply: Promise<string>;
}

/** Opens a connection and sends nothing. */
export function wire(port: number): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const reply = new Promise<string>((end, fail) => {
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', fail).on('close', () => end(text));
    });
    // A test that does not wait for the reply does not handle its error.
    reply.catch(() => {});
    socket.once('error', reject).once('connect', () => resolve({ socket, reply }));
  });
}

/** Sends bytes over their own connection. Resolves with everything received until the other side closes it. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const { socket, reply } = await wire(port);
  socket.write(bytes);
  return reply;
}
