import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';

import { errorAnswer, notFound, type Answer, type Incoming } from './http.js';
import { logRequest } from './log.js';
import type { Service } from './service.js';

/** Tsuru's calls and the service's own endpoints, as one Fastify plugin: nothing in it reaches the app outside. */
export const tsuruRoutes: FastifyPluginAsync<{ service: Service }> = async (app, { service }) => {
  // Bodies stay raw here: what Tsuru sends is decoded in body.ts, and an endpoint may take any type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });

  app.addHook('onRequest', (request, _reply, done) => {
    service.admit(request.raw.url ?? '', request.headers);
    done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    const { method, headers } = request;
    const milliseconds = reply.elapsedTime;
    logRequest(request.log, { method, target: request.raw.url ?? '', headers, status: reply.statusCode, milliseconds });
    done();
  });

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

  app.setErrorHandler((error, request, reply) => send(reply, errorAnswer(error, request.log)));
};

/** Sends an answer as it is. */
export function send(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

function incoming({ method, raw, headers, body, log }: FastifyRequest): Incoming {
  return { method, target: raw.url ?? '', headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0), log };
}
