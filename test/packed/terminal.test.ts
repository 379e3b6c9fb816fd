import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { ANSWERED, quiet } from '../support/cli.ts';

const ENTER = '\r';
const DOWN = '\x1b[B';
const CTRL_C = '\x03';

/** What is asked, in its order, and what is typed to take the default. */
const PROMPTS = [
  'Directory',
  'Service id',
  'Framework',
  'Provisioning',
  'Team',
  'Address',
  'Plans',
  'Write it?',
] as const;

describe('on a terminal', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'terminal-'));
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  /** Starts it on a pseudo-terminal. `type` waits for a text on the screen that was not there before, and then types. */
  function start(args: readonly string[], columns = 100) {
    const terminal = spawn(inject('bin'), [...args], {
      cwd,
      cols: columns,
      rows: 40,
      env: { ...quiet(), TERM: 'xterm-256color' },
    });
    let screen = '';
    let seen = 0;
    const listeners = new Set<() => void>();
    terminal.onData((data) => {
      screen += data;
      for (const listener of listeners) listener();
    });
    const ended = new Promise<number>((resolve) => {
      terminal.onExit(({ exitCode }) => {
        resolve(exitCode);
      });
    });
    const shows = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          const at = screen.indexOf(text, seen);
          if (at === -1) return;
          seen = at + text.length;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
    const type = async (text: string, ...keys: string[]) => {
      await shows(text);
      for (const key of keys) terminal.write(key);
    };
    const kill = (signal: string) => {
      terminal.kill(signal);
    };
    return { type, ended, kill, screen: () => screen };
  }

  it('asks, shows what it was told, and writes it', async () => {
    const { type, ended, screen } = start(['--no-install', '--no-git']);
    await type('Directory', 'my-db', ENTER);
    await type('Service id', ENTER);
    await type('Framework', DOWN, ENTER);
    await type('Provisioning', DOWN, ENTER);
    await type('Team', 'dbas', ENTER);
    await type('Address', ENTER);
    await type('Plans', ENTER);
    await type('Write it?', 'y');
    expect(await ended).toBe(0);
    const record = readFileSync(join(cwd, 'my-db/tsuru-service.yaml'), 'utf8');
    expect(record).toMatch(/^name: my-db$/m);
    expect(record).toMatch(/^framework: hono$/m);
    expect(record).toMatch(/^provisioning: background$/m);
    expect(record).toMatch(/^team: "dbas"$/m);
    expect(screen()).toContain('npm create tsuru-service@latest my-db -- --name my-db --framework hono');
  });

  it('checks what is typed, and does not go on before it is right', async () => {
    const { type, ended } = start(['dir', ...ANSWERED]);
    await type('Service id', ' X', ENTER);
    await type('must start with a letter', '\x7f\x7f', 'dir2', ENTER);
    await type('Write it?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toMatch(/^name: "?dir2"?$/m);
  });

  it('writes nothing when the summary is not what was meant', async () => {
    const { type, ended } = start(['dir', '--name', 'a1', ...ANSWERED]);
    await type('Write it?', 'n');
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each(PROMPTS.map((prompt, index) => [prompt, index] as const))(
    'leaves at Ctrl-C at "%s", with the cursor back and nothing written',
    async (_, stop) => {
      const { type, ended, screen } = start(['--no-install', '--no-git']);
      for (const prompt of PROMPTS.slice(0, stop)) await type(prompt, ENTER);
      await type(PROMPTS[stop] ?? '', CTRL_C);
      expect(await ended).toBe(130);
      expect(readdirSync(cwd)).toEqual([]);
      expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThanOrEqual(screen().lastIndexOf('\x1b[?25l'));
    },
  );

  it.each(['SIGTERM', 'SIGHUP'])('leaves at a %s while it asks, with the cursor back', async (signal) => {
    const { type, ended, screen, kill } = start(['--no-install', '--no-git']);
    await type('Directory', ENTER);
    await type('Service id');
    kill(signal);
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
    expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThanOrEqual(screen().lastIndexOf('\x1b[?25l'));
  });

  it('asks nothing with --yes', async () => {
    const { ended, screen } = start(['dir', '--yes', '--no-install', '--no-git']);
    expect(await ended).toBe(0);
    expect(screen()).not.toContain('?25l');
    expect(existsSync(join(cwd, 'dir/package.json'))).toBe(true);
  });

  describe('a conflict', () => {
    const app = () => join(cwd, 'dir/src/app.ts');
    /** A project whose owner edited what another framework changes as well, and the start of a move to that one. */
    async function conflicting() {
      expect(await start(['dir', '--yes', '--no-install', '--no-git']).ended).toBe(0);
      const mine = readFileSync(app(), 'utf8').replace(/^import .*fastify.*$/m, 'import Fastify from "my-fastify";');
      writeFileSync(app(), mine);
      return { mine, ...start(['regenerate', 'dir', '--set', 'framework=hono', '--no-install', '--allow-dirty']) };
    }

    it('is given up by default, and nothing is changed', async () => {
      const { mine, type, ended } = await conflicting();
      await type('both changed it', ENTER);
      expect(await ended).toBe(130);
      expect(readFileSync(app(), 'utf8')).toBe(mine);
      expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toContain('framework: fastify');
      expect(readdirSync(join(cwd, 'dir/.tsuru-service')).sort()).toEqual(['base', 'lock.json']);
    });

    it('is settled as it is told, after a look at both sides', async () => {
      const { mine, type, ended, screen } = await conflicting();
      await type('both changed it', DOWN, DOWN, DOWN, DOWN, ENTER);
      await type('my-fastify');
      await type('both changed it', DOWN, DOWN, ENTER);
      expect(await ended).toBe(0);
      expect(screen()).toMatch(/-import Fastify from "my-fastify";/);
      expect(readFileSync(app(), 'utf8')).toContain('hono');
      expect(readFileSync(join(cwd, 'dir/.tsuru-service/backup/0001/src/app.ts'), 'utf8')).toBe(mine);
    });
  });

  it('fits a narrow terminal, and leaves commands whole', async () => {
    const { ended, screen } = start(['dir', '--yes', '--no-install', '--no-git'], 30);
    expect(await ended).toBe(0);

    const lines = stripVTControlCharacters(screen()).split(/\r?\n/);
    const long = lines.filter((line) => line.length > 30 && !/^ {2}(npm|tsuru) /.test(line));
    expect(long).toEqual([]);
    expect(lines.some((line) => line.startsWith('  npm create tsuru-service@latest dir -- --name dir'))).toBe(true);
  });
});
