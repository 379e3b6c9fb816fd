import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context, type ErrorHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import { ServiceError } from './errors.js';
import { errorAnswer, notFound, type Answer, type Headers, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';
import { requestId } from './tsuru-headers.js';

/** What the handlers of this app find in their context. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: { log: Incoming['log'] };
}

/** A GET may come with a body through Tsuru's proxy; it means nothing and is not read. */
const METHODS_WITH_BODY = ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Tsuru's calls and the service's own endpoints, as one Hono app to mount with `app.route`. */
export function tsuruRoutes(service: Service): Hono<Environment> {
  const app = new Hono<Environment>();

  app.use(async (c, next) => {
    const start = performance.now();
    const log = service.log.child({ requestId: requestId(headersOf(c)) });
    c.set('log', log);
    await next();
    const milliseconds = performance.now() - start;
    logRequest(log, {
      method: c.req.method,
      target: targetOf(c),
      headers: headersOf(c),
      status: c.res.status,
      milliseconds,
    });
  });

  app.use(async (c, next) => {
    service.admit(targetOf(c), headersOf(c));
    await next();
  });

  app.on(
    METHODS_WITH_BODY,
    '*',
    bodyLimit({
      maxSize: service.bodyLimit,
      onError: () => {
        throw new ServiceError(413, 'The body is larger than this service takes.');
      },
    }),
  );

  for (const route of service.routes) {
    app.on(route.method, route.path, async (c) => respond(await route.handle(await incoming(c))));
  }

  app.all('*', (c) => {
    throw notFound(c.req.method);
  });

  return app;
}

/** Answers for what was thrown on the way; it is the whole app's, and also takes errors of routes of your own. */
export function onError(service: Service): ErrorHandler<Environment> {
  return (error, c) => {
    const thrown = isCutOff(error) ? new ServiceError(400, 'The body was cut off.', {}, { cause: error }) : error;
    return respond(errorAnswer(thrown, c.get('log') ?? service.log));
  };
}

/** The raw request target: the URL that Hono routes by has been folded already. Without a socket there is only that. */
function targetOf(c: Context<Environment>): string {
  const target = (c.env as Partial<HttpBindings> | undefined)?.incoming?.url;
  if (target !== undefined) return target;
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

function headersOf(c: Context<Environment>): Headers {
  return (c.env as Partial<HttpBindings> | undefined)?.incoming?.headers ?? c.req.header();
}

async function incoming(c: Context<Environment>): Promise<Incoming> {
  return {
    method: c.req.method,
    target: targetOf(c),
    headers: headersOf(c),
    body: METHODS_WITH_BODY.includes(c.req.method) ? new Uint8Array(await c.req.arrayBuffer()) : new Uint8Array(),
    log: c.get('log'),
  };
}

/** Node's error for a client that went away before its body was complete: it fails reading, wherever that is done. */
function isCutOff(error: Error): boolean {
  return error.message === 'aborted' && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

function respond({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
