import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { makeFaults } from './faults.ts';
import { makeFeed, type Feed } from './feed.ts';
import { apiHandler } from './http/api-server.ts';
import { pageHandler } from './page-server.ts';
import { freshState, seed } from './seed.ts';
import { makeTraffic } from './traffic.ts';
import type { World } from './world.ts';

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** The team that exists at first, with a pool, an app and a job; undefined begins as empty as a new Tsuru. */
  team?: string;
  /** Milliseconds between two empty lines of a stream. */
  keepAlive?: number;
  /** Milliseconds for a call to a service. */
  callTimeout?: number;
}

export interface Sandbox {
  /** Such as `http://127.0.0.1:8080`. */
  address: string;
  /** Of the user that may do everything. */
  token: string;
  /** The address of the page, with the key of this start. */
  page: string;
  log: Feed['log'];
  tellService: Feed['tellService'];
  close: () => Promise<void>;
}

/** Calls to services that are kept for the page. */
const TRAFFIC_LIMIT = 500;

/** Starts a Tsuru for services on this machine. @throws the error of listening, such as `EADDRINUSE` */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const token = randomBytes(20).toString('hex');
  const state = freshState(token);
  if (options.team !== undefined) seed(state, options.team);
  const feed = makeFeed();
  const changed = feed.changed;
  const world: World = {
    state,
    changed,
    now: () => new Date(),
    newId: () => Math.floor(Date.now() / 1000).toString(16).padStart(8, '0') + randomBytes(8).toString('hex'),
    newSecret: () => randomBytes(20).toString('hex'),
    faults: makeFaults(changed),
    traffic: makeTraffic(TRAFFIC_LIMIT, feed.called),
    settings: { callTimeout: options.callTimeout ?? 300_000, keepAlive: options.keepAlive ?? 30_000 },
  };
  const handle = apiHandler(world);
  const key = randomBytes(16).toString('base64url');
  const place = { host: '127.0.0.1', port: 0 };
  const handlePage = pageHandler(world, feed, handle, { key, place: () => place });
  const server = createServer((incoming, response) => {
    if (handlePage(incoming, response)) return;
    handle(incoming, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, place.host, resolve);
  });
  place.port = (server.address() as AddressInfo).port;
  const address = `http://${place.host}:${place.port}`;
  return {
    address,
    token,
    page: `${address}/#${key}`,
    log: feed.log,
    tellService: feed.tellService,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
