import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { parse } from 'yaml';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { closed, listening } from '../publish/support/tsuru.ts';
import { ANSWERED, quiet, runCli } from '../support/cli.ts';

let scratch: string;
let cwd: string;
let sandbox: Sandbox;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'publish-'));
  cwd = join(scratch, 'my-db');
  sandbox = await startSandbox({ team: 'dbas' });
  const created = await runCli(['my-db', '--name', 'my-db', ...ANSWERED, '--team', 'dbas'], { cwd: scratch });
  expect([created.code, created.stderr]).toEqual([0, '']);
});

afterAll(async () => {
  await sandbox.close();
  rmSync(scratch, { recursive: true });
});

const publish = (...args: string[]) => runCli(['publish', ...args], { cwd, environment: { TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token, HOME: scratch } });

it('registers a project that was just created, and finds nothing to change afterwards', async () => {
  const { password } = parse(readFileSync(join(cwd, 'manifest.yaml'), 'utf8')) as { password: string };
  expect((await publish('--check')).code).toBe(6);
  const first = await publish();
  expect([first.code, first.stderr]).toEqual([0, '']);
  expect(first.stdout).toContain('✓ Permissions sent.\n');
  expect(first.stdout).toContain('Warning: Tsuru does not reach the service: nothing listens at its endpoint');
  const second = await publish();
  expect([second.code, second.stderr]).toEqual([0, '']);
  expect(second.stdout).toContain('is up to date.');
  expect(first.stdout + second.stdout).not.toContain(password);
  expect((await publish('--check')).code).toBe(0);
});

it('says what is missing, without a stack', async () => {
  const ended = await runCli(['publish'], { cwd, environment: { TSURU_TARGET: undefined, TSURU_TOKEN: undefined, HOME: scratch } });
  expect(ended).toMatchObject({ code: 4, stdout: '', stderr: 'There is no target.\nSet TSURU_TARGET or --target to the URL of Tsuru, or run tsuru target set.\n' });
});

it('says what is wrong in a file without its control characters, in whatever command', async () => {
  const ran = async (path: string, text: string, ...commands: string[][]) => {
    const before = readFileSync(join(cwd, path), 'utf8');
    writeFileSync(join(cwd, path), text);
    for (const args of commands) {
      const { code, stderr } = await runCli(args, { cwd, environment: { TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token, HOME: scratch } });
      expect([args, code]).toEqual([args, 5]);
      expect(stderr).toMatch(/\\u(\{(1b|9b)\}|001b)/);
      expect(stderr).toMatch(/\n.*\n$/);
      expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    }
    writeFileSync(join(cwd, path), before);
  };
  const record = readFileSync(join(cwd, 'tsuru-service.yaml'), 'utf8');
  const commands = [['publish'], ['endpoint', 'list'], ['regenerate', '--check']];
  await ran('tsuru-service.yaml', `${record}"\\e]0;pwn\\a\\e[2J": 1\n`, ...commands);
  await ran('tsuru-service.yaml', `${record}\u001b[2J: [\n`, ...commands);
  await ran('permissions.json', '{"\u009b2J":1}', ['publish']);
});

it('ends at Ctrl-C with 130, though Tsuru does not reply', async () => {
  const mute = createServer();
  const address = await listening(mute);
  const child = spawn(inject('bin'), ['publish', '--target', address], { cwd, env: { ...quiet(), TSURU_TOKEN: 'a-token', HOME: scratch }, stdio: 'ignore' });
  await once(mute, 'request');
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([130, null]);
  await closed(mute);
});
