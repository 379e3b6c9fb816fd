import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

import { createHttpServer } from './tsuru/http-server.js';
import { listenOn, type Listening } from './tsuru/listener.js';
import { authentication, errorHandler, logging, tsuruRoutes, type Environment } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

export type App = Hono<Environment>;

/** Your own middleware and routes, added to the app in this order. */
export interface OwnRoutes {
  /** Without a password: `(app) => app.get('/version', ...)`. */
  open: readonly ((app: App) => void)[];
  /** Behind the service's user name and password. */
  guarded: readonly ((app: App) => void)[];
}

/** Yours go here. */
const OWN: OwnRoutes = { open: [], guarded: [] };

/** The Hono app. Everything after `authentication` requires the password; everything before it is open. */
export function createApp(service: Service, { open, guarded }: OwnRoutes = OWN): Promise<App> {
  const app: App = new Hono();

  app.use(logging(service));
  for (const add of open) add(app);

  app.use(authentication(service));
  for (const add of guarded) add(app);

  app.route('/', tsuruRoutes(service));
  app.onError(errorHandler(service));
  return Promise.resolve(app);
}

/** Starts to listen. `close` accepts no new connection, and finishes the requests on open ones. */
export function listen(app: App, service: Service, at: { port: number; host: string }): Promise<Listening> {
  // Node itself discards the unread rest of a body, as it does with the other frameworks.
  // A request of HTTP/1.0 may have no Host header; Hono needs a host name for its URL.
  const listener = getRequestListener(app.fetch, { autoCleanupIncoming: false, hostname: 'localhost' });
  return listenOn(
    createHttpServer(service, (request, response) => void listener(request, response)),
    at,
  );
}
