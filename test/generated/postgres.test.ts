import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { online } from '../support/cli.ts';

const PORT = 18_462;

describe('a generated service with the backend postgres', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'generated-postgres-'));
  const project = join(scratch, 'my-service');
  let dev: ChildProcess;
  let output = '';

  beforeAll(async () => {
    // As root, PostgreSQL runs as a user of its own.
    chmodSync(scratch, 0o755);
    const flags = ['--yes', '--backend', 'postgres', '--endpoint', `http://localhost:${PORT}`, '--no-verify', '--no-git'];
    execFileSync(inject('bin'), ['my-service', ...flags], { cwd: scratch, env: online() });
    dev = spawn('npm', ['run', 'dev:postgres'], {
      cwd: project,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: online(),
    });
    for (const stream of [dev.stdout, dev.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const ended = once(dev, 'close').then(() => Promise.reject(new Error(output)));
    const listening = (async () => {
      while (!output.includes('"msg":"listening"')) await new Promise((resolve) => setTimeout(resolve, 20));
    })();
    await Promise.race([listening, ended]);
    ended.catch(() => {});
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const run = (script: string, environment: Record<string, string> = {}) =>
    execFileSync('bash', ['-ec', script], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, ...environment },
      // While it runs, the time limit of the test itself cannot end it.
      timeout: 120_000,
    });

  /** The commands of the README's tutorial, up to the first that matches. */
  function tutorial(until: RegExp): string {
    const readme = readFileSync(join(project, 'README.md'), 'utf8');
    const block = readme.split('```').find((text) => text.includes('/resources/plans')) ?? '';
    const lines = block.split('\n');
    return lines.slice(0, lines.findIndex((line) => until.test(line)) + 1).join('\n');
  }

  const usable = (url: string) =>
    run(
      `node --input-type=module -e "import pg from 'pg'; const c = new pg.Client(process.env.URL); await c.connect(); console.log((await c.query('SELECT 1 AS one')).rows[0].one); await c.end()" 2>&1 || true`,
      { URL: url },
    );

  it('is started by one command, and the calls of its README give an app a database until they take it away', () => {
    const bound = run(tutorial(/bind-app --data/));
    const variables = JSON.parse(bound.split('\n').findLast((line) => line.startsWith('{"DATABASE_URL"'))?.replace(/ 201$/, '') ?? '') as {
      DATABASE_URL: string;
    };
    expect(usable(variables.DATABASE_URL).trim()).toBe('1');
    const codes = [...run(tutorial(/user=me/)).matchAll(/ (\d{3})$/gm)].map(([, code]) => code);
    expect(codes).toEqual(['200', '201', '204', '201', '200', '200', '200']);
    expect(usable(variables.DATABASE_URL)).toMatch(/password authentication failed|does not exist/);
  });

  it('has a doctor that knows its server, from the source and as compiled', () => {
    const admin = /POSTGRES_ADMIN_URL=(\S+)/.exec(output)?.[1] ?? '';
    expect(run('npm run doctor', { POSTGRES_ADMIN_URL: admin })).toContain('✓ The service can work with this server.');
    run('npm run build');
    expect(run('node dist/backends/postgres/doctor.js', { POSTGRES_ADMIN_URL: admin })).toContain('✓');
  });

  it('says in one line what to set when it has no server', () => {
    const said = run('node dev.js 2>&1 || true', { POSTGRES_ADMIN_URL: '' });
    expect(said.trim().split('\n')).toEqual([
      'The service cannot start. Set these in the environment or in .env:',
      expect.stringContaining('  POSTGRES_ADMIN_URL is empty'),
    ]);
  });

  it('ends with Ctrl-C, and leaves no server behind', async () => {
    const port = Number(/@127\.0\.0\.1:(\d+)\//.exec(output)?.[1]);
    const closed = once(dev, 'close');
    process.kill(-(dev.pid ?? 0), 'SIGINT');
    await closed;
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(() => process.kill(-(dev.pid ?? 0), 0)).toThrow();
  });
});
