import express, { type Express } from 'express';

import { createEdge } from './tsuru/edge.js';
import { listenOn, type Listening } from './tsuru/listener.js';
import { authentication, errorAnswers, logging, tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

/** Middleware and routes of your own, each added to the app in its turn. */
export interface OwnRoutes {
  /** Answered without a password, for anybody that reaches the service: `(app) => app.get('/version', ...)`. */
  open: readonly ((app: Express) => void)[];
  /** Behind the service's user name and password. */
  guarded: readonly ((app: Express) => void)[];
}

/** Yours go here. */
const OWN: OwnRoutes = { open: [], guarded: [] };

/** The Express app. What stands before `authentication` is open to anybody; all that stands after it asks for the password. */
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
  app.use(errorAnswers());
  return Promise.resolve(app);
}

/** Listens, and gives what stops it again: no new connection, and every request on those that are open is answered. */
export function listen(app: Express, service: Service, at: { port: number; host: string }): Promise<Listening> {
  return listenOn(createEdge(service, app), at);
}
