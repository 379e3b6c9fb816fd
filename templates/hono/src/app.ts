import type { AddressInfo } from 'node:net';

import { serve } from '@hono/node-server';
import { Hono } from 'hono';

import { MAX_HEADER_SIZE } from './tsuru/http.js';
import { onError, tsuruRoutes, type Environment } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

export type App = Hono<Environment>;

/** The Hono app. Middleware and routes of your own go here, before Tsuru's routes. */
export function createApp(service: Service): Promise<App> {
  const app: App = new Hono();

  app.route('/', tsuruRoutes(service));
  app.onError(onError(service));
  return Promise.resolve(app);
}

/** Listens, and gives what stops it again: no new connection, and the requests under way are finished. */
export async function listen(app: App, { port, host }: { port: number; host: string }) {
  const serverOptions = { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: MAX_HEADER_SIZE };
  const server = serve({ fetch: app.fetch, port, hostname: host, serverOptions });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).once('listening', resolve);
  });
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  const { address, port: actual } = server.address() as AddressInfo;
  return { address: `http://${address}:${actual}`, close };
}
