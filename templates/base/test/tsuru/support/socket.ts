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

/** Serves a service on a free port of this machine, with routes of its owner's when they are given. */
export async function listening(service: Service, own?: Parameters<typeof createApp>[1]): Promise<Listening> {
  const { address, close } = await listen(await createApp(service, own), service, { port: 0, host: '127.0.0.1' });
  return { port: Number(new URL(address).port), close: async () => void (await close()) };
}

/** A request whose headers may be repeated: a list has a line for each item. */
export type WireRequest = Omit<TestRequest, 'headers'> & { headers: OutgoingHttpHeaders };

/** Sends a request over a connection of its own, its path as it is. */
export function sendTo(port: number, request: WireRequest): Promise<TestResponse> {
  return sendOver(() => connect(port, '127.0.0.1'), request);
}

/** The same over any stream. The connection is kept unless a header closes it, as through Tsuru's proxy. */
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

/** Writes a request line that no client would write, and gives the status of the answer. */
export function sendLine(port: number, line: string, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('latin1').on('error', reject);
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('close', () => {
      resolve(Number(answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)));
    });
    socket.write(`${line} HTTP/1.1\r\nHost: service\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`);
  });
}

/** A connection that was made, and on which nothing has been sent. */
export interface Wire {
  socket: Socket;
  /** All that came, once the other side has closed the connection. It rejects when the connection was reset. */
  answer: Promise<string>;
}

/** Connects; what is sent and when is up to the test. */
export function wire(port: number): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((end, fail) => {
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', fail).on('close', () => end(text));
    });
    // A test that waits for no answer does not want its error either.
    answer.catch(() => {});
    socket.once('error', reject).once('connect', () => resolve({ socket, answer }));
  });
}

/** Sends bytes over a connection of their own, and gives all that comes until the other side closes it. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const { socket, answer } = await wire(port);
  socket.write(bytes);
  return answer;
}
