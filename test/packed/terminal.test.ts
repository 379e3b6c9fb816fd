import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { ANSWERED, quiet } from '../support/cli.ts';
import { startOnTerminal } from '../support/pseudo-terminal.ts';

const ENTER = '\r';
const DOWN = '\x1b[B';
const LEFT = '\x1b[D';
const ESCAPE = '\x1b';
const BACK_TAB = '\x1b[Z';
const CTRL_C = '\x03';
const CTRL_U = '\x15';
const CTRL_W = '\x17';

/** The prompts, in order. */
const PROMPTS = [
  'Directory',
  'Service id',
  'Framework',
  'Backend',
  'Provisioning',
  'Team',
  'URL of the service API',
  'Plans',
  'Create the project?',
] as const;

describe('on a terminal', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'terminal-'));
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  /** Starts it on a pseudo-terminal. */
  function start(args: readonly string[], columns = 100, directory = cwd, environment: NodeJS.ProcessEnv = {}) {
    return startOnTerminal(inject('bin'), args, { cwd: directory, columns, environment: { ...quiet(), ...environment } });
  }

  it('asks, shows the answers, and creates the project', async () => {
    const { type, ended, screen } = start(['--no-install', '--no-git']);
    await type('Directory', 'my-db', ENTER);
    await type('Service id', ENTER);
    await type('Framework', DOWN, ENTER);
    await type('Backend', ENTER);
    await type('Provisioning', DOWN, ENTER);
    await type('Team', 'dbas', ENTER);
    await type('URL of the service API', ENTER);
    await type('Plans', ENTER);
    await type('Create the project?', 'y');
    expect(await ended).toBe(0);
    const record = readFileSync(join(cwd, 'my-db/tsuru-service.yaml'), 'utf8');
    expect(record).toMatch(/^name: my-db$/m);
    expect(record).toMatch(/^framework: hono$/m);
    expect(record).toMatch(/^provisioning: background$/m);
    expect(record).toMatch(/^team: "dbas"$/m);
    expect(screen()).toContain('npm create tsuru-service@latest my-db -- --name my-db --framework hono');
  });

  it('validates an answer, and does not continue until it is valid', async () => {
    const { type, ended } = start(['dir', ...ANSWERED]);
    await type('Service id', ' X', ENTER);
    await type('must start with a letter', '\x7f\x7f', 'dir2', ENTER);
    await type('Create the project?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toMatch(/^name: "?dir2"?$/m);
  });

  it('writes nothing when the summary is rejected', async () => {
    const { type, ended } = start(['dir', '--name', 'a1', ...ANSWERED]);
    await type('Create the project?', 'n');
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each(PROMPTS.map((prompt, index) => [prompt, index] as const))(
    'exits at Ctrl-C at "%s", with the cursor restored and nothing written',
    async (_, stop) => {
      const { type, ended, screen } = start(['--no-install', '--no-git']);
      for (const prompt of PROMPTS.slice(0, stop)) await type(prompt, ENTER);
      await type(PROMPTS[stop] ?? '', CTRL_C);
      expect(await ended).toBe(130);
      expect(readdirSync(cwd)).toEqual([]);
      expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen().lastIndexOf('\x1b[?25l'));
    },
  );

  it.each(['SIGTERM', 'SIGHUP'])('exits at a %s during a prompt, with the cursor restored', async (signal) => {
    const { type, ended, screen, kill } = start(['--no-install', '--no-git']);
    await type('Directory', ENTER);
    await type('Service id');
    kill(signal);
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
    expect(screen().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen().lastIndexOf('\x1b[?25l'));
  });

  it('introduces itself, has a line of help for each question, and describes the frameworks', async () => {
    const { type, ended, screen } = start(['--no-install', '--no-git']);
    await type('Directory', ENTER);
    await type('Service id', ENTER);
    await type('fast and structured', DOWN);
    await type('small and modern', '\x1b[A', '\x1b[A');
    await type('the best known', CTRL_C);
    expect(await ended).toBe(130);
    const text = stripVTControlCharacters(screen());
    expect(text).toMatch(/^Create a Tsuru service API: .*\r?\n.*Shift-Tab goes back.*\r?\nWhere to create the project/);
    expect(text).toMatch(/The name that teams use: [^?]*\r?\n\? Service id[^]*The framework of the HTTP layer[^?]*\r?\n\? Framework/);
  });

  it('goes back as far as the first question, offers the answers again, and changes them', async () => {
    const { type, ended } = start(['--no-install', '--no-git']);
    await type('Directory', ESCAPE);
    await type('\x07', 'one', ENTER);
    await type('Service id', 'my-db', ENTER);
    await type('Framework', DOWN, ENTER);
    await type('Backend', BACK_TAB);
    await type('Framework', ESCAPE);
    await type('Service id', BACK_TAB);
    await type('one', BACK_TAB);
    await type('\x07', CTRL_U, 'two', ENTER);
    await type('two', ENTER);
    await type('Framework', ENTER);
    await type('Backend', ENTER);
    await type('Provisioning', ENTER);
    await type('Team', ENTER);
    await type('URL of the service API', ENTER);
    await type('Plans', ENTER);
    await type('Create the project?', BACK_TAB);
    await type('Plans', 'small=Tiny', ENTER);
    await type('Create the project?', 'y');
    expect(await ended).toBe(0);
    expect(readdirSync(cwd)).toEqual(['two']);
    const record = readFileSync(join(cwd, 'two/tsuru-service.yaml'), 'utf8');
    expect(record).toMatch(/^name: two$/m);
    expect(record).toMatch(/^framework: hono$/m);
    expect(record).toContain('Tiny');
    expect(record).not.toContain('For production');
  });

  it('deletes a line with Ctrl-U and a word with Ctrl-W, and ignores keys without a character', async () => {
    const { type, ended } = start(['dir', ...ANSWERED]);
    await type('Service id', 'wrong', CTRL_U, 'a b  ', CTRL_W, '\x1bOP', LEFT, 'c', CTRL_W, CTRL_W, '\x1b[3~', 'kept', ENTER);
    await type('Create the project?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toMatch(/^name: kept$/m);
  });

  it('refuses a plan without a description where it is typed', async () => {
    const { type, ended } = start(['dir', '--name', 'a1', ...ANSWERED.filter((word) => !['--plan', 'a=b'].includes(word))]);
    await type('Plans', 'c', ENTER);
    await type('"c" has no description', CTRL_U, 'c=Cheap', ENTER);
    await type('Create the project?', 'y');
    expect(await ended).toBe(0);
    expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toContain('Cheap');
  });

  describe('a directory that is not empty is reported before the questions', () => {
    beforeEach(() => {
      mkdirSync(join(cwd, 'full'));
      writeFileSync(join(cwd, 'full/thesis.doc'), 'mine');
    });
    const answered = ['--name', 'a1', ...ANSWERED];

    it('and the project can be added to its files', async () => {
      const { type, ended, screen } = start(['full', ...ANSWERED]);
      await type('Continue: add the project', ENTER);
      await type('Service id', ENTER);
      await type('Create the project?', 'y');
      expect(await ended).toBe(0);
      expect(screen().indexOf('thesis.doc')).toBeLessThan(screen().indexOf('Service id'));
      expect(readFileSync(join(cwd, 'full/thesis.doc'), 'utf8')).toBe('mine');
      expect(existsSync(join(cwd, 'full/src/main.ts'))).toBe(true);
      expect(screen()).toContain('--overwrite --yes');
    });

    it('and another directory can be chosen, or the run cancelled', async () => {
      const elsewhere = start(['full', ...answered]);
      await elsewhere.type('Choose another directory', DOWN, ENTER);
      await elsewhere.type('Directory', 'chek', ENTER);
      await elsewhere.type('looks like a command', CTRL_U, 'other', ENTER);
      await elsewhere.type('Create the project?', 'y');
      expect(await elsewhere.ended).toBe(0);
      expect(readdirSync(join(cwd, 'full'))).toEqual(['thesis.doc']);
      const stopped = start(['full', ...answered]);
      await stopped.type('Cancel', DOWN, DOWN, ENTER);
      expect(await stopped.ended).toBe(130);
      expect(readdirSync(cwd).sort()).toEqual(['full', 'other']);
    });

    it('and no service there is overwritten by a prompt', async () => {
      expect(await start(['finished', '--yes', '--no-install', '--no-git']).ended).toBe(0);
      const before = readFileSync(join(cwd, 'finished/.env'), 'utf8');
      const { type, ended } = start(ANSWERED);
      await type('Directory', CTRL_U, 'finished', ENTER);
      await type('finished is a service already', CTRL_C);
      expect(await ended).toBe(130);
      expect(readFileSync(join(cwd, 'finished/.env'), 'utf8')).toBe(before);
    });

    it('and its files can be overwritten, with a backup', async () => {
      writeFileSync(join(cwd, 'full/package.json'), 'mine');
      const { type, ended } = start(['full', ...answered]);
      await type('Overwrite: replaced files', DOWN, DOWN, ENTER);
      await type('Create the project?', 'y');
      expect(await ended).toBe(0);
      expect(readFileSync(join(cwd, 'full/.tsuru-service/backup/0001/package.json'), 'utf8')).toBe('mine');
    });

    it('and permission to write into one does not extend to another', async () => {
      mkdirSync(join(cwd, 'second'));
      writeFileSync(join(cwd, 'second/novel.doc'), 'mine');
      const { type, ended } = start(ANSWERED);
      await type('Directory', 'full', ENTER);
      await type('Continue: add the project', ENTER);
      await type('Service id', BACK_TAB);
      await type('Directory', 'second', ENTER);
      await type('novel.doc');
      await type('Cancel', DOWN, DOWN, ENTER);
      expect(await ended).toBe(130);
      expect(readdirSync(join(cwd, 'second'))).toEqual(['novel.doc']);
    });
  });

  describe('endpoint add', () => {
    beforeEach(async () => {
      expect(await start(['dir', '--yes', '--no-install', '--no-git']).ended).toBe(0);
    });

    it('validates each answer at its prompt, against the existing endpoints', async () => {
      const { type, ended } = start(['endpoint', 'add', '--no-install'], 100, join(cwd, 'dir'));
      await type('Name', 'usage', ENTER);
      await type('have the same name', CTRL_U, 'Bad Name', ENTER);
      await type('needs a name of', CTRL_U, 'backups', ENTER);
      await type('Method', ENTER);
      await type('Scope', ENTER);
      await type('Path', '/usage', ENTER);
      await type('are the same', CTRL_U, '/bind/x', ENTER);
      await type('Tsuru reserves "bind"', CTRL_U, '/backups/{id}', ENTER);
      await type('Action', 'usage.show', ENTER);
      await type('same action', CTRL_U, 'Bad', ENTER);
      await type('an action looks like', BACK_TAB);
      await type('/backups/{id}', ENTER);
      await type('Action', ENTER);
      await type('Description', 'a */ b', ENTER);
      await type('needs a description', CTRL_U, 'Copies', ENTER);
      expect(await ended).toBe(0);
      const record = readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8');
      expect(record).toMatch(/name: backups\n +method: GET\n +path: "\/backups\/\{id\}"\n +action: "backups.show"\n +description: "Copies"/);
    });
  });

  it.each(['add', 'remove'])('endpoint %s asks nothing with --yes', async (verb) => {
    expect(await start(['dir', '--yes', '--no-install', '--no-git']).ended).toBe(0);
    const { ended, screen } = start(['endpoint', verb, '--yes'], 100, join(cwd, 'dir'));
    expect(await ended).toBe(2);
    expect(screen()).toContain('name of the endpoint is missing');
    expect(screen()).not.toContain('?25l');
  });

  it('offers to continue an interrupted set-up', async () => {
    const bin = join(cwd, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'npm'), `#!/bin/sh\ntest -e '${cwd}/works'\n`, { mode: 0o755 });
    const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    expect(await start(['dir', '--yes', '--no-git'], 100, cwd, environment).ended).toBe(1);
    writeFileSync(join(cwd, 'works'), '');
    const { type, ended, screen } = start(['--no-git'], 100, join(cwd, 'dir'), environment);
    await type('Continue the set-up: install, verify', ENTER);
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
    async function conflicting(more: readonly string[] = []) {
      expect(await start(['dir', '--yes', '--no-install', '--no-git']).ended).toBe(0);
      const mine = readFileSync(app(), 'utf8').replace(/^import .*fastify.*$/m, 'import Fastify from "my-fastify";');
      writeFileSync(app(), mine);
      return { mine, ...start(['regenerate', 'dir', '--set', 'framework=hono', '--no-install', '--allow-dirty', ...more]) };
    }

    it('cancels by default, and nothing is changed', async () => {
      const { mine, type, ended } = await conflicting();
      await type('both sides changed it', ENTER);
      expect(await ended).toBe(130);
      expect(readFileSync(app(), 'utf8')).toBe(mine);
      expect(readFileSync(join(cwd, 'dir/tsuru-service.yaml'), 'utf8')).toContain('framework: fastify');
      expect(readdirSync(join(cwd, 'dir/.tsuru-service')).sort()).toEqual(['.gitattributes', '.gitignore', 'base.jsonl', 'lock.json']);
    });

    it('is not asked about with --yes, and nothing is changed', async () => {
      const { mine, ended, screen } = await conflicting(['--yes']);
      expect(await ended).toBe(3);
      expect(screen()).not.toContain('?25l');
      expect(readFileSync(app(), 'utf8')).toBe(mine);
    });

    it('is resolved as chosen, after a look at both sides', async () => {
      const { mine, type, ended, screen } = await conflicting();
      await type('both sides changed it', DOWN, DOWN, DOWN, DOWN, ENTER);
      await type('my-fastify');
      await type('both sides changed it', DOWN, DOWN, ENTER);
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
    const long = lines.filter((line) => line.length > 30 && !/^ {2}(npm|npx) /.test(line));
    expect(long).toEqual([]);
    expect(lines.some((line) => line.startsWith('  npm create tsuru-service@latest dir -- --name dir'))).toBe(true);
  });
});
