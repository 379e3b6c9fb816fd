import type {
  FastifyError,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  onResponseHookHandler,
} from 'fastify';

import { readBody } from './body.js';
import { errorAnswer, notFound, type Answer, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route that is answered without a password, for anybody that reaches the service. */
    open?: boolean;
  }
}

/** Asks for the service's user name and password, unless a route says `config: { open: true }`; the health check apart. */
export function authentication(service: Service): onRequestHookHandler {
  return (request, _reply, done) => {
    if (request.routeOptions.config.open !== true) {
      service.admit(request.method, request.raw.url ?? '', request.headers);
    }
    done();
  };
}

/** Logs a request when it has been answered. */
export const logging: onResponseHookHandler = (request, reply, done) => {
  const { method, headers, raw, log } = request;
  logRequest(log, {
    method,
    target: raw.url ?? '',
    headers,
    status: reply.statusCode,
    milliseconds: reply.elapsedTime,
  });
  done();
};

/** Tsuru's calls and the service's own endpoints, as one Fastify plugin, and the answer for every path that has no route. */
export const tsuruRoutes: FastifyPluginAsync<{ service: Service }> = async (app, { service }) => {
  // Bodies stay raw here: what Tsuru sends is decoded in body.ts, and an endpoint may take any type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: FastifyRequest['raw']) =>
    request.is404 ? undefined : readBody(payload, service.bodyLimit),
  );

  for (const route of service.routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => send(reply, await route.handle(incoming(request))),
    });
  }

  app.setNotFoundHandler((request) => {
    throw notFound(request.method);
  });
};

/** Answers for what was thrown on the way, in routes of your own as well. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return send(reply, errorAnswer(error, request.log, statusOf(error)));
}

/** The status of an error of Fastify itself: its codes begin so, or it is a schema that a request does not fit. */
function statusOf(error: unknown): number | undefined {
  const { code, validation, statusCode } = Object(error) as Partial<FastifyError>;
  return validation !== undefined || String(code).startsWith('FST_ERR_') ? statusCode : undefined;
}

/** Sends an answer as it is. */
function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function incoming({ method, raw, headers, body, log }: FastifyRequest): Incoming {
  const { url: target = '', rawHeaders } = raw;
  return { method, target, headers, rawHeaders, body: body instanceof Uint8Array ? body : new Uint8Array(), log };
}
