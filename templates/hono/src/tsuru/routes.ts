import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import { ServiceError } from './errors.js';
import { errorAnswer, notFound, type Answer, type Headers, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';
import { requestId } from './tsuru-headers.js';

interface Environment {
  Bindings: HttpBindings;
  Variables: { log: Incoming['log'] };
}

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

  app.use(
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

  app.onError((error, c) => respond(errorAnswer(error, c.get('log'))));

  return app;
}

/** The raw request target: the URL that Hono routes by has been folded already. Without a socket there is only that. */
function targetOf(c: Context<Environment>): string {
  const { pathname, search } = new URL(c.req.url);
  return (c.env as Partial<HttpBindings> | undefined)?.incoming?.url ?? pathname + search;
}

function headersOf(c: Context<Environment>): Headers {
  return (c.env as Partial<HttpBindings> | undefined)?.incoming?.headers ?? c.req.header();
}

async function incoming(c: Context<Environment>): Promise<Incoming> {
  return {
    method: c.req.method,
    target: targetOf(c),
    headers: headersOf(c),
    body: new Uint8Array(await c.req.arrayBuffer()),
    log: c.get('log'),
  };
}

function respond({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
