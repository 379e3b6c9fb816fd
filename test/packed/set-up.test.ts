import { execFileSync, spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { quiet, runCli } from '../support/cli.ts';

const MARK = '.tsuru-service/set-up.json';

let cwd: string;
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'set-up-')));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** A package manager that is no more than a script, and a git of this test's own. */
function withNpm(script: string): Record<string, string> {
  const bin = join(cwd, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\necho "$*" >> '${cwd}/calls'\n${script}\n`);
  chmodSync(join(bin, 'npm'), 0o755);
  writeFileSync(join(cwd, 'gitconfig'), '[user]\n  name = A\n  email = a@example.com\n');
  return {
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    ...{ GIT_CONFIG_GLOBAL: join(cwd, 'gitconfig'), GIT_CONFIG_SYSTEM: '/dev/null', HOME: cwd },
  };
}

function calls(): string[] {
  const text = readFileSync(join(cwd, 'calls'), 'utf8').trim().split('\n');
  rmSync(join(cwd, 'calls'));
  return text;
}

/** What is run at the same time after the install, sorted. */
const CHECKS = ['run types', 'test test/backend.test.ts test/endpoints/ test/tsuru/recorded.test.ts'];

const exists = (path: string) => existsSync(join(cwd, 'dir', path));
const commits = () =>
  execFileSync('git', ['log', '--oneline'], { cwd: join(cwd, 'dir'), encoding: 'utf8', env: quiet() }).split('\n')
    .length - 1;

describe('a set-up whose install fails', () => {
  const FULL = 'echo "ENOSPC: no space left on device, write" >&2; exit 7';

  it('makes the repository all the same, and says what is done, what is not, and how to go on', async () => {
    const { code, stderr } = await runCli(['dir', '--yes'], { cwd, environment: withNpm(FULL) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOSPC: no space left[^]*files +written to dir\n +install +failed\n +verify +not run\n/);
    expect(stderr).toMatch(/git +A git repository was created, with a first commit\./);
    expect(stderr).toContain('  cd dir\n  npm install\n  npm run types\n  npm test\n');
    expect(stderr).toMatch(/ {2}npm create tsuru-service@latest dir -- --name dir .* --yes\n/);
    expect([commits(), exists(MARK)]).toEqual([1, true]);
    const status = execFileSync('git', ['status', '--porcelain'], { cwd: join(cwd, 'dir'), encoding: 'utf8' });
    expect(status).toBe('');
  });

  it('goes on from there when the same command is given again, and only then is done', async () => {
    await runCli(['dir', '--yes'], { cwd, environment: withNpm(FULL) });
    calls();
    const again = await runCli(['dir', '--yes'], { cwd, environment: withNpm('exit 0') });
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(calls().sort()).toEqual(['install', ...CHECKS]);
    expect(again.stdout).toMatch(/the set-up was interrupted\. Continuing\.[^]*Next steps:\n {2}cd dir\n {2}npm run dev\n/);
    expect([commits(), exists(MARK)]).toEqual([1, false]);
    expect(await runCli(['dir', '--yes'], { cwd, environment: withNpm('exit 0') })).toMatchObject({ code: 4 });
  });

  it('is not gone on with by a command that wants another project', async () => {
    await runCli(['dir', '--yes'], { cwd, environment: withNpm(FULL) });
    calls();
    const other = await runCli(['dir', '--yes', '--framework', 'hono'], { cwd, environment: withNpm('exit 0') });
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining('is already the service "dir" (fastify)') as string });
    expect(existsSync(join(cwd, 'calls'))).toBe(false);
  });
});

it('checks again, and installs nothing again, after a test that failed', async () => {
  const environment = withNpm('case "$*" in test*) printf "\\033[31m1 test failed\\033[39m\\n"; exit 1;; esac');
  const first = await runCli(['dir', '--yes'], { cwd, environment });
  expect(first.stderr).toMatch(/^1 test failed$[^]*install +done\n +verify +failed\n +git +A git repository was created/m);
  calls();
  expect(await runCli(['dir', '--yes'], { cwd, environment: withNpm('exit 0') })).toMatchObject({ code: 0 });
  expect(calls().sort()).toEqual(CHECKS);
});

describe('the checks after the install', () => {
  /** Each of the two ends only when the other one runs as well. */
  const TOGETHER = `case "$1" in
    run) touch types; until [ -e tests ]; do sleep 0.1; done;;
    test) touch tests; until [ -e types ]; do sleep 0.1; done; echo "      Tests  277 passed (277)";;
  esac`;

  it('run side by side, and say how many tests passed', async () => {
    const { code, stdout } = await runCli(['dir', '--yes', '--no-git'], { cwd, environment: withNpm(TOGETHER) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Checking the types \.\.\.\nRunning Tsuru's recorded calls and the project's own tests \.\.\.\n/m);
    expect(stdout).toMatch(/^✓ Checking the types \(/m);
    expect(stdout).toMatch(/^✓ Running Tsuru's recorded calls and the project's own tests \([^]*^ {2}277 tests passed\n/m);
  });

  it('show their progress together on a terminal', async () => {
    const environment = { ...quiet(), ...withNpm(`echo "$1 goes on"; sleep 1; ${TOGETHER}`), TERM: 'xterm' };
    const terminal = spawn(inject('bin'), ['dir', '--yes', '--no-git'], { cwd, cols: 100, rows: 40, env: environment });
    let screen = '';
    terminal.onData((data) => (screen += data));
    const code = await new Promise((resolve) => {
      terminal.onExit(({ exitCode }) => {
        resolve(exitCode);
      });
    });
    expect(code).toBe(0);
    const lines = stripVTControlCharacters(screen).replaceAll('\r', '');
    expect(lines).toMatch(/^… Checking the types \(.+\)\n {2}run goes on\n… Running Tsuru's .+\n {2}test goes on\n/m);
    // Every line that was drawn over is gone: the cursor goes up as often as it went down.
    const ups = screen.split('\x1b[').map((sequence) => Number(/^(\d+)A$/.exec(sequence)?.[1] ?? 0));
    const redraws = ups.reduce((sum, up) => sum + up, 0);
    expect(redraws).toBeGreaterThan(0);
    expect(lines.match(/^(… (Checking|Running|Installing) .*| {2}(run|test|install) goes on)$/gm)).toHaveLength(redraws);
  });

  it('are both shown, with the command that repeats each, when both fail', async () => {
    const { code, stderr } = await runCli(['dir', '--yes', '--no-git'], {
      cwd,
      environment: withNpm('case "$1" in run) echo "error TS1"; exit 2;; test) echo "1 test failed"; exit 1;; esac'),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Checking the types failed: npm run types ended with 2.\n');
    expect(stderr).toContain(`failed: npm ${String(CHECKS[1])} ended with 1.\n`);
    expect(stderr).toContain(`error TS1\nTo run it again, in ${join(cwd, 'dir')}: npm run types\n`);
    expect(stderr).toContain(`1 test failed\nTo run it again, in ${join(cwd, 'dir')}: npm ${String(CHECKS[1])}\n`);
    expect(stderr).toContain('  verify   failed\n');
  });
});

it('leaves nothing to go on with where nothing more was wanted, and where there is no git', async () => {
  await runCli(['dir', '--yes', '--no-install', '--no-git'], { cwd });
  expect(exists(MARK)).toBe(false);
  rmSync(join(cwd, 'dir'), { recursive: true });
  const made = await runCli(['dir', '--yes', '--no-install'], { cwd, environment: { PATH: onlyNode() } });
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('git was not found on PATH') as string });
  expect(exists(MARK)).toBe(false);
});

it('believes no mark that a repository brought', async () => {
  await runCli(['dir', '--yes', '--no-install', '--no-git'], { cwd });
  const environment = withNpm('exit 0');
  const key = 'a'.repeat(64);
  const brought = [{ directory: join(cwd, 'dir') }, { key }, { key: undefined }, {}].map((more) =>
    JSON.stringify({ version: 1, left: ['install'], ...more }),
  );
  for (const text of ['{', 'null', ...brought]) {
    writeFileSync(join(cwd, 'dir', MARK), text);
    expect(await runCli(['dir', '--yes'], { cwd, environment })).toMatchObject({ code: 4 });
  }
  expect(existsSync(join(cwd, 'calls'))).toBe(false);
});

describe('Ctrl-C in the install', () => {
  /** It starts others, which hold its output or not, ignores what asks it to end, and has them say who they are. */
  const DEEP = `trap '' TERM INT
    sleep 300 & echo $! >> "$PIDS"
    sleep 300 > /dev/null 2>&1 & echo $! >> "$PIDS"
    echo $$ >> "$PIDS"; echo "fetching"; while :; do sleep 1; done`;
  const pids = () => readFileSync(join(cwd, 'pids'), 'utf8').trim().split('\n').map(Number);
  const isRunning = (pid: number) => {
    try {
      process.kill(pid, 0);
      // On Linux it may have ended, and only wait for its parent to collect its exit code.
      return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };
  const EXPECTED = /Cancelled\.[^]*install +stopped\r?\n +verify +not run\r?\n +git +not run\r?\n[^]*git init && git add/;

  it('on a terminal ends all that the package manager started, and says how to go on', async () => {
    const environment = { ...quiet(), ...withNpm(DEEP), PIDS: join(cwd, 'pids'), TERM: 'xterm' };
    const terminal = spawn(inject('bin'), ['dir', '--yes'], { cwd, cols: 200, rows: 40, env: environment });
    let screen = '';
    terminal.onData((data) => {
      screen += data;
      if (screen.includes('fetching') && !screen.includes('^C')) terminal.write('\x03');
    });
    const code = await new Promise((resolve) => {
      terminal.onExit(({ exitCode }) => {
        resolve(exitCode);
      });
    });
    expect(code).toBe(130);
    expect(screen).toMatch(EXPECTED);
    expect(pids().filter(isRunning)).toEqual([]);
    expect([exists(MARK), exists('.git')]).toEqual([true, false]);
  });

  it('elsewhere does so, too, and the same command goes on', async () => {
    const child = spawnProcess(inject('bin'), ['dir', '--yes'], {
      cwd,
      env: { ...quiet(), ...withNpm(DEEP), PIDS: join(cwd, 'pids') },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('fetching')) child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, stderr]).toEqual([130, expect.stringMatching(EXPECTED)]);
    expect(pids().filter(isRunning)).toEqual([]);
    calls();
    expect(await runCli(['dir', '--yes'], { cwd, environment: withNpm('exit 0') })).toMatchObject({ code: 0 });
    expect([calls().sort(), commits(), exists(MARK)]).toEqual([['install', ...CHECKS], 1, false]);
  });
});

describe('without a network', () => {
  it.each([
    ['refuses', 'http://127.0.0.1:9', /ECONNREFUSED/],
    ['has no address', 'http://registry.invalid', /ENOTFOUND|EAI_AGAIN/],
  ])('an install from a registry that %s fails early, and says what to do', async (_, registry, reason) => {
    const { code, stdout, stderr } = await runCli(['dir', '--yes'], {
      cwd,
      environment: { npm_config_registry: registry, npm_config_cache: join(cwd, 'cache') },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Installing with npm failed: the package registry cannot be reached\.\n/);
    expect(stderr.split('\n')[1]).toMatch(reason);
    expect(stderr).not.toMatch(/^npm error/m);
    expect(stderr).toContain(`use --no-install to skip this step. Later, in ${join(cwd, 'dir')}: npm install`);
    // Where it fails early, npm's own pauses between attempts, of 10 and 60 seconds, are not there.
    const seconds = Number(/✗ Installing with npm \((\S+) s\)/.exec(stdout)?.[1]);
    expect(seconds).toBeLessThan(60);
  });

  it('an install shows what the package manager prints, also where there is no terminal', async () => {
    const { stdout } = await runCli(['dir', '--yes', '--no-git'], {
      cwd,
      environment: withNpm('case "$*" in install) echo "added 3 packages"; echo "npm http fetch GET 200 x";; esac'),
    });
    expect(stdout).toMatch(/Installing with npm \.\.\.\n {2}added 3 packages\n✓/);
  });
});

/** A PATH on which there is nothing but Node and env. */
function onlyNode(): string {
  const bin = join(cwd, 'only-node');
  mkdirSync(bin);
  execFileSync('ln', ['-s', process.execPath, join(bin, 'node')]);
  execFileSync('ln', ['-s', '/usr/bin/env', join(bin, 'env')]);
  return bin;
}
