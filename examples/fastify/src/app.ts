import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';

import { createEdge } from './tsuru/edge.js';
import { MAX_HEADER_SIZE } from './tsuru/http.js';
import { addressOf, gracefulClose, type Listening } from './tsuru/listener.js';
import { answerError, authentication, logging, tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

/**
 * Plugins with hooks and routes of your own go here. Their routes are behind the service's user name and password; one
 * that says `config: { open: true }` is answered to anybody that reaches the service.
 */
const OWN: readonly FastifyPluginAsync[] = [];

/** The Fastify app. */
export async function createApp(service: Service, own: readonly FastifyPluginAsync[] = OWN): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = service.log;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: ({ headers }) => service.requestId(headers),
    bodyLimit: service.bodyLimit,
    serverFactory: (handler) => createEdge(service, handler),
    clientErrorHandler: () => {
      // Answered at the edge.
    },
    // The edge refuses such a path; without a socket it comes this far, and is let in or not like any other.
    frameworkErrors: (error, request, reply) => {
      authentication(service).call(app, request, reply, (refusal) => answerError(refusal ?? error, request, reply));
    },
    // Tsuru puts no upper bound on the name of an instance; the headers of a request have one.
    routerOptions: { maxParamLength: MAX_HEADER_SIZE },
  });
  app.addHook('onRequest', authentication(service));
  app.addHook('onResponse', logging);
  app.setErrorHandler(answerError);

  for (const plugin of own) await app.register(plugin);
  await app.register(tsuruRoutes, { service });
  return app;
}

/** Listens, and gives what stops it again: no new connection, and every request on those that are open is answered. */
export async function listen(
  app: FastifyInstance,
  _service: Service,
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  const closeServer = gracefulClose(app.server);
  await app.listen({ port, host });
  const close = async () => {
    await closeServer();
    await app.close();
  };
  return { address: addressOf(app.server), close };
}
