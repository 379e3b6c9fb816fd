import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { makeFaults } from '../../../src/sandbox/faults.ts';
import { apiHandler } from '../../../src/sandbox/http/api-server.ts';
import { makeReverseProxy } from '../../../src/sandbox/proxy/reverse-proxy.ts';
import { freshState, seed } from '../../../src/sandbox/state/seed.ts';
import { makeTraffic } from '../../../src/sandbox/traffic.ts';
import type { World } from '../../../src/sandbox/world.ts';
import { startRecorder, type Recorder } from './recorder.ts';
import { tsuruApi, type TsuruApi } from './tsuru-api.ts';

/** A Tsuru whose inside is open to a test, with a team, an app, a job, and a service `db` in memory that is registered in it. */
export interface Place {
  world: World;
  service: Recorder;
  address: string;
  /** With the token of the user that may do everything. */
  api: TsuruApi;
  close: () => Promise<void>;
}

export async function startPlace(): Promise<Place> {
  const service = await startRecorder();
  const token = randomBytes(8).toString('hex');
  const state = freshState(token);
  seed(state, 'team1');
  const provider = { username: '', password: 'secret', ownerTeams: ['team1'], teams: [], doc: '', isMultiCluster: false, encoding: '', manifest: null };
  state.services.push({ ...provider, name: 'db', endpoints: { production: service.address } });
  const closing = new AbortController();
  const world: World = {
    state,
    changed: () => undefined,
    now: () => new Date(),
    newId: () => randomBytes(12).toString('hex'),
    newSecret: () => randomBytes(8).toString('hex'),
    faults: makeFaults(() => undefined),
    traffic: makeTraffic(100, () => undefined),
    settings: { callTimeout: 10_000, keepAlive: 10_000, tls: {} },
    closing: closing.signal,
    proxy: makeReverseProxy({}, closing.signal),
  };
  const handle = apiHandler(world);
  const server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ world, service, address, api: tsuruApi(address, token) },
    async close() {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await service.close();
    },
  };
}
