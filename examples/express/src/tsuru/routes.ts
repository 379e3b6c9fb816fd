import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';

import { readBody } from './body.js';
import { errorResponse, hasBody, notFound, type Log, type ServiceRequest, type ServiceResponse } from './http.js';
import { logRequest } from './log.js';
import { acceptedTarget, targetOf, type RequestTarget } from './request-target.js';
import type { Service } from './service.js';

/** Gives each request a logger with its id, and logs it once its response is sent. */
export function logging(service: Service): RequestHandler {
  return (request, response, next) => {
    const { method, headers } = request;
    const { path } = targetFrom(request);
    const start = performance.now();
    const log = service.log.child({ requestId: service.requestId(headers) });
    response.locals['log'] = log;
    response.on('finish', () => {
      const milliseconds = performance.now() - start;
      logRequest(log, { method, path, headers, status: response.statusCode, milliseconds });
    });
    next();
  };
}

/** Requires the service's user name and password, except for the health check. */
export function authentication(service: Service): RequestHandler {
  return (request, _response, next) => {
    service.admit(request.method, targetFrom(request), request.headers);
    next();
  };
}

/** Tsuru's calls and the service's own endpoints, as an Express router. It handles all other paths with a 404. */
export function tsuruRoutes(service: Service): Router {
  const router = express.Router({ caseSensitive: true, strict: true });

  for (const route of service.routes) {
    const method = route.method.toLowerCase() as Lowercase<typeof route.method>;
    router[method](route.path, async (request, response) => {
      send(response, await route.handle(await serviceRequest(request, response, service.bodyLimit)));
    });
  }

  router.use((request) => {
    throw notFound(request.method);
  });

  return router;
}

/** Turns errors into responses, those of your own routes as well. */
export function errorHandler(): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else send(response, errorResponse(error, logOf(response), statusOf(error)));
  };
}

/** The status of an error of Express or its body parsers. `expose` marks the errors that are meant for the client. */
function statusOf(error: unknown): number | undefined {
  const { expose, status } = Object(error) as { expose?: unknown; status?: unknown };
  return expose === true && typeof status === 'number' ? status : undefined;
}

function logOf(response: Response): Log {
  return response.locals['log'] as Log;
}

function targetFrom(request: Request): RequestTarget {
  return targetOf(request, request.originalUrl);
}

/** The body stays raw: body.ts decodes Tsuru's, and an endpoint may accept any type. */
async function serviceRequest(request: Request, response: Response, limit: number): Promise<ServiceRequest> {
  const { method, headers, rawHeaders } = request;
  const target = acceptedTarget(targetFrom(request));
  const body = hasBody(method) ? await readBody(request, limit) : new Uint8Array();
  return { method, target, headers, rawHeaders, body, log: logOf(response) };
}

function send(response: Response, { status, headers, body }: ServiceResponse): void {
  // Not `response.send`, which adds a charset and may turn the response into a 304.
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body !== undefined) response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}
