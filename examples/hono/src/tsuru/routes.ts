import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context, type ErrorHandler, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';

import { readBody } from './body.js';
import { errorAnswer, hasBody, notFound, tooLarge, type Answer, type Headers, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';

/** What the handlers of this app find in their context. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: { log: Incoming['log'] };
}

/** Gives each request a logger with its id, and logs it when it has been answered. */
export function logging(service: Service): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const start = performance.now();
    const { method, target, headers } = requestOf(c);
    const log = service.log.child({ requestId: service.requestId(headers) });
    c.set('log', log);
    await next();
    logRequest(log, { method, target, headers, status: c.res.status, milliseconds: performance.now() - start });
  };
}

/** Asks for the service's user name and password, the health check apart. */
export function authentication(service: Service): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const { method, target, headers } = requestOf(c);
    service.admit(method, target, headers);
    await next();
  };
}

/** Tsuru's calls and the service's own endpoints, as one Hono app to mount with `app.route`. No other path gets past it. */
export function tsuruRoutes(service: Service): Hono<Environment> {
  const app = new Hono<Environment>();

  for (const route of service.routes) {
    app.on(route.method, route.path, async (c) => {
      const { method, target, headers, rawHeaders } = requestOf(c);
      // Bodies stay raw here: what Tsuru sends is decoded in body.ts, and an endpoint may take any type.
      const body = hasBody(method) ? await bodyOf(c, service.bodyLimit) : new Uint8Array();
      return respond(await route.handle({ method, target, headers, rawHeaders, body, log: c.get('log') }));
    });
  }

  app.all('*', (c) => {
    throw notFound(c.req.method);
  });

  return app;
}

/** Answers for what was thrown on the way, in routes of your own as well. */
export function onError(service: Service): ErrorHandler<Environment> {
  return (error, c) => {
    const status = error instanceof HTTPException ? error.status : undefined;
    return respond(errorAnswer(error, c.get('log') ?? service.log, status));
  };
}

/** The request as it came: the URL that Hono routes by has been folded already. Without a socket there is only that. */
function requestOf(c: Context<Environment>): {
  method: string;
  target: string;
  headers: Headers;
  rawHeaders: readonly string[];
} {
  const { method } = c.req;
  const incoming = (c.env as Partial<HttpBindings> | undefined)?.incoming;
  if (incoming !== undefined) {
    const { url: target = '', headers, rawHeaders } = incoming;
    return { method, target, headers, rawHeaders };
  }
  const { pathname, search } = new URL(c.req.url);
  return { method, target: pathname + search, headers: c.req.header(), rawHeaders: [...c.req.raw.headers].flat() };
}

async function bodyOf(c: Context<Environment>, limit: number): Promise<Uint8Array> {
  const incoming = (c.env as Partial<HttpBindings> | undefined)?.incoming;
  if (incoming !== undefined) return readBody(incoming, limit);
  const body = new Uint8Array(await c.req.arrayBuffer());
  if (body.byteLength > limit) throw tooLarge();
  return body;
}

function respond({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
