import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';

import { readBody } from './body.js';
import { errorAnswer, hasBody, notFound, type Answer, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';

/** Gives each request a logger with its id, and logs it when it has been answered. */
export function logging(service: Service): RequestHandler {
  return (request, response, next) => {
    const { method, originalUrl: target, headers } = request;
    const start = performance.now();
    const log = service.log.child({ requestId: service.requestId(headers) });
    response.locals['log'] = log;
    response.on('finish', () => {
      const milliseconds = performance.now() - start;
      logRequest(log, { method, target, headers, status: response.statusCode, milliseconds });
    });
    next();
  };
}

/** Asks for the service's user name and password, the health check apart. */
export function authentication(service: Service): RequestHandler {
  return (request, _response, next) => {
    service.admit(request.method, request.originalUrl, request.headers);
    next();
  };
}

/** Tsuru's calls and the service's own endpoints, as one Express router. No other path gets past it. */
export function tsuruRoutes(service: Service): Router {
  const router = express.Router({ caseSensitive: true, strict: true });

  for (const route of service.routes) {
    const method = route.method.toLowerCase() as Lowercase<typeof route.method>;
    router[method](route.path, async (request, response) => {
      send(response, await route.handle(await incoming(request, response, service.bodyLimit)));
    });
  }

  router.use((request) => {
    throw notFound(request.method);
  });

  return router;
}

/** Answers for what was thrown on the way, in routes of your own as well. */
export function errorAnswers(): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else send(response, errorAnswer(error, logOf(response), statusOf(error)));
  };
}

/** The status of an error of Express and its body parsers: `expose` says that it is meant for the client. */
function statusOf(error: unknown): number | undefined {
  const { expose, status } = Object(error) as { expose?: unknown; status?: unknown };
  return expose === true && typeof status === 'number' ? status : undefined;
}

function logOf(response: Response): Incoming['log'] {
  return response.locals['log'] as Incoming['log'];
}

/** Bodies stay raw here: what Tsuru sends is decoded in body.ts, and an endpoint may take any type. */
async function incoming(request: Request, response: Response, limit: number): Promise<Incoming> {
  const { method, originalUrl: target, headers, rawHeaders } = request;
  const body = hasBody(method) ? await readBody(request, limit) : new Uint8Array();
  return { method, target, headers, rawHeaders, body, log: logOf(response) };
}

function send(response: Response, { status, headers, body }: Answer): void {
  // Not `send`: an answer goes out as it is, with no 304 for an `If-None-Match: *` and no charset added.
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body !== undefined) response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}
