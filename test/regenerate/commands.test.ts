import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { PlanFacts } from '../../src/changes.ts';
import { EXIT } from '../../src/errors.ts';
import { FAST_DISK, generator, regenerateIn, seen, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

let project: string;
beforeEach(async () => {
  project = await workshop.project();
});

const read = (path: string) => readFileSync(join(project, path), 'utf8');
const write = (path: string, text: string) => {
  writeFileSync(join(project, path), text);
};
const edit = (path: string, from: string | RegExp, to: string) => {
  expect(read(path)).toMatch(from);
  write(path, read(path).replace(from, to));
};
const toHono = (answers: Parameters<NonNullable<Parameters<typeof regenerateIn>[1]>>[0]) => ({
  ...answers,
  framework: 'hono' as const,
});

/** Edits the line that another framework changes as well. */
function makeConflict(): void {
  edit('src/app.ts', /^import .*fastify.*$/m, 'import Fastify from "my-fastify";');
}

describe('regenerate', () => {
  it('follows a record that was edited by hand, and keeps its comments', async () => {
    edit('tsuru-service.yaml', 'framework: fastify', 'framework: hono # since it is small');
    const record = read('tsuru-service.yaml');
    expect((await regenerateIn(project)).code).toBe(0);
    expect(read('tsuru-service.yaml')).toBe(record);
    expect(read('src/app.ts')).toContain('hono');
    await regenerateIn(project, (answers) => ({ ...answers, provisioning: 'background' }));
    expect(read('tsuru-service.yaml')).toContain('framework: hono # since it is small');
    expect(read('tsuru-service.yaml')).toContain('provisioning: background');
  });

  it('keeps a dependency that was raised, and brings the ones that are new', async () => {
    edit('package.json', /"zod": "[^"]+"/, '"zod": "99.0.0"');
    await regenerateIn(project, toHono);
    expect(JSON.parse(read('package.json'))).toMatchObject({
      dependencies: { zod: '99.0.0', hono: expect.any(String) as string },
    });
    expect(read('package.json')).not.toContain('"fastify"');
  });

  it('leaves deleted what was deleted, until it is to be restored', async () => {
    rmSync(join(project, 'Dockerfile'));
    await regenerateIn(project, toHono);
    expect(seen(project).has('Dockerfile')).toBe(false);
    const { output } = await regenerateIn(project, undefined, { restore: ['Dockerfile'] });
    expect(output).toContain('restored  Dockerfile');
    expect(read('Dockerfile')).toContain('FROM node');
    await expect(regenerateIn(project, undefined, { restore: ['../x'] })).rejects.toMatchObject({
      exitCode: EXIT.usage,
    });
  });

  it('shows both sides of a conflict, and writes nothing', async () => {
    makeConflict();
    const before = seen(project);
    const { code, output } = await regenerateIn(project, toHono);
    expect(code).toBe(EXIT.conflict);
    expect(output).toContain('conflict  src/app.ts');
    expect(output).toContain('-import Fastify from "my-fastify";');
    expect(output).toMatch(/^\+import .*hono/m);
    expect(seen(project)).toEqual(before);
  });

  it('writes a conflict with markers, or beside the file, when it is told to', async () => {
    makeConflict();
    const mine = read('src/app.ts');
    const other = workshop.copyOf(project);
    expect((await regenerateIn(project, toHono, { conflict: 'inline' })).code).toBe(EXIT.conflict);
    expect(read('src/app.ts')).toMatch(/^<<<<<<< yours\n[^]*my-fastify[^]*^>>>>>>> new$/m);
    expect(read('.tsuru-service/backup/0001/src/app.ts')).toBe(mine);
    project = other;
    expect((await regenerateIn(project, toHono, { conflict: 'theirs-file' })).code).toBe(EXIT.conflict);
    expect(read('src/app.ts')).toBe(mine);
    expect(read('src/app.ts.theirs')).toContain('hono');
  });

  it('only looks with --check, and tells its findings as JSON', async () => {
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(0);
    const before = seen(project);
    const { code, output } = await regenerateIn(project, toHono, { check: true, json: true });
    expect(code).toBe(EXIT.different);
    const facts = JSON.parse(output) as PlanFacts;
    expect(facts).toMatchObject({ version: 1, written: false, conflicts: [] });
    expect(facts.changes).toContainEqual({ path: 'src/tsuru/routes.ts', kind: 'update', class: 'generated' });
    expect(seen(project)).toEqual(before);
  });

  it('refuses files with uncommitted changes that would change, and never touches the index', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], {
        cwd: project,
        encoding: 'utf8',
      });
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'x');
    edit('README.md', '# my-service', '# My service');
    write('notes.txt', 'mine');
    const index = readFileSync(join(project, '.git/index'));
    // README.md is edited and would not change: nothing is in the way.
    const plans = (answers: Parameters<typeof toHono>[0]) => ({ ...answers, team: 'team-a' });
    expect((await regenerateIn(project, plans, { allowDirty: false })).code).toBe(0);
    await expect(regenerateIn(project, toHono, { allowDirty: false })).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('  README.md') as string,
    });
    git('commit', '--quiet', '--message', 'y', 'README.md');
    const committed = readFileSync(join(project, '.git/index'));
    expect((await regenerateIn(project, toHono, { allowDirty: false })).code).toBe(0);
    expect(readFileSync(join(project, '.git/index'))).toEqual(committed);
    expect(index.length).toBeGreaterThan(0);
    expect(read('README.md')).toContain('# My service');
    expect(read('README.md')).toContain('Hono');
  });

  it("warns where an edited file is the generator's", async () => {
    write('src/tsuru/settings.ts', `// mine\n${read('src/tsuru/settings.ts')}`);
    const { output } = await regenerateIn(project, (answers) => ({ ...answers, provisioning: 'background' }));
    expect(output).toContain("merged    src/tsuru/settings.ts  (the generator's file, with edits of yours)");
    expect(read('src/tsuru/settings.ts')).toMatch(/^\/\/ mine\n[^]*background/);
  });
});

describe('a record or lock that somebody else wrote', () => {
  const lockWith = (change: (lock: Record<string, unknown> & { files: Record<string, unknown> }) => void) => () => {
    const lock = JSON.parse(read('.tsuru-service/lock.json')) as Parameters<typeof change>[0];
    change(lock);
    write('.tsuru-service/lock.json', JSON.stringify(lock));
  };
  const file = (path: string) => lockWith(({ files }) => (files[path] = { class: 'merged', base: '0'.repeat(64) }));
  const record = (from: string | RegExp, to: string) => () => {
    edit('tsuru-service.yaml', from, to);
  };

  it.each<[string, () => void, RegExp]>([
    ['a path out of the project', file('../../etc/passwd'), /leaves the project/],
    ['an absolute path', file('/etc/passwd'), /not relative/],
    ['a path of Windows', file('a\\..\\b'), /not relative/],
    ['a path into .git', file('.git/hooks/pre-commit'), /not of the project/],
    ['a path of __proto__', file('a/__proto__/b'), /no file name/],
    ['two paths that differ in case only', file('readme.md'), /readme\.md.*README\.md|README\.md.*readme\.md/],
    [
      'a key __proto__',
      () => {
        write('.tsuru-service/lock.json', '{"version":1,"generator":"0.0.0","files":{},"__proto__":{"x":1}}');
      },
      /__proto__/,
    ],
    [
      'no JSON',
      () => {
        write('.tsuru-service/lock.json', '{');
      },
      /no JSON/,
    ],
    [
      'a newer generator',
      lockWith((lock) => (lock['generator'] = '99.0.0')),
      /written by create-tsuru-service 99\.0\.0/,
    ],
    ['a newer lock', lockWith((lock) => (lock['version'] = 2)), /was written by/],
    [
      'a damaged base',
      () => {
        edit('src/app.ts', /^/, '// mine\n');
        for (const [path] of seen(project)) if (path.startsWith('.tsuru-service/base/')) write(path, 'x');
      },
      /is damaged/,
    ],
    ['a newer record', record('version: 1', 'version: 2'), /has the version 2/],
    [
      'an unknown framework',
      record('framework: fastify', 'framework: koa'),
      /framework cannot be "koa"; it can be: express, fastify, hono/,
    ],
    ['an unknown key', record('store: sqlite', 'stroe: sqlite'), /the key "stroe"/],
    ['broken YAML', record('name: my-service', 'name: [my'), /cannot be read/],
    ['a key constructor', record('team: ""', 'constructor: {a: 1}'), /constructor/],
    ['two keys of one name', record('team: ""', 'team: ""\nteam: "b"'), /cannot be read/],
    ['an endpoint out of its place', record('path: "/usage"', 'path: "/../usage"'), /"usage" has the path/],
    ['an endpoint file out of its place', record('- name: usage', '- name: ../usage'), /needs a name/],
  ])('with %s is refused, and nothing is touched', async (_name, spoil, message) => {
    spoil();
    const before = seen(project);
    await expect(regenerateIn(project, toHono)).rejects.toMatchObject({
      exitCode: EXIT.unreadable,
      message: expect.stringMatching(message) as string,
    });
    expect(seen(project)).toEqual(before);
  });

  it('of an older version is taken', async () => {
    const newer = { ...generator, version: '0.1.0' };
    expect((await regenerateIn(project, undefined, {}, newer)).code).toBe(0);
    expect(read('.tsuru-service/lock.json')).toContain('"generator": "0.1.0"');
  });
});
