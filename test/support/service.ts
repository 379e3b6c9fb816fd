import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startProgram } from './started.ts';

/** A generated service that runs: its own process, its own store, a real socket on 127.0.0.1. */
export interface RunningService {
  port: number;
  authorization: string;
  child: ChildProcess;
  /** Everything that it wrote to standard output and standard error so far. */
  output(): string;
  /** Asks it to stop, and gives its exit code once it has. */
  stop(): Promise<number | null>;
  /** Ends it at once, with no chance to do anything. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** The Node to run it with. */
  node?: string;
  /** The SQLite file; a new one by default. */
  database?: string;
  environment?: Record<string, string>;
  /** Whether its output is kept once it listens; not under load, where that is most of the work. */
  keepOutput?: boolean;
}

export interface WireRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface WireResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Starts the built service of a project and waits until it logs, at the level info, where it listens. */
export async function startService(project: string, options: StartOptions = {}): Promise<RunningService> {
  const scratch = mkdtempSync(join(tmpdir(), 'tsuru-service-'));
  const environment = {
    DATABASE_PATH: options.database ?? join(scratch, 'service.db'),
    ...options.environment,
  };
  const started = await startProgram(options.node ?? process.execPath, ['dist/main.js'], environment, project);
  const ended = started.ended.then((code) => {
    rmSync(scratch, { recursive: true, force: true });
    return code;
  });
  if (options.keepOutput === false) started.forget();
  const { SERVICE_USERNAME = '', SERVICE_PASSWORD = '' } = { ...readEnvironment(project), ...options.environment };
  return {
    port: Number(new URL(started.url).port),
    authorization: `Basic ${Buffer.from(`${SERVICE_USERNAME}:${SERVICE_PASSWORD}`).toString('base64')}`,
    child: started.child,
    output: () => started.output(),
    stop: async () => {
      await started.stop();
      return ended;
    },
    kill: async () => {
      started.child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The lines of a project's .env. */
export function readEnvironment(project: string): Record<string, string> {
  const lines = readFileSync(join(project, '.env'), 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, value ?? '']];
    }),
  );
}

/**
 * Sends one request on a connection of its own, its path exactly as given. The connection is kept unless a header closes
 * it, as Tsuru's proxy does. Rejects when the connection breaks.
 */
export function send(port: number, { method, path, headers = {}, body = '' }: WireRequest): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const agent = new Agent({ keepAlive: true });
    const call = request({ host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent });
    call.on('error', reject).on('response', (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => (text += chunk))
        .on('error', reject)
        .on('end', () => {
          agent.destroy();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
    });
    call.end(body);
  });
}

/** Writes bytes to a new connection and gives the status of the answer, or undefined when it was closed without one. */
export function sendBytes(port: number, bytes: string | Buffer, patience = 2000): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      const status = /^HTTP\/1\.1 (?!100)(\d{3})/m.exec(answer)?.[1];
      resolve(status === undefined ? undefined : Number(status));
    };
    const timer = setTimeout(done, patience);
    socket
      .setEncoding('latin1')
      .on('data', (chunk: string) => {
        answer += chunk;
        if (/^HTTP\/1\.1 (?!100)\d{3}.*\r\n\r\n/s.test(answer)) done();
      })
      .on('error', done)
      .on('close', done);
    socket.write(bytes);
  });
}
