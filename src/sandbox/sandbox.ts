import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Trust } from '../tsuru/trust.ts';
import { makeFaults } from './faults.ts';
import { makeFeed, type Feed } from './page-server/feed.ts';
import { apiHandler, type ApiHandler } from './http/api-server.ts';
import { dropOldEvents, endRunningEvents } from './state/kept-events.ts';
import { pageHandler } from './page-server/page-server.ts';
import { makeReverseProxy } from './proxy/reverse-proxy.ts';
import { freshState, seed, withRoot } from './state/seed.ts';
import type { StateFile } from './state/state-file.ts';
import { makeTraffic, type Exchanged } from './traffic.ts';
import type { World } from './world.ts';

export interface SandboxOptions {
  /** The address to listen on: only this machine's own, unless told. */
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** The team that exists at first, with a pool, an app and a job; undefined begins as empty as a new Tsuru. */
  team?: string;
  /** Keeps the state; without it, the state is in memory only. */
  stateFile?: StateFile;
  /** Milliseconds between two empty lines of a stream. */
  keepAlive?: number;
  /** Milliseconds for a call to a service. */
  callTimeout?: number;
  tls?: Trust;
  /** Is told each call to a service, once it has ended. */
  onCall?: (call: Exchanged) => void;
}

export interface Sandbox {
  /** Such as `http://127.0.0.1:8080`. */
  address: string;
  /** Of the user that may do everything. */
  token: string;
  /** The address of the page, with the key of this start. */
  page: string;
  /** Shows a line that the service logged on the page. */
  log: Feed['log'];
  /** Shows on the page how the service is. */
  tellService: Feed['tellService'];
  /** Ends all requests at once, and frees the port. */
  close: () => Promise<void>;
}

/** Calls to services that are kept for the page. */
const TRAFFIC_LIMIT = 500;

/** Milliseconds that requests have to notice that the sandbox ends. */
const PATIENCE = 2000;

/** Starts a Tsuru for services on this machine. @throws the error of listening, such as `EADDRINUSE` */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, team, stateFile } = options;
  const token = stateFile?.kept?.token ?? randomBytes(20).toString('hex');
  const now = () => new Date();
  const state = stateFile?.kept?.state ?? freshState(token);
  withRoot(state, token);
  if (team !== undefined) seed(state, team);
  endRunningEvents(state, now());
  const feed = makeFeed();
  const changed = () => {
    dropOldEvents(state);
    stateFile?.save({ token, state });
    feed.changed();
  };
  const closing = new AbortController();
  const tls = options.tls ?? {};
  const world: World = {
    state,
    changed,
    now,
    newId: () => Math.floor(Date.now() / 1000).toString(16).padStart(8, '0') + randomBytes(8).toString('hex'),
    newSecret: () => randomBytes(20).toString('hex'),
    faults: makeFaults(feed.changed),
    traffic: makeTraffic(TRAFFIC_LIMIT, (call) => {
      feed.called(call);
      options.onCall?.(call);
    }),
    settings: { callTimeout: options.callTimeout ?? 300_000, keepAlive: options.keepAlive ?? 30_000, tls },
    proxy: makeReverseProxy(tls, closing.signal),
    closing: closing.signal,
  };
  const { handle, idle } = followed(apiHandler(world));
  const key = randomBytes(16).toString('base64url');
  const place = { host, port: 0 };
  const handlePage = pageHandler(world, feed, handle, { key, place: () => place });
  const server = createServer((incoming, response) => {
    if (handlePage(incoming, response)) return;
    handle(incoming, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await listen(server, port, host);
  place.port = (server.address() as AddressInfo).port;
  changed();
  const address = addressOf(server);
  return {
    address,
    token,
    page: `${address}/#${key}`,
    log: feed.log,
    tellService: feed.tellService,
    async close() {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      // What they still change belongs to the state that is kept.
      await idle();
    },
  };
}

/** A handler that can be waited for. */
function followed(api: ApiHandler): { handle: ApiHandler; idle: () => Promise<void> } {
  const running = new Set<Promise<void>>();
  return {
    handle(...request) {
      const work = api(...request).finally(() => running.delete(work));
      running.add(work);
      return work;
    },
    async idle() {
      const over = new AbortController();
      await Promise.race([Promise.allSettled(running), sleep(PATIENCE, undefined, { signal: over.signal }).catch(() => undefined)]);
      over.abort();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** The address under which this machine reaches a server; that which stands for all addresses is none. */
function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  const host = { '0.0.0.0': '127.0.0.1', '::': '127.0.0.1' }[address] ?? (family === 'IPv6' ? `[${address}]` : address);
  return `http://${host}:${port}`;
}
