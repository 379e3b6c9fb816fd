import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { online } from '../support/cli.ts';

/** Tests of the store on servers that misbehave, and what they need. They would make every project larger. */
const FIXTURES = { 'proxies.ts': 'test/tsuru/support/proxies.ts', 'store-server.ts': 'test/tsuru/store-server.test.ts' };

describe('a generated service with the store postgres', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'generated-store-'));
  const project = join(scratch, 'my-service');

  beforeAll(() => {
    // As root, PostgreSQL runs as a user of its own.
    chmodSync(scratch, 0o755);
    const flags = ['--yes', '--framework', 'fastify', '--store', 'postgres', '--no-verify', '--no-git'];
    execFileSync(inject('bin'), ['my-service', ...flags], { cwd: scratch, env: online(), stdio: 'pipe' });
    for (const [name, path] of Object.entries(FIXTURES)) {
      copyFileSync(new URL(`./fixtures/${name}`, import.meta.url), join(project, path));
    }
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it('fails when a test of it fails', () => {
    const file = join(project, 'test/failing.test.ts');
    writeFileSync(file, "import { expect, it } from 'vitest';\nit('fails', () => expect(1).toBe(2));\n");
    const run = spawnSync('npx', ['vitest', 'run', 'test/failing.test.ts'], { cwd: project, env: online() });
    rmSync(file);
    expect(run.status).toBe(1);
  });

  it('passes its types, its lint and all of its tests', { timeout: 1_200_000 }, () => {
    const npm = (...args: string[]) =>
      stripVTControlCharacters(execFileSync('npm', args, { cwd: project, encoding: 'utf8', stdio: 'pipe', env: online() }));
    npm('run', 'types');
    npm('run', 'lint');
    expect(Number(/Tests\s+(\d+) passed/.exec(npm('test'))?.[1])).toBeGreaterThan(500);
  });
});
