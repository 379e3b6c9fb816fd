import express, { type Express } from 'express';

import { createHttpServer } from './tsuru/http-server.js';
import { listenOn, type Listening } from './tsuru/listener.js';
import { authentication, errorHandler, logging, tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

/** Your own middleware and routes, added to the app in this order. */
export interface OwnRoutes {
  /** Without a password: `(app) => app.get('/version', ...)`. */
  open: readonly ((app: Express) => void)[];
  /** Behind the service's user name and password. */
  guarded: readonly ((app: Express) => void)[];
}

/** Yours go here. */
const OWN: OwnRoutes = { open: [], guarded: [] };

/** The Express app. Everything after `authentication` requires the password; everything before it is open. */
export function createApp(service: Service, { open, guarded }: OwnRoutes = OWN): Promise<Express> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.use(logging(service));
  for (const add of open) add(app);

  app.use(authentication(service));
  for (const add of guarded) add(app);

  app.use(tsuruRoutes(service));
  app.use(errorHandler());
  return Promise.resolve(app);
}

/** Starts to listen. `close` accepts no new connection, and finishes the requests on open ones. */
export function listen(app: Express, service: Service, at: { port: number; host: string }): Promise<Listening> {
  return listenOn(createHttpServer(service, app), at);
}
