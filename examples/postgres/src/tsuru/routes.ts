import type {
  FastifyError,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  onResponseHookHandler,
} from 'fastify';

import { readBody } from './body.js';
import { errorResponse, notFound, type ServiceRequest, type ServiceResponse } from './http.js';
import { logRequest } from './log.js';
import { acceptedTarget, targetOf, type RequestTarget } from './request-target.js';
import type { Service } from './service.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route needs no password. */
    open?: boolean;
  }
}

/**
 * Requires the service's user name and password, except for the health check and routes with `config: { open: true }`.
 */
export function authentication(service: Service): onRequestHookHandler {
  return (request, _reply, done) => {
    if (request.routeOptions.config.open !== true) {
      service.admit(request.method, targetFrom(request), request.headers);
    }
    done();
  };
}

/** Logs a request once its response is sent. */
export const logging: onResponseHookHandler = (request, reply, done) => {
  const { method, headers, log } = request;
  logRequest(log, {
    method,
    path: targetFrom(request).path,
    headers,
    status: reply.statusCode,
    milliseconds: reply.elapsedTime,
  });
  done();
};

/** Tsuru's calls and the service's own endpoints, as a Fastify plugin. It handles all other paths with a 404. */
export const tsuruRoutes: FastifyPluginAsync<{ service: Service }> = async (app, { service }) => {
  // Bodies stay raw: body.ts decodes Tsuru's, and an endpoint may accept any type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: FastifyRequest['raw']) =>
    request.is404 ? undefined : readBody(payload, service.bodyLimit),
  );

  for (const route of service.routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => send(reply, await route.handle(serviceRequest(request))),
    });
  }

  app.setNotFoundHandler((request) => {
    throw notFound(request.method);
  });
};

/** Turns errors into responses, those of your own routes as well. */
export function errorHandler(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(reply, errorResponse(error, request.log, statusOf(error)));
}

/** The status of an error of Fastify itself: one with its code, or a request that does not match a schema. */
function statusOf(error: unknown): number | undefined {
  const { code, validation, statusCode } = Object(error) as Partial<FastifyError>;
  return validation !== undefined || String(code).startsWith('FST_ERR_') ? statusCode : undefined;
}

function send(reply: FastifyReply, { status, headers, body }: ServiceResponse): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function targetFrom({ raw }: FastifyRequest): RequestTarget {
  return targetOf(raw, raw.url ?? '');
}

function serviceRequest(request: FastifyRequest): ServiceRequest {
  const { method, raw, headers, body, log } = request;
  return {
    method,
    target: acceptedTarget(targetFrom(request)),
    headers,
    rawHeaders: raw.rawHeaders,
    body: body instanceof Uint8Array ? body : new Uint8Array(),
    log,
  };
}
