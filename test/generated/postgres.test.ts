import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';

import { online } from '../support/cli.ts';
import { needsTool } from '../support/needs.ts';
import { npmRun } from '../support/npm.ts';

const PORT = 18_462;

/** Tests of the store on servers that misbehave, and what they need. They would make every project larger. */
const FIXTURES = { 'proxies.ts': 'test/tsuru/support/proxies.ts', 'store-server.ts': 'test/tsuru/store-server.test.ts' };

describe('a generated service on PostgreSQL', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'generated-postgres-'));
  const project = join(scratch, 'my-service');
  let dev: ChildProcess;
  let output = '';

  beforeAll(async () => {
    // As root, PostgreSQL runs as a user of its own.
    chmodSync(scratch, 0o755);
    const flags = ['--yes', '--framework', 'fastify', '--backend', 'postgres', '--store', 'postgres', '--endpoint', `http://localhost:${PORT}`, '--no-verify', '--no-git'];
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

  /** Runs the calls of the README's tutorial, from its first to its bind, or those after it. @returns their statuses too */
  function tutorial(part: 'to the bind' | 'after the bind') {
    const readme = readFileSync(join(project, 'README.md'), 'utf8');
    const block = readme.split('```').find((text) => text.includes('/resources/plans')) ?? '';
    const [setUp = '', calls = ''] = block.trim().split('\n\n');
    const lines = calls.split('\n');
    const bind = lines.findIndex((line) => line.includes('bind-app --data')) + 1;
    const said = run([setUp, ...(part === 'to the bind' ? lines.slice(0, bind) : lines.slice(bind))].join('\n'));
    return { said, codes: [...said.matchAll(/ (\d{3})$/gm)].map(([, code]) => code) };
  }

  const usable = (url: string) =>
    run(
      `node --input-type=module -e "import pg from 'pg'; const c = new pg.Client(process.env.URL); await c.connect(); console.log((await c.query('SELECT 1 AS one')).rows[0].one); await c.end()" 2>&1 || true`,
      { URL: url },
    );

  it('is started by one command, and the calls of its README give an app a database until they take it away', () => {
    const { said, codes } = tutorial('to the bind');
    expect(codes).toEqual(['200', '201', '204', '201']);
    const bound = said.split('\n').findLast((line) => line.startsWith('{"DATABASE_URL"'));
    const variables = JSON.parse(bound?.replace(/ 201$/, '') ?? '') as { DATABASE_URL: string };
    expect(usable(variables.DATABASE_URL).trim()).toBe('1');
    expect(tutorial('after the bind').codes).toEqual(['200', '200', '200']);
    expect(usable(variables.DATABASE_URL)).toMatch(/password authentication failed|does not exist/);
  });

  it('has a doctor that knows its server, from the source and as compiled', () => {
    const exported = /^ {2}export .+$/m.exec(output)?.[0] ?? '';
    expect(run(`${exported}\nnpm run doctor`)).toContain('✓ The service can work with this server.');
    run('npm run build');
    expect(run(`${exported}\nnode dist/backends/postgres/doctor.js`)).toContain('✓');
  });

  it('says in one line what to set when it has no server', () => {
    const said = run('node dev.js 2>&1 || true', { POSTGRES_ADMIN_URL: '' });
    expect(said.trim().split('\n')).toEqual([
      'Set these in the environment or in .env (.env.example explains them):',
      expect.stringContaining('  POSTGRES_ADMIN_URL is empty'),
    ]);
  });

  it('ends with Ctrl-C, and leaves no server behind', async () => {
    const port = Number(/@127\.0\.0\.1:(\d+)\//.exec(output)?.[1]);
    const closed = once(dev, 'close');
    process.kill(-(dev.pid ?? 0), 'SIGINT');
    await closed;
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await vi.waitFor(() => {
      expect(membersOf(dev.pid ?? 0)).toEqual([]);
    }, 10_000);
  });

  it('fails when a test of it fails', () => {
    const file = join(project, 'test/failing.test.ts');
    writeFileSync(file, "import { expect, it } from 'vitest';\nit('fails', () => expect(1).toBe(2));\n");
    const { status } = spawnSync('npx', ['vitest', 'run', 'test/failing.test.ts'], { cwd: project, env: online() });
    rmSync(file);
    expect(status).toBe(1);
  });

  it('passes its types, its lint and all of its tests', { timeout: 1_200_000 }, () => {
    for (const [name, path] of Object.entries(FIXTURES)) {
      copyFileSync(new URL(`./fixtures/${name}`, import.meta.url), join(project, path));
    }
    npmRun(project, 'run', 'types');
    npmRun(project, 'run', 'lint');
    const tested = npmRun(project, 'test', '--', '--maxWorkers=2');
    expect(Number(/Tests\s+(\d+) passed/.exec(tested)?.[1])).toBeGreaterThan(800);
  });

  it('refuses a server whose TLS it cannot trust, as backend, as store and in the doctor', (context) => {
    needsTool(context, 'openssl', spawnSync('openssl', ['version']).status === 0);
    const path = 'test/tsuru/postgres/tls.test.ts';
    copyFileSync(new URL('./fixtures/tls.ts', import.meta.url), join(project, path));
    execFileSync('npx', ['vitest', 'run', path], { cwd: project, stdio: 'pipe', env: online(), timeout: 120_000 });
  });
});

/** The processes of a group that have not ended. One that has may wait for its parent to ask for its status. */
function membersOf(group: number): string[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => {
    // "id (program) state parent group ..."; a process may end meanwhile.
    const stat = existsSync(`/proc/${id}/stat`) ? readFileSync(`/proc/${id}/stat`, 'utf8') : '';
    const [state, , found] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(found) === group && state !== 'Z';
  });
}
