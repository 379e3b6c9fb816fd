import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';

import { createHttpServer } from './tsuru/http-server.js';
import { MAX_HEADER_SIZE } from './tsuru/http.js';
import { addressOf, gracefulClose, type Listening } from './tsuru/listener.js';
import { authentication, errorHandler, logging, tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

/**
 * Add your own plugins here, with hooks and routes. Their routes require the service's user name and password, except
 * those with `config: { open: true }`.
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
    serverFactory: (handler) => createHttpServer(service, handler),
    clientErrorHandler: () => {
      // src/tsuru/http-server.ts has responded already.
    },
    // Only for tests without a socket: otherwise the HTTP server has refused such a path earlier.
    frameworkErrors: (error, request, reply) => {
      authentication(service).call(app, request, reply, (refusal) => errorHandler(refusal ?? error, request, reply));
    },
    // Tsuru does not limit the length of an instance's name; only the size of the headers does.
    routerOptions: { maxParamLength: MAX_HEADER_SIZE },
  });
  app.addHook('onRequest', authentication(service));
  app.addHook('onResponse', logging);
  app.setErrorHandler(errorHandler);

  for (const plugin of own) await app.register(plugin);
  await app.register(tsuruRoutes, { service });
  return app;
}

/** Starts to listen. `close` accepts no new connection, and finishes the requests on open ones. */
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
