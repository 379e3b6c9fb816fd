import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PASSWORD = 'a password of the test';

/** The whole service as a process of its own, from its source. */
describe('the service', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'service-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'src/main.ts'], {
      env: {
        ...process.env,
        HOST: '127.0.0.1',
        PORT: '0',
        BASE_PATH: '',
        LOG_LEVEL: 'info',
        DATABASE_PATH: join(directory, 'service.db'),
        SERVICE_USERNAME: 'svc',
        SERVICE_PASSWORD: PASSWORD,
        ...environment,
      },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'close').then(([code]) => code as number);
    const address = new Promise<string>((resolve) => {
      child.stdout.on('data', () => {
        const found = /"address":"([^"]+)"/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return { child, ended, address, output: () => output };
  }

  it('starts, answers, and stops when it is asked to, without a word of its password', async () => {
    const service = start({});
    const address = await Promise.race([
      service.address,
      service.ended.then(() => Promise.reject(new Error(service.output()))),
    ]);
    const authorization = `Basic ${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`;
    const plans = await fetch(`${address}/resources/plans`, { headers: { authorization, connection: 'close' } });
    expect([plans.status, Array.isArray(await plans.json()) || 'missing_params']).toEqual([
      expect.any(Number),
      expect.anything(),
    ]);
    expect((await fetch(`${address}/resources/plans`)).status).toBe(401);
    expect((await fetch(`${address}/healthcheck`)).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).toContain('"stopped"');
    expect(service.output()).not.toContain(PASSWORD);
    expect(service.output()).not.toContain(authorization.slice('Basic '.length));
  });

  it('does not start without a password', async () => {
    const service = start({ SERVICE_PASSWORD: '' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('SERVICE_PASSWORD is empty');
    expect(service.output()).not.toMatch(/^\s+at /m);
  });
});
