import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { needs } from '../support/needs.ts';
import { SEED, seeded } from '../support/seed.ts';
import { send, startService, type RunningService, type StartOptions, type WireResponse } from '../support/service.ts';
import { startProgram } from '../support/started.ts';

const KILLS = 12;

/** A real service, as a process with a disk, whose backend is as slow, deaf and unlucky as a test says. */
describe('a service that goes wrong', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'under-attack-'));
  const project = join(scratch, 'my-service');
  const record = join(scratch, 'record');

  beforeAll(() => {
    execFileSync(inject('bin'), ['my-service', '--yes', '--no-verify', '--no-git'], { cwd: scratch, stdio: 'pipe' });
    const backend = fileURLToPath(new URL('fixtures/backend.ts', import.meta.url));
    copyFileSync(backend, join(project, 'src/backend.ts'));
    const main = join(project, 'src/main.ts');
    const source = readFileSync(main, 'utf8');
    // The same service, with seconds where its requests may take minutes.
    const hasty = source.replace('...telemetry, ', '...telemetry, timeouts: { lock: 700, work: 700, reply: 1000 }, ');
    expect(hasty).not.toBe(source);
    writeFileSync(main, hasty);
    execFileSync('npm', ['run', 'build'], { cwd: project, stdio: 'pipe' });
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Calls of Tsuru to a running service. */
  function calls({ port, authorization }: RunningService) {
    const headers = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
    const call = (method: string, path: string, body = '') => send(port, { method, path, headers, body });
    const parameters = (more: Record<string, string | number>) =>
      Object.entries(more)
        .map(([key, value]) => `&parameters.${key}=${value}`)
        .join('');
    return {
      create: (name: string, more: Record<string, string | number> = {}) =>
        call('POST', '/resources', `name=${name}&team=t${parameters(more)}`),
      update: (name: string, more: Record<string, string | number> = {}) =>
        call('PUT', `/resources/${name}`, `team=t${parameters(more)}`),
      bind: (name: string, more: Record<string, string | number> = {}) =>
        call('POST', `/resources/${name}/bind-app`, `app-name=a1${parameters(more)}`),
      destroy: (name: string) => call('DELETE', `/resources/${name}`, 'user=u'),
      status: (name: string) => call('GET', `/resources/${name}/status`),
      health: () => call('GET', '/healthcheck'),
    };
  }

  async function until<T>(ask: () => Promise<T> | T, isRight: (value: T) => boolean): Promise<T> {
    for (;;) {
      const value = await ask();
      if (isRight(value)) return value;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const hasStatus =
    (...codes: number[]) =>
    ({ status }: WireResponse) =>
      codes.includes(status);

  const recorded = () => (existsSync(record) ? readFileSync(record, 'utf8') : '').trim().split('\n');

  async function withService<T>(use: (service: RunningService) => Promise<T>, options: StartOptions = {}): Promise<T> {
    rmSync(record, { force: true });
    const service = await startService(project, { ...options, environment: { RECORD: record, ...options.environment } });
    try {
      return await use(service);
    } finally {
      await service.kill();
    }
  }

  it.each(['update', 'bind'] as const)('keeps the lock of an instance until its %s has ended', async (verb) => {
    await withService(async (service) => {
      const tsuru = calls(service);
      expect((await tsuru.create('db1')).status).toBe(201);
      const late = await tsuru[verb]('db1', { ms: 4000, deaf: 'yes' });
      expect([late.status, late.body.includes('is still running')]).toEqual([504, true]);
      expect([(await tsuru.destroy('db1')).status, (await tsuru.destroy('db1')).status]).toEqual([503, 503]);
      await until(() => tsuru.destroy('db1'), hasStatus(200));
      const method = verb === 'bind' ? 'bindApp' : verb;
      const lines = recorded();
      expect(lines.indexOf(`destroy db1 begins`)).toBeGreaterThan(lines.indexOf(`${method} db1 ends`));
      expect(lines.at(-1)).toBe('destroy db1 ends');
      expect((await tsuru.status('db1')).status).toBe(404);
    });
  });

  it('leaves nothing pending when a creation fails after its removal has given up, without a word', async () => {
    await withService(async (service) => {
      const tsuru = calls(service);
      expect((await tsuru.create('db1', { ms: 3000, deaf: 'yes', fails: '' })).status).toBe(504);
      expect((await tsuru.status('db1')).status).toBe(202);
      expect((await tsuru.destroy('db1')).status).toBe(504);
      await until(() => tsuru.status('db1'), hasStatus(500, 404));
      await until(() => tsuru.destroy('db1'), hasStatus(200, 404));
      expect((await tsuru.status('db1')).status).toBe(404);
    });
  });

  it('refuses data that it could not read again, and the instance can be removed', async () => {
    await withService(async (service) => {
      const tsuru = calls(service);
      const refused = await tsuru.create('db1', { deep: 'yes' });
      expect([refused.status, refused.body.includes('data that cannot be kept')]).toEqual([500, true]);
      expect((await tsuru.status('db1')).status).toBe(500);
      expect((await tsuru.destroy('db1')).status).toBe(200);
    });
  });

  it('does not start while another process has its store, and says which; a death of that one frees it', async () => {
    const database = join(scratch, 'held', 'service.db');
    const first = await startService(project, { database });
    await expect(startService(project, { database })).rejects.toThrow(
      `is in use by process ${String(first.child.pid)} on `,
    );
    await first.kill();
    const second = await startService(project, { database });
    expect(await second.stop()).toBe(0);
  });

  it('touches nothing that an earlier run left before it listens', async () => {
    const database = join(scratch, 'left', 'service.db');
    await withService(
      async (service) => {
        void calls(service)
          .create('db1', { ms: 60_000 })
          .catch(() => {});
        await until(recorded, (lines) => lines.includes('create db1 begins'));
      },
      { database },
    );
    const other = await startService(project);
    await expect(
      startProgram('node', ['dist/main.js'], { DATABASE_PATH: database, PORT: String(other.port) }, project),
    ).rejects.toThrow('EADDRINUSE');
    await other.kill();
    await withService(
      async (service) => {
        const failed = await until(() => calls(service).status('db1'), hasStatus(500));
        expect(failed.body).toContain('down');
        expect(service.output()).not.toContain('unexpected');
      },
      { database },
    );
  });

  it(`starts after it was killed in its first start, ${KILLS} times`, async () => {
    const random = seeded(`${SEED} first start`);
    for (let round = 0; round < KILLS; round++) {
      const database = join(scratch, `first-${round}`, 'service.db');
      const environment = { ...process.env, DATABASE_PATH: database, PORT: '0', HOST: '127.0.0.1' };
      const first = spawn('node', ['dist/main.js'], { cwd: project, stdio: 'ignore', env: environment });
      const ended = once(first, 'close');
      await until(
        () => existsSync(database),
        (isThere) => isThere,
      );
      await new Promise((resolve) => setTimeout(resolve, random() * 25));
      first.kill('SIGKILL');
      await ended;
      const service = await startService(project, { database });
      expect((await calls(service).health()).status).toBe(200);
      await service.kill();
    }
  });

  /** Only root may mount a disk of its own, and not everywhere. */
  const disk = join(scratch, 'disk');
  const hasDisk = () => {
    mkdirSync(disk, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };

  it('says that its disk is full, and settles what it could not write once there is room', async (context) => {
    needs(context, 'the right to mount a disk', hasDisk());
    try {
      await withService(
        async (service) => {
          const tsuru = calls(service);
          expect((await tsuru.create('db1')).status).toBe(201);
          const creating = tsuru.create('db2', { ms: 500 });
          await until(recorded, (lines) => lines.includes('create db2 begins'));
          const fill = join(disk, 'fill');
          const filled = () => {
            try {
              writeFileSync(fill, Buffer.alloc(4096), { flag: 'a' });
              return false;
            } catch {
              return true;
            }
          };
          while (!filled());
          await creating;
          const refused = await until(() => tsuru.create('db3', { text: 'x'.repeat(60_000) }), hasStatus(507));
          expect(refused.body).toContain('disk is full');
          const health = await tsuru.health();
          expect([health.status, health.body.includes('disk is full')]).toEqual([507, true]);
          rmSync(fill);
          await until(() => tsuru.status('db2'), hasStatus(204));
          expect((await tsuru.health()).status).toBe(200);
        },
        { database: join(disk, 'service.db') },
      );
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
