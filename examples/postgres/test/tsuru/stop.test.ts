import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startProcess } from './support/process.js';
import { AUTHORIZATION as TEST_AUTHORIZATION } from './support/requests.js';
import { testService } from './support/service.js';
import { listening, wire, type Wire } from './support/socket.js';
import { storePlace, type StorePlace } from './support/store.js';

const PASSWORD = 'a password of the test';
const AUTHORIZATION = `Basic ${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`;
const MANY = 32;
const BODY = 'name=db1&team=t';
/** Milliseconds, for a machine under load. */
const BOUND = 60_000;

/** A request that keeps its connection open. */
function head(line: string, more = ''): string {
  return `${line} HTTP/1.1\r\nHost: service\r\nAuthorization: ${AUTHORIZATION}\r\n${more}\r\n`;
}

const PLANS = head('GET /nowhere');
const CREATE = head(
  'POST /resources',
  `Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: ${BODY.length}\r\n`,
);

describe('a server that is asked to stop', () => {
  it(
    'does not wait forever for a client that does not read its reply',
    async () => {
      const handle = () => ({ status: 200, body: 'x'.repeat(32 * 1024 * 1024) });
      const test = await testService({ endpoints: [{ method: 'GET', path: '/large', handle }] });
      await test.call('POST', '/resources', { name: 'db1', team: 't' });
      const server = await listening(test.service);
      const { socket } = await wire(server.port);
      const headers = `Host: service\r\nAuthorization: ${TEST_AUTHORIZATION}\r\n`;
      socket.write(`GET /resources/db1/large HTTP/1.1\r\n${headers}\r\n`);
      await once(socket, 'data');
      socket.pause();
      await server.close();
      socket.destroy();
    },
    BOUND,
  );
});

/** The whole service as a separate process, asked to stop while it is in use. */
describe('a service that is asked to stop', () => {
  let place: StorePlace;
  let service: ReturnType<typeof startProcess>;
  let port: number;
  beforeEach(async () => {
    place = await storePlace();
    service = startProcess({
      ...place.environment,
      SERVICE_USERNAME: 'svc',
      SERVICE_PASSWORD: PASSWORD,
    });
    port = Number(new URL(await service.address).port);
  }, BOUND);
  afterEach(async () => {
    service.child.kill('SIGKILL');
    await service.ended;
    await place.remove();
  });

  const connections = () => Promise.all(Array.from({ length: MANY }, () => wire(port)));

  /** Resolves when no new connection is accepted. */
  async function notListening(): Promise<void> {
    for (;;) {
      const connected = await wire(port).catch(() => undefined);
      if (connected === undefined) return;
      connected.socket.destroy();
    }
  }

  const replies = (wires: readonly Wire[]) => Promise.all(wires.map(({ reply }) => reply));

  it(
    'replies on every open connection, even if the request is sent later',
    async () => {
      const wires = await connections();
      service.child.kill('SIGTERM');
      await notListening();
      for (const { socket } of wires) socket.write(PLANS);
      for (const reply of await replies(wires)) {
        expect(reply).toMatch(/^HTTP\/1\.1 404 /);
        expect(reply).toMatch(/^connection: close\r$/im);
      }
      expect(await service.ended).toBe(0);
    },
    BOUND,
  );

  it(
    'finishes every request in progress',
    async () => {
      const wires = await connections();
      for (const { socket } of wires) {
        socket.write(CREATE);
        await once(socket, 'data');
      }
      service.child.kill('SIGTERM');
      await notListening();
      for (const { socket } of wires) socket.write(BODY);
      for (const reply of await replies(wires)) {
        expect(reply).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 (201|409|422|503) /);
        expect(reply).toMatch(/^connection: close\r$/im);
      }
      expect(await service.ended).toBe(0);
    },
    BOUND,
  );

  it(
    'is not delayed by idle connections',
    async () => {
      const wires = await connections();
      const [kept] = wires as [Wire, ...Wire[]];
      kept.socket.write(PLANS);
      await once(kept.socket, 'data');
      service.child.kill('SIGTERM');
      expect(await service.ended).toBe(0);
    },
    BOUND,
  );
});
