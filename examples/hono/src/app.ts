import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

import { createEdge } from './tsuru/edge.js';
import { listenOn, type Listening } from './tsuru/listener.js';
import { authentication, logging, onError, tsuruRoutes, type Environment } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

export type App = Hono<Environment>;

/** Middleware and routes of your own, each added to the app in its turn. */
export interface OwnRoutes {
  /** Answered without a password, for anybody that reaches the service: `(app) => app.get('/version', ...)`. */
  open: readonly ((app: App) => void)[];
  /** Behind the service's user name and password. */
  guarded: readonly ((app: App) => void)[];
}

/** Yours go here. */
const OWN: OwnRoutes = { open: [], guarded: [] };

/** The Hono app. What stands before `authentication` is open to anybody; all that stands after it asks for the password. */
export function createApp(service: Service, { open, guarded }: OwnRoutes = OWN): Promise<App> {
  const app: App = new Hono();

  app.use(logging(service));
  for (const add of open) add(app);

  app.use(authentication(service));
  for (const add of guarded) add(app);

  app.route('/', tsuruRoutes(service));
  app.onError(onError(service));
  return Promise.resolve(app);
}

/** Listens, and gives what stops it again: no new connection, and every request on those that are open is answered. */
export function listen(app: App, service: Service, at: { port: number; host: string }): Promise<Listening> {
  // Node itself throws away the rest of a body that was not read, as it does below the other frameworks.
  // The host stands in for the one that a request of HTTP/1.0 may leave out.
  const listener = getRequestListener(app.fetch, { autoCleanupIncoming: false, hostname: 'localhost' });
  return listenOn(
    createEdge(service, (request, response) => void listener(request, response)),
    at,
  );
}
