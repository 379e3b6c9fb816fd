import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context, type ErrorHandler, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';

import { readBody } from './body.js';
import { errorResponse, hasBody, notFound, tooLarge, type Headers, type Log, type ServiceResponse } from './http.js';
import { logRequest } from './log.js';
import { acceptedTarget, targetOf, type RequestTarget } from './request-target.js';
import type { Service } from './service.js';

/** The types of the context in this app. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: { log: Log };
}

/** Gives each request a logger with its id, and logs it once its response is ready. */
export function logging(service: Service): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const start = performance.now();
    const { method, target, headers } = requestOf(c);
    const log = service.log.child({ requestId: service.requestId(headers) });
    c.set('log', log);
    await next();
    const milliseconds = performance.now() - start;
    logRequest(log, { method, path: target.path, headers, status: c.res.status, milliseconds });
  };
}

/** Requires the service's user name and password, except for the health check. */
export function authentication(service: Service): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const { method, target, headers } = requestOf(c);
    service.admit(method, target, headers);
    await next();
  };
}

/**
 * Tsuru's calls and the service's own endpoints, as a Hono app for `app.route`. It handles all other paths with a 404.
 */
export function tsuruRoutes(service: Service): Hono<Environment> {
  const app = new Hono<Environment>();

  for (const route of service.routes) {
    app.on(route.method, route.path, async (c) => {
      const { method, target: parsed, headers, rawHeaders } = requestOf(c);
      const target = acceptedTarget(parsed);
      // Bodies stay raw: body.ts decodes Tsuru's, and an endpoint may accept any type.
      const body = hasBody(method) ? await bodyOf(c, service.bodyLimit) : new Uint8Array();
      return respond(await route.handle({ method, target, headers, rawHeaders, body, log: c.get('log') }));
    });
  }

  app.all('*', (c) => {
    throw notFound(c.req.method);
  });

  return app;
}

/** Turns errors into responses, those of your own routes as well. */
export function errorHandler(service: Service): ErrorHandler<Environment> {
  return (error, c) => {
    const status = error instanceof HTTPException ? error.status : undefined;
    return respond(errorResponse(error, c.get('log') ?? service.log, status));
  };
}

/** The request as received. The URL that Hono routes by is normalised; without a socket there is no other. */
function requestOf(c: Context<Environment>): {
  method: string;
  target: RequestTarget;
  headers: Headers;
  rawHeaders: readonly string[];
} {
  const { method } = c.req;
  const incoming = (c.env as Partial<HttpBindings> | undefined)?.incoming;
  if (incoming !== undefined) {
    const { url = '', headers, rawHeaders } = incoming;
    return { method, target: targetOf(incoming, url), headers, rawHeaders };
  }
  const { pathname, search } = new URL(c.req.url);
  const target = targetOf(c.req.raw, pathname + search);
  return { method, target, headers: c.req.header(), rawHeaders: [...c.req.raw.headers].flat() };
}

async function bodyOf(c: Context<Environment>, limit: number): Promise<Uint8Array> {
  const incoming = (c.env as Partial<HttpBindings> | undefined)?.incoming;
  if (incoming !== undefined) return readBody(incoming, limit);
  const body = new Uint8Array(await c.req.arrayBuffer());
  if (body.byteLength > limit) throw tooLarge();
  return body;
}

function respond({ status, headers, body }: ServiceResponse): Response {
  return new Response(body, { status, headers });
}
