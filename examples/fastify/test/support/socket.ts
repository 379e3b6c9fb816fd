import { request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { createApp, listen } from '../../src/app.js';
import type { Service } from '../../src/tsuru/service.js';
import type { TestRequest, TestResponse } from './requests.js';

export interface Listening {
  port: number;
  close(): Promise<void>;
}

/** Serves a service on a free port of this machine. */
export async function listening(service: Service): Promise<Listening> {
  const { address, close } = await listen(await createApp(service), { port: 0, host: '127.0.0.1' });
  return { port: Number(new URL(address).port), close: async () => void (await close()) };
}

/** Sends a request over a connection of its own, its path as it is. */
export function sendTo(port: number, request: TestRequest): Promise<TestResponse> {
  return sendOver(() => connect(port, '127.0.0.1'), request);
}

/** The same over any stream. The connection is kept unless a header closes it, as through Tsuru's proxy. */
export function sendOver(
  connection: () => Duplex,
  { method, path, headers, body }: TestRequest,
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
