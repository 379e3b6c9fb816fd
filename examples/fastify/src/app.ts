import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply } from 'fastify';

import { errorAnswer, MAX_HEADER_SIZE } from './tsuru/http.js';
import { send, tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';
import { requestId } from './tsuru/tsuru-headers.js';

/** The Fastify app. Plugins, hooks and routes of your own go here, before Tsuru's routes. */
export async function createApp(service: Service): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = service.log;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers }) => requestId(headers),
    bodyLimit: service.bodyLimit,
    requestTimeout: 60_000,
    http: { headersTimeout: 10_000, maxHeaderSize: MAX_HEADER_SIZE },
    // Tsuru puts no upper bound on the name of an instance.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (error, request, reply: FastifyReply) => {
      send(reply, errorAnswer(error, request.log));
    },
  });

  await app.register(tsuruRoutes, { service });
  return app;
}

/** Listens, and gives what stops it again: no new connection, and the requests under way are finished. */
export async function listen(app: FastifyInstance, { port, host }: { port: number; host: string }) {
  const address = await app.listen({ port, host });
  return { address, close: () => app.close() };
}
