import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';

import { errorAnswer, notFound, type Answer, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';
import { requestId } from './tsuru-headers.js';

/** Tsuru's calls and the service's own endpoints, as one Express router. */
export function tsuruRoutes(service: Service): Router {
  const router = express.Router({ caseSensitive: true, strict: true });

  router.use(logging(service));

  router.use((request, _response, next) => {
    service.admit(request.originalUrl, request.headers);
    next();
  });

  // Bodies stay raw here: what Tsuru sends is decoded in body.ts, and an endpoint may take any type. A GET may come with
  // a body through Tsuru's proxy; it means nothing and is not read.
  router.use(express.raw({ type: ({ method }) => method !== 'GET' && method !== 'HEAD', limit: service.bodyLimit }));

  for (const route of service.routes) {
    const method = route.method.toLowerCase() as Lowercase<typeof route.method>;
    router[method](route.path, async (request, response) => {
      send(response, await route.handle(incoming(request, response)));
    });
  }

  router.use((request) => {
    throw notFound(request.method);
  });

  router.use(((error, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    send(response, errorAnswer(error, logOf(response)));
  }) satisfies ErrorRequestHandler);

  return router;
}

/** Gives each request a logger with its id, and logs it when it has been answered. */
function logging(service: Service): RequestHandler {
  return (request, response, next) => {
    const { method, originalUrl: target, headers } = request;
    const start = performance.now();
    const log = service.log.child({ requestId: requestId(headers) });
    response.locals['log'] = log;
    response.on('finish', () => {
      const milliseconds = performance.now() - start;
      logRequest(log, { method, target, headers, status: response.statusCode, milliseconds });
    });
    next();
  };
}

function logOf(response: Response): Incoming['log'] {
  return response.locals['log'] as Incoming['log'];
}

function incoming(request: Request, response: Response): Incoming {
  const body: unknown = request.body;
  return {
    method: request.method,
    target: request.originalUrl,
    headers: request.headers,
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    log: logOf(response),
  };
}

function send(response: Response, { status, headers, body }: Answer): void {
  // Not `send`: an answer goes out as it is, with no 304 for an `If-None-Match: *` and no charset added.
  response.writeHead(status, headers).end(body);
}
