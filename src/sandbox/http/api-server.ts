import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { REFUSED_ROUTES } from '../api/refused.ts';
import { Crash } from '../faults.ts';
import type { User } from '../state/records.ts';
import { ROUTES } from '../routes.ts';
import type { World } from '../world.ts';
import { ApiError, type Answer } from './answer.ts';
import type { ApiRequest } from './request.ts';
import { routerOf, type Match } from './router.ts';
import { sniffedType } from './sniff.ts';
import { openStream, type JsonStream } from './stream.ts';
import { targetOf } from './target.ts';
import { tokenOf } from './token.ts';
import { parseValues } from './values.ts';

/** Bytes of a request's body that are taken. */
const BODY_LIMIT = 32 * 1_048_576;

/** Serves Tsuru's API. @param user makes the request, instead of the one that its token is of */
export type ApiHandler = (incoming: IncomingMessage, response: ServerResponse, user?: User) => Promise<void>;

/** Answers requests as Tsuru's API server does (tsuru/api `server.go`, `middleware.go`). */
export function apiHandler(world: World): ApiHandler {
  const find = routerOf(ROUTES);
  return async (incoming, response, user) => {
    const target = targetOf(incoming.url ?? '');
    if (target === undefined) {
      response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 15, Connection: 'close' });
      response.end('400 Bad Request');
      return;
    }
    const match = find(incoming.method ?? '', target.path);
    if (match === undefined) {
      refuse(response, 404, '404 page not found\n', { 'Content-Length': '19' });
      return;
    }
    response.setHeader('Supported-Tsuru', '1.0.1');
    // What is refused may be long: an app that is deployed.
    const body = REFUSED_ROUTES.includes(match.route) ? skipped(incoming) : await bodyOf(incoming);
    if (body === undefined) {
      refuse(response, 413, 'The body is longer than 32 MiB.\n');
      return;
    }
    const [contentType = ''] = (incoming.headers['content-type'] ?? '').split(';');
    const own = user ?? userOfToken(world, incoming.headers.authorization);
    let stream: JsonStream | undefined;
    const request: ApiRequest = {
      method: incoming.method ?? '',
      params: match.params,
      route: match.route.path,
      version: match.version,
      rawQuery: target.query,
      query: parseValues(target.query),
      body,
      contentType,
      mediaType: contentType.trim().toLowerCase(),
      user: own,
      remote: incoming.socket.remoteAddress ?? '',
      requestId: String(incoming.headers['x-rid'] ?? randomUUID()),
      stream: () => (stream ??= openStream(response, world.now, world.settings.keepAlive)),
      incoming,
    };
    try {
      const answer = await answerOf(match, request, world);
      if (stream !== undefined) stream.close();
      else await send(response, answer ?? { status: 200 });
    } catch (error) {
      fail(error, response, stream);
    }
  };
}

async function answerOf({ route, params }: Match, request: ApiRequest, world: World): Promise<Answer | undefined> {
  if (request.user !== undefined && params['app'] !== undefined && !world.state.apps.some(({ name }) => name === params['app'])) {
    throw new ApiError(404, `App ${params['app']} not found.`);
  }
  if (!route.isOpen && request.user === undefined) {
    throw new ApiError(401, 'You must provide a valid Authorization header', { 'Www-Authenticate': 'Bearer realm="tsuru" scope="tsuru"' });
  }
  return route.handler(request, world);
}

function fail(error: unknown, response: ServerResponse, stream: JsonStream | undefined): void {
  if (error instanceof Crash) {
    response.destroy();
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (stream?.fail(message) === true) {
    stream.close();
    return;
  }
  const { status, headers } = error instanceof ApiError ? error : { status: 500, headers: {} };
  refuse(response, status, `${message}\n`, headers);
  stream?.close();
}

/** An error as Go's server writes it. */
function refuse(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
  response.end(body);
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ('write' in answer) {
    await answer.write(response);
    return;
  }
  const { status, headers = {}, body } = answer;
  const type = headers['Content-Type'] === undefined && body !== undefined && body.length > 0 && { 'Content-Type': sniffedType(body) };
  // Tsuru sends what it writes in chunks.
  const length = body === undefined && status !== 204 && { 'Content-Length': 0 };
  response.writeHead(status, { ...headers, ...type, ...length });
  response.end(body);
}

function userOfToken({ state }: World, header: string | undefined): User | undefined {
  const token = tokenOf(header);
  return token === '' ? undefined : state.users.find(({ tokens }) => tokens.includes(token));
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function skipped(incoming: IncomingMessage): Buffer {
  incoming.resume();
  return Buffer.alloc(0);
}
