import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { spawn } from '@lydell/node-pty';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { ANSWERED, quiet } from '../support/cli.ts';

const ENTER = '\r';
const DOWN = '\x1b[B';
const LEFT = '\x1b[D';
const ESCAPE = '\x1b';
const BACK_TAB = '\x1b[Z';
const CTRL_C = '\x03';
const CTRL_U = '\x15';
const CTRL_W = '\x17';

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
  function start(args: readonly string[], columns = 100, directory = cwd, environment: NodeJS.ProcessEnv = {}) {
    const terminal = spawn(inject('bin'), [...args], {
      cwd: directory,
      cols: columns,
      rows: 40,
      env: { ...quiet(), TERM: 'xterm-256color', ...environment },
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
      expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen().lastIndexOf('\x1b[?25l'));
    },
  );

  it.each(['SIGTERM', 'SIGHUP'])('leaves at a %s while it asks, with the cursor back', async (signal) => {
    const { type, ended, screen, kill } = start(['--no-install', '--no-git']);
    await type('Directory', ENTER);
    await type('Service id');
    kill(signal);
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
    expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen().lastIndexOf('\x1b[?25l'));
  });

  it('says what this is first, has a line of help for each question, and says what the frameworks are', async () => {
    const { type, ended, screen } = start(['--no-install', '--no-git']);
    await type('Directory', ENTER);
    await type('Service id', ENTER);
    await type('fast and structured', DOWN);
    await type('small and modern', '\x1b[A', '\x1b[A');
    await type('the best known', CTRL_C);
    expect(await ended).toBe(130);
    const text = stripVTControlCharacters(screen());
    expect(text).toMatch(/^A new Tsuru service API, .*\r?\n.*Shift-Tab goes back.*\r?\nWhere the project goes/);
    expect(text).toMatch(/What teams call it: [^?]*\r?\n\? Service id[^]*What the HTTP side is written with[^?]*\r?\n\? Framework/);
  });

  it('goes back as far as the first question, offers the answers again, and changes them', async () => {
    const { type, ended } = start(['--no-install', '--no-git']);
    await type('Directory', ESCAPE);
    await type('\x07', 'one', ENTER);
    await type('Service id', 'my-db', ENTER);
    await type('Framework', DOWN, ENTER);
    await type('Provisioning', BACK_TAB);
    await type('Framework', ESCAPE);
    await type('Service id', BACK_TAB);
    await type('one', BACK_TAB);
    await type('\x07', CTRL_U, 'two', ENTER);
    await type('two', ENTER);
    await type('Framework', ENTER);
    await type('Provisioning', ENTER);
    await type('Team', ENTER);
    await type('Address', ENTER);
    await type('Plans', ENTER);
    await type('Write it?', BACK_TAB);
    await type('Plans', 'small=Tiny', ENTER);
    await type('Write it?', 'y');
    expect(await ended).toBe(0);
    expect(readdirSync(cwd)).toEqual(['two']);
    const record = readFileSync(join(cwd, 'two/tsuru-service.yaml'), 'utf8');
    expect(record).toMatch(/^name: two$/m);
    expect(record).toMatch(/^framework: hono$/m);
    expect(record).toContain('Tiny');
    expect(record).not.toContain('For production');
  });

  it('takes away a line with Ctrl-U and a word with Ctrl-W, and types no key that is no letter', async () => {
    const { type, ended } = start(['dir', ...ANSWERED]);
    await type('Service id', 'wrong', CTRL_U, 'a b  ', CTRL_W, '\x1bOP', LEFT, 'c', CTRL_W, CTRL_W, '\x1b[3~', 'kept', ENTER);
    await type('Write it?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toMatch(/^name: kept$/m);
  });

  it('refuses a plan without a description where it is typed', async () => {
    const { type, ended } = start(['dir', '--name', 'a1', ...ANSWERED.filter((word) => !['--plan', 'a=b'].includes(word))]);
    await type('Plans', 'c', ENTER);
    await type('"c" has no description', CTRL_U, 'c=Cheap', ENTER);
    await type('Write it?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toContain('Cheap');
  });

  describe('a directory that is not empty is said before the questions', () => {
    beforeEach(() => {
      mkdirSync(join(cwd, 'full'));
      writeFileSync(join(cwd, 'full/thesis.doc'), 'mine');
    });
    const answered = ['--name', 'a1', ...ANSWERED];

    it('and one can go on beside what is there', async () => {
      const { type, ended, screen } = start(['full', ...ANSWERED]);
      await type('Go on: write beside', ENTER);
      await type('Service id', ENTER);
      await type('Write it?', 'y');
      expect(await ended).toBe(0);
      expect(screen().indexOf('thesis.doc')).toBeLessThan(screen().indexOf('Service id'));
      expect(readFileSync(join(cwd, 'full/thesis.doc'), 'utf8')).toBe('mine');
      expect(existsSync(join(cwd, 'full/src/main.ts'))).toBe(true);
      expect(screen()).toContain('--overwrite --yes');
    });

    it('and one can go elsewhere, or stop', async () => {
      const elsewhere = start(['full', ...answered]);
      await elsewhere.type('Elsewhere', DOWN, ENTER);
      await elsewhere.type('Directory', 'chek', ENTER);
      await elsewhere.type('reads like a command', CTRL_U, 'other', ENTER);
      await elsewhere.type('Write it?', 'y');
      expect(await elsewhere.ended).toBe(0);
      expect(readdirSync(join(cwd, 'full'))).toEqual(['thesis.doc']);
      const stopped = start(['full', ...answered]);
      await stopped.type('Stop', DOWN, DOWN, ENTER);
      expect(await stopped.ended).toBe(130);
      expect(readdirSync(cwd).sort()).toEqual(['full', 'other']);
    });

    it('and what collides goes nowhere but into a backup, if that is chosen', async () => {
      writeFileSync(join(cwd, 'full/package.json'), 'mine');
      const { type, ended } = start(['full', ...answered]);
      await type('Overwrite: what is replaced', DOWN, DOWN, ENTER);
      await type('Write it?', 'y');
      expect(await ended).toBe(0);
      expect(readFileSync(join(cwd, 'full/.tsuru-service/backup/0001/package.json'), 'utf8')).toBe('mine');
    });

    it('and the leave to write into one is none for another one', async () => {
      mkdirSync(join(cwd, 'second'));
      writeFileSync(join(cwd, 'second/novel.doc'), 'mine');
      const { type, ended } = start(ANSWERED);
      await type('Directory', 'full', ENTER);
      await type('Go on: write beside', ENTER);
      await type('Service id', BACK_TAB);
      await type('Directory', 'second', ENTER);
      await type('novel.doc');
      await type('Stop', DOWN, DOWN, ENTER);
      expect(await ended).toBe(130);
      expect(readdirSync(join(cwd, 'second'))).toEqual(['novel.doc']);
    });
  });

  describe('endpoint add', () => {
    beforeEach(async () => {
      expect(await start(['dir', '--yes', '--no-install', '--no-git']).ended).toBe(0);
    });

    it('checks each answer at its prompt, beside the endpoints that there are', async () => {
      const { type, ended } = start(['endpoint', 'add', '--no-install'], 100, join(cwd, 'dir'));
      await type('Name', 'usage', ENTER);
      await type('have the same name', CTRL_U, 'Bad Name', ENTER);
      await type('needs a name of', CTRL_U, 'backups', ENTER);
      await type('Method', ENTER);
      await type('Path', '/usage', ENTER);
      await type('are the same', CTRL_U, '/bind/x', ENTER);
      await type('Tsuru keeps "bind"', CTRL_U, '/backups/{id}', ENTER);
      await type('Action', 'usage.show', ENTER);
      await type('same action', CTRL_U, 'Bad', ENTER);
      await type('it is such as', BACK_TAB);
      await type('/backups/{id}', ENTER);
      await type('Action', ENTER);
      await type('What it does', 'a */ b', ENTER);
      await type('needs a description', CTRL_U, 'Copies', ENTER);
      expect(await ended).toBe(0);
      const record = readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8');
      expect(record).toMatch(/name: backups\n +method: GET\n +path: "\/backups\/\{id\}"\n +action: "backups.show"\n +description: "Copies"/);
    });
  });

  it('offers to go on with a set-up that was stopped', async () => {
    const bin = join(cwd, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\ntest -e '${cwd}/works'\n`, { mode: 0o755 });
    const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    expect(await start(['dir', '--yes', '--no-git'], 100, cwd, environment).ended).toBe(1);
    writeFileSync(join(cwd, 'works'), '');
    const { type, ended, screen } = start(['--no-git'], 100, join(cwd, 'dir'), environment);
    await type('Go on with its set-up: install, verify', ENTER);
    expect(await ended).toBe(0);
    expect(screen()).toContain('npm run dev');
    expect(readdirSync(join(cwd, 'dir/.tsuru-service'))).not.toContain('set-up.json');
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
      expect(readdirSync(join(cwd, 'dir/.tsuru-service')).sort()).toEqual(['.gitattributes', '.gitignore', 'base', 'lock.json']);
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
