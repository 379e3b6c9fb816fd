import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../../src/sandbox/service/free-port.ts';
import { tsuruApi } from '../sandbox/support/tsuru-api.ts';
import { online, runCli } from '../support/cli.ts';
import { readEnvironment } from '../support/service.ts';

const scratch = mkdtempSync(join(tmpdir(), 'rotation-'));
const project = join(scratch, 'my-service');
const over = new AbortController();
let dev: ChildProcess;
let output = '';
let sandbox: Sandbox;

beforeAll(async () => {
  const port = String(await freePort(0, over.signal));
  const answers = ['--yes', '--no-verify', '--no-git', '--endpoint', `http://127.0.0.1:${port}`, '--team', 'dbas'];
  execFileSync(inject('bin'), ['my-service', ...answers], { cwd: scratch, env: online() });
  dev = spawn('npm', ['run', 'dev'], { cwd: project, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...online(), PORT: port } });
  for (const stream of [dev.stdout, dev.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  sandbox = await startSandbox({ team: 'dbas' });
});
afterAll(async () => {
  over.abort();
  await sandbox.close();
  process.kill(-(dev.pid ?? 0), 'SIGKILL');
  await once(dev, 'close');
  rmSync(scratch, { recursive: true, force: true });
});

const starts = () => output.match(/"msg":"listening"/g)?.length ?? 0;

async function untilStarted(number: number): Promise<void> {
  while (starts() < number) await sleep(50);
}

/** Runs publish as a user does. */
const publish = (...args: string[]) => runCli(['publish', ...args], { cwd: project, environment: { TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token } });

it('publish --rotate-password changes the password of a service that npm run dev runs, and no call is refused', async () => {
  const api = tsuruApi(sandbox.address, sandbox.token);
  await untilStarted(1);
  expect(await publish()).toMatchObject({ code: 0, stderr: '' });
  await api('POST', '/1.0/services/my-service/instances', { name: 'db1', teamowner: 'dbas' });
  const before = readEnvironment(project);
  const calls = new AbortController();
  const { signal } = calls;
  const answers = new Set<string>();
  const calling = (async () => {
    while (!signal.aborted) answers.add((await api('GET', '/1.0/services/my-service/instances/db1/status')).body);
  })();
  const run = await publish('--rotate-password');
  // It starts again without the old one.
  await untilStarted(3);
  calls.abort();
  await calling;
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const { SERVICE_PASSWORD: password = '', ...others } = readEnvironment(project);
  expect({ ...others, SERVICE_PASSWORD: before['SERVICE_PASSWORD'] }).toEqual(before);
  expect(password).toMatch(/^[\w-]{32}$/);
  expect(password).not.toBe(before['SERVICE_PASSWORD']);
  expect(readFileSync(join(project, 'manifest.yaml'), 'utf8')).toContain(`password: "${password}"`);
  // While it starts again, nothing listens; a call that reaches it is never refused.
  expect([...answers].filter((answer) => !/is up$|ECONNREFUSED|ECONNRESET|connection refused|EOF/.test(answer))).toEqual([]);
  expect(answers).toContain('Service instance "db1" is up');
  expect((await api('GET', '/1.0/services/my-service/instances/db1/status')).body).toBe('Service instance "db1" is up');
  expect(output).toContain('SERVICE_OLD_PASSWORD is still accepted');
  for (const secret of [password, before['SERVICE_PASSWORD'] ?? '?']) expect(output + run.stdout).not.toContain(secret);
});
