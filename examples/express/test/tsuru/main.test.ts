import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { plans } from '../../src/plans.js';
import { startProcess } from './support/process.js';
import { storePlace, type StorePlace } from './support/store.js';

const PASSWORD = 'a password of the test';

/** Milliseconds to start and stop a process; a machine under load takes many seconds. */
const SLOW = 120_000;

/** The whole service as a separate process, from its source. */
describe('the service', { timeout: SLOW }, () => {
  let place: StorePlace;
  let started: ReturnType<typeof startProcess> | undefined;
  beforeEach(async () => {
    place = await storePlace();
  });
  afterEach(async () => {
    started?.child.kill('SIGKILL');
    await started?.ended;
    await place.remove();
  });

  function start(environment: Record<string, string>, modules: readonly string[] = []) {
    const required = {
      ...place.environment,
      SERVICE_USERNAME: 'svc',
      SERVICE_PASSWORD: PASSWORD,
    };
    started = startProcess({ ...required, ...environment }, false, modules);
    return started;
  }

  it('starts, replies and stops, without printing its password', async () => {
    const service = start({});
    const address = await service.address;
    const authorization = `Basic ${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`;
    const headers = { authorization, connection: 'close', 'x-tsuru-pool-name': 'pool1' };
    const reply = await fetch(`${address}/resources/plans`, { headers });
    const wanted = plans.map(({ name, description }) => ({ name, description }));
    expect([reply.status, await reply.json()]).toEqual([200, wanted]);
    expect((await fetch(`${address}/resources/plans`)).status).toBe(401);
    expect((await fetch(`${address}/healthcheck`)).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).toContain('"stopped"');
    expect(service.output()).not.toContain(PASSWORD);
    expect(service.output()).not.toContain(authorization.slice('Basic '.length));
  });

  const POOLED = ['./test/tsuru/support/use-pooled-backend.ts'];

  it('closes the backend at the end of a stop, so that its pool does not keep the process alive', async () => {
    const service = start({}, POOLED);
    await service.address;
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).toMatch(/the pool is closed\n[^]*"stopped"/);
  });

  it('closes the backend when the start fails', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const service = start({ PORT: String(port) }, POOLED);
    expect(await service.ended).toBe(1);
    taken.close();
    expect(service.output()).toContain('the pool is closed');
    expect(service.output()).toMatch(/EADDRINUSE.*\nSet another PORT .* in \.env/);
  });

  it('does not start without a password', async () => {
    const service = start({ SERVICE_PASSWORD: '' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('SERVICE_PASSWORD is empty');
    expect(service.output()).not.toMatch(/^\s+at /m);
  });
});
