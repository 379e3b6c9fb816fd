import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import express, { type Express } from 'express';

import { MAX_HEADER_SIZE } from './tsuru/http.js';
import { tsuruRoutes } from './tsuru/routes.js';
import type { Service } from './tsuru/service.js';

/** The Express app. Middleware and routes of your own go here, before Tsuru's routes. */
export function createApp(service: Service): Promise<Express> {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.use(tsuruRoutes(service));
  return Promise.resolve(app);
}

/** Listens, and gives what stops it again: no new connection, and the requests under way are finished. */
export async function listen(app: Express, { port, host }: { port: number; host: string }) {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: MAX_HEADER_SIZE }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
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
