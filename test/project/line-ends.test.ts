import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import { FAST_DISK, regenerateIn, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

let project: string;
let clone: string;

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], { cwd, encoding: 'utf8' });
const read = (path: string) => readFileSync(join(clone, path), 'utf8');
const toHono = (answers: Answers): Answers => ({ ...answers, framework: 'hono' });
const lineEnds = (text: string) => ({ lf: /(^|[^\r])\n/.test(text), crlf: text.includes('\r\n') });

/** Commits a project, and clones it as Git for Windows does unless it is told otherwise. */
function cloneWithCrlf(): void {
  git(project, 'init', '--quiet');
  git(project, '-c', 'core.autocrlf=false', 'add', '--all');
  git(project, 'commit', '--quiet', '--message', 'x');
  clone = join(dirname(project), 'clone');
  git(dirname(project), 'clone', '--quiet', '--config', 'core.autocrlf=true', project, clone);
  expect(lineEnds(read('src/app.ts'))).toEqual({ lf: false, crlf: true });
}

describe('a project in a clone with core.autocrlf=true', () => {
  beforeEach(async () => {
    project = await workshop.project();
    cloneWithCrlf();
  });

  it('is as it was made: nothing to do, no difference', async () => {
    const { code, output } = await regenerateIn(clone, undefined, { check: true });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Already up to date.') as string });
    expect((await regenerateIn(clone)).code).toBe(0);
    expect(git(clone, 'status', '--porcelain')).toBe('');
  });

  it('has no conflicts and no edits when another framework comes, and keeps its line ends', async () => {
    const { code, output } = await regenerateIn(clone, toHono);
    expect(code).toBe(0);
    expect(output).not.toMatch(/^ {2}(merged|kept|conflict)/m);
    expect(lineEnds(read('src/app.ts'))).toEqual({ lf: false, crlf: true });
    // In git it is what the same change makes of the project without such line ends.
    await regenerateIn(project, toHono);
    git(project, 'add', '--all');
    git(clone, 'add', '--all');
    expect(git(clone, 'write-tree')).toBe(git(project, 'write-tree'));
  });

  it('has an edit merged, and keeps its line ends', async () => {
    for (const [path, from, to] of [
      ['README.md', /^/, 'Mine.\r\n'],
      ['package.json', '"scripts": {', '"scripts": {\r\n    "mine": "echo mine",'],
      ['.gitignore', /^/, 'mine/\r\n'],
    ] as const) {
      writeFileSync(join(clone, path), read(path).replace(from, to));
    }
    const { code, output } = await regenerateIn(clone, toHono);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('merged    README.md') as string });
    expect(read('README.md')).toMatch(/^Mine\.\r\n[^]*Hono/);
    expect(JSON.parse(read('package.json'))).toMatchObject({ scripts: { mine: 'echo mine' }, dependencies: { hono: expect.any(String) as string } });
    for (const path of ['README.md', 'src/app.ts', 'package.json', '.gitignore']) {
      expect({ path, ...lineEnds(read(path)) }).toEqual({ path, lf: false, crlf: true });
    }
    expect((await regenerateIn(clone, undefined, { check: true })).code).toBe(0);
  });

  it('has a file restored, deleted and offered beside one in its line ends', async () => {
    writeFileSync(join(clone, 'tsuru.yaml'), 'mine\r\nmine\r\n');
    await regenerateIn(clone, undefined, { restore: ['tsuru.yaml'] });
    expect(lineEnds(read('tsuru.yaml'))).toEqual({ lf: false, crlf: true });
    writeFileSync(join(clone, 'src/app.ts'), read('src/app.ts').replace(/^import .*fastify.*$/m, 'import Fastify from "mine";'));
    expect((await regenerateIn(clone, toHono, { conflict: 'theirs-file' })).code).toBe(3);
    expect(lineEnds(read('src/app.ts.theirs'))).toEqual({ lf: false, crlf: true });
  });
});

describe('a project made before its record was safe from line ends', () => {
  beforeEach(async () => {
    project = await workshop.project();
    for (const name of ['.gitattributes', '.gitignore']) rmSync(join(project, '.tsuru-service', name));
    cloneWithCrlf();
    expect(lineEnds(read('.tsuru-service/lock.json'))).toEqual({ lf: false, crlf: true });
  });

  it('is read all the same, and a regeneration makes it safe', async () => {
    writeFileSync(join(clone, 'README.md'), `Mine.\r\n${read('README.md')}`);
    expect((await regenerateIn(clone, toHono)).code).toBe(0);
    expect(read('README.md')).toMatch(/^Mine\.\r\n[^]*Hono/);
    expect(read('.tsuru-service/.gitattributes')).toMatch(/^\* -text$/m);
    expect(lineEnds(read('.tsuru-service/lock.json'))).toEqual({ lf: true, crlf: false });
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--message', 'y');
    const again = join(dirname(project), 'again');
    git(dirname(project), 'clone', '--quiet', '--config', 'core.autocrlf=true', clone, again);
    expect((await regenerateIn(again, undefined, { check: true })).code).toBe(0);
  });

  it('has nothing but its record changed when there is no other news', async () => {
    expect((await regenerateIn(clone)).code).toBe(0);
    git(clone, 'add', '--all');
    expect(git(clone, 'diff', '--cached', '--name-only').trim().split('\n')).toEqual([
      '.tsuru-service/.gitattributes',
      '.tsuru-service/.gitignore',
    ]);
    expect((await regenerateIn(clone, undefined, { check: true })).code).toBe(0);
  });
});
