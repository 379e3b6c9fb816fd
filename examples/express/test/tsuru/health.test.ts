import { describe, expect, it } from 'vitest';

import { ServiceError } from '../../src/tsuru/errors.js';
import { healthCheck } from '../../src/tsuru/health.js';
import { createLogger } from '../../src/tsuru/log.js';
import { gate, TestBackend, testService } from './support/service.js';
import { testStore } from './support/store.js';

function backendWith(health: (signal: AbortSignal) => Promise<void>) {
  return Object.assign(new TestBackend(), { health });
}

const asked = { method: 'GET', path: '/healthcheck', headers: {}, body: '' } as const;

describe('the health check', () => {
  it('is WORKING when the store and the backend are', async () => {
    const test = await testService({ backend: backendWith(async () => {}) });
    expect(await test.send(asked)).toMatchObject({ status: 200, body: '{"status":"WORKING"}' });
  });

  it.each([new Error('connect ECONNREFUSED 10.1.2.3:5432'), new ServiceError(400, 'at 10.1.2.3')])(
    'is a 503 without details when the backend is down, and the log says why: %s',
    async (error) => {
      const test = await testService({ backend: backendWith(() => Promise.reject(error)) });
      const { status, body } = await test.send(asked);
      expect([status, body]).toEqual([503, '{"code":503,"message":"The service\'s backend is down."}']);
      expect(test.log.join('')).toContain('10.1.2.3');
    },
  );

  it('fails when the store does, whatever the backend says', async () => {
    const store = await testStore();
    const test = await testService({ store, backend: backendWith(async () => {}) });
    await store.close();
    expect((await test.send(asked)).status).toBeGreaterThanOrEqual(500);
  });

  it('asks the backend once for calls at the same time', async () => {
    const { opened, open } = gate();
    let count = 0;
    const test = await testService({
      backend: backendWith(() => {
        count++;
        return opened;
      }),
    });
    const replies = [test.send(asked), test.send(asked), test.send(asked)];
    await new Promise((resolve) => setImmediate(resolve));
    open();
    for (const { status } of await Promise.all(replies)) expect(status).toBe(200);
    expect(count).toBe(1);
    await test.send(asked);
    expect(count).toBe(2);
  });

  it('does not wait for a backend that ignores its signal, and asks it again later', async () => {
    const signals: AbortSignal[] = [];
    const backend = backendWith((signal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise(() => {}) : Promise.resolve();
    });
    const store = await testStore();
    const check = healthCheck({ store, backend, log: createLogger('silent') }, 1);
    await expect(check()).rejects.toMatchObject({ status: 503 });
    expect(signals[0]?.aborted).toBe(true);
    const patient = healthCheck({ store, backend, log: createLogger('silent') });
    await patient();
  });
});
