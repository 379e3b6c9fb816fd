import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { filesBelow, runCli } from '../support/cli.ts';

/** The commands that change a project, as its owner runs them. */
describe('in a project that it made, the packed command line', () => {
  let scratch: string;
  let cwd: string;
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'project-'));
    cwd = join(scratch, 'my-db');
    expect((await runCli(['my-db', '--yes', '--no-install', '--no-git'], { cwd: scratch })).code).toBe(0);
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const run = (...args: string[]) => runCli(args, { cwd });
  const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

  it.each([
    ['endpoint', 'list'], ['regenerate'], ['publish'], ['manifest'], ['sandbox'],
  ])('names the project to a command in one of its folders: %s', async (...args) => {
    const { code, stderr } = await runCli(args, { cwd: join(cwd, 'src/tsuru') });
    expect([code !== 0, stderr.replaceAll('\n', ' ')]).toEqual([true, expect.stringMatching(new RegExp(`un .*in ${cwd}[.,]`)) as string]);
  });

  it('adds, lists and removes endpoints everywhere that they are named', async () => {
    const before = filesBelow(cwd);
    const added = await run('endpoint', 'add', 'backups', '--method', 'POST', '--path', '/backups/{id}');
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(added.stdout.replaceAll('\n', ' ')).toContain('then run npx create-tsuru-service publish');
    for (const path of [
      'tsuru-service.yaml',
      'permissions.json',
      'openapi.yaml',
      'README.md',
      'src/tsuru/endpoints.ts',
    ]) {
      expect(read(path)).toContain('backups');
    }
    expect(read('src/endpoints/backups.ts')).toContain('POST');
    expect((await run('endpoint', 'list')).stdout).toMatch(/backups +POST \/backups\/\{id\} +backups\.create/);
    const removed = await run('endpoint', 'remove', 'backups');
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringMatching(/Next:\s+run\s+npx\s+create-tsuru-service\s+publish/)]);
    expect((await run('endpoint', 'list')).stdout).not.toContain('backups');
    const theirs = ['src/endpoints/backups.ts', 'src/endpoints/backups.schema.json', 'test/endpoints/backups.test.ts'];
    expect(filesBelow(cwd).filter((path) => !theirs.includes(path))).toHaveLength(before.length);
  });

  it('regenerates with another answer, by a dry run first, and looks with --check', async () => {
    const dry = await run('regenerate', '--set', 'framework=express', '--dry-run');
    expect([dry.code, read('src/app.ts').includes('express')]).toEqual([0, false]);
    expect(dry.stdout).toMatch(/^\+import express/m);
    expect((await run('regenerate', '--set', 'framework=express', '--check')).code).toBe(6);
    expect((await run('regenerate', '--set', 'framework=express', '--no-install')).code).toBe(0);
    expect(read('src/app.ts')).toContain('express');
    const again = await run('regenerate', '--check');
    expect([again.code, again.stdout]).toEqual([0, 'Already up to date.\n']);
  });

  it.each(['? [a, { b: c }]\n: 1\n', '&key { a: 1 }: 1\n', '? &list [*list]\n: 1\n', '? !!set {a}\n: 1\n', '*key : 1\n'])('refuses a record with the key %j', async (line) => {
    appendFileSync(join(cwd, 'tsuru-service.yaml'), line);
    const refused = await run('regenerate', '--check');
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringMatching(/tsuru-service.yaml (has an unknown key|is not valid YAML)/)]);
  });

  it('refuses a record with a type that JSON does not have', async () => {
    writeFileSync(join(cwd, 'tsuru-service.yaml'), read('tsuru-service.yaml').replace(/^team: .*/m, 'team: !!timestamp 2001-01-01'));
    const refused = await run('regenerate', '--check');
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('This type is not supported')]);
  });

  it('takes -v and -h for a text where they stand as one', async () => {
    expect((await run('endpoint', 'add', 'x', '--description', '-v', '--no-install')).code).toBe(0);
    expect((await run('endpoint', 'add', 'y', '--description=-h', '--no-install')).code).toBe(0);
    expect((await run('endpoint', 'list')).stdout).toMatch(/x\.show +-v\n[^]*y\.show +-h\n/);
  });

  it('says so as well when it is started below', async () => {
    const { code, stderr } = await runCli([], { cwd: join(cwd, 'src/tsuru') });
    expect([code, stderr]).toEqual([4, expect.stringContaining('is already the service "my-db"')]);
    const other = await runCli(['other', '--yes'], { cwd: join(cwd, 'src') });
    expect([other.code, existsSync(join(cwd, 'src/other'))]).toEqual([2, false]);
  });

  it('says what it found when it is started as if there were nothing', async () => {
    const { code, stderr } = await run('--yes');
    expect(code).toBe(4);
    expect(stderr).toMatch(/is already the service "my-db" \(fastify\)[^]*regenerate[^]*endpoint add/);
  });

  it.each([
    [['regenerate', '--set', 'framework=koa'], /Invalid value for --set framework: "koa"/],
    [['regenerate', '--set', 'framwork=hono'], /Unknown key "framwork"[^]*framework/],
    [['regenerate', '--set', 'framework'], /--set framework has no value/],
    [['regenerate', '--conflict', 'mine'], /Invalid value for --conflict: "mine"/],
    [['endpoint'], /command is missing[^]*endpoint add, endpoint remove, endpoint list/],
    [['endpoint', 'add'], /name of the endpoint is missing/],
    [['endpoint', 'add', 'x', '--path', '/bind'], /Tsuru reserves "bind"/],
    [['endpoint', 'add', 'usage'], /an endpoint "usage" already[^]*endpoint remove usage/],
    [['endpoint', 'add', 'x', '--method', 'FETCH'], /Invalid value for --method: "FETCH"/],
    [['endpoint', 'remove', 'usag'], /Did you mean usage/],
    [['endpoint', 'ad', 'x'], /Did you mean endpoint add\?/],
    [['endpoint', 'list', '--method', 'GET'], /Unknown option --method of endpoint list/],
    [['endpoint', 'list', 'junk'], /Unexpected argument "junk": endpoint list takes only options/],
    [['endpoint', 'remove', 'usage', '--path', '/x'], /Unknown option --path of endpoint remove/],
    [['regenerate', '--method', 'GET'], /Unknown option --method of regenerate/],
    [['regenrate'], /Did you mean create-tsuru-service regenerate/],
    [['other', '--yes'], /would be inside the service in[^]*regenerate[^]*use \.\/other/],
  ] as const)('ends %j with 2, says why and changes nothing', async (args, message) => {
    const before = filesBelow(cwd);
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(filesBelow(cwd)).toEqual(before);
  });

  it('needs a project', async () => {
    const { code, stderr } = await runCli(['regenerate'], { cwd: scratch });
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no tsuru-service.yaml')]);
    const below = await run('regenerate', join(cwd, 'src'));
    expect([below.code, below.stderr]).toEqual([2, expect.stringContaining(`Run this command in ${cwd}.`)]);
  });
});
