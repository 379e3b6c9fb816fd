import { once } from 'node:events';
import { connect as dial, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { postgres, type PostgresData } from '../../../src/backends/postgres/index.js';
import type { Backend } from '../../../src/tsuru/backend.js';
import { ask, PREFIX, superuserUrl, testBackend, TestInstance, testOptions } from '../support/postgres-backend.js';

const ADMIN = process.env['POSTGRES_ADMIN_URL'] ?? '';

/** A way to the server that can stop forwarding, as a server that hangs or a firewall that drops packets. */
class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  isFrozen = false;

  constructor() {
    const { hostname, port } = new URL(ADMIN);
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = dial({ host: hostname, port: Number(port), allowHalfOpen: true });
      for (const [from, to] of [[near, far], [far, near]] as const) {
        from.on('data', (data) => !this.isFrozen && to.write(data));
        from.on('end', () => !this.isFrozen && to.end());
        from.on('error', () => {});
      }
      this.#sockets.add(near);
      near.on('close', () => {
        this.#sockets.delete(near);
        far.destroy();
      });
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return ADMIN.replace(/:\d+\//, `:${(this.#server.address() as AddressInfo).port}/`);
  }

  /** Ends when the service has closed all of its connections, and does not only no longer write: a byte is then refused. */
  async isIdle(): Promise<void> {
    while (this.#sockets.size > 0) {
      for (const socket of this.#sockets) socket.write('1');
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

describe('a server that no longer replies', () => {
  let relay: Relay;
  let backend: Backend<PostgresData>;
  beforeEach(async () => {
    relay = new Relay();
    backend = postgres(testOptions({ POSTGRES_ADMIN_URL: await relay.start() }));
  });
  afterEach(() => relay.stop());

  it('does not hold a health check, and no connection stays after the end', async () => {
    relay.isFrozen = true;
    const controller = new AbortController();
    const checking = backend.health?.(controller.signal);
    controller.abort(new Error('the health check is over'));
    await expect(checking).rejects.toThrow();
    await backend.close?.();
    await relay.isIdle();
  });

  it('does not hold a call that is cancelled, while it connects or while it waits for a reply', async () => {
    const instance = await new TestInstance(backend).create();
    relay.isFrozen = true;
    const controller = new AbortController();
    instance.signal = controller.signal;
    const calls = Promise.allSettled([instance.bind(), instance.unbind(), instance.info()]);
    await pause(50);
    controller.abort(new Error('the service is stopping'));
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await backend.close?.();
    await relay.isIdle();
    instance.backend = testBackend();
    instance.signal = new AbortController().signal;
    await instance.destroy();
    await instance.backend.close?.();
  });

  it('does not keep idle connections open after the end', async () => {
    await backend.health?.(AbortSignal.timeout(10_000));
    const instance = await new TestInstance(backend).create();
    await instance.destroy();
    relay.isFrozen = true;
    await backend.close?.();
    await relay.isIdle();
  });
});

describe('a server on which calls wait for each other', () => {
  const backend = testBackend();
  let holder: pg.Client;
  beforeEach(async () => {
    holder = new pg.Client(superuserUrl());
    await holder.connect();
    return async () => {
      await holder.end();
      await backend.close?.();
    };
  });

  it('is healthy, and the call after those waits for its turn', async () => {
    const instance = await new TestInstance(backend).create();
    const apps = ['1', '2', '3', '4', '5', '6'];
    await holder.query('BEGIN');
    for (const app of apps.slice(0, 5)) {
      await holder.query(`ALTER ROLE "${(await instance.bind(app))['PGUSER']}" CONNECTION LIMIT 1`);
    }
    const binding = apps.map((app) => instance.bind(app));
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, '${PREFIX}') > 0`;
    while ((await ask(waiting)).length < 5) await pause(10);
    await backend.health?.(AbortSignal.timeout(10_000));
    await holder.query('ROLLBACK');
    await Promise.all(binding);
    await instance.destroy();
  });
});
