import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import type { PlanFacts } from '../../src/project/show.ts';
import { withEndpointDefaults } from '../../src/answers/endpoints.ts';
import { EXIT } from '../../src/errors.ts';
import { FAST_DISK, templates, regenerateIn, SECRET, seen, Workshop } from '../support/project.ts';

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

  it('writes a conflict with markers, or beside the file, when --conflict says so', async () => {
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

  it('says with markers that are left where they are, until they are gone, and merges nothing into them', async () => {
    makeConflict();
    const { output } = await regenerateIn(project, toHono, { conflict: 'inline' });
    const line = read('src/app.ts').split('\n').indexOf('<<<<<<< yours') + 1;
    expect(line).toBeGreaterThan(0);
    expect(output).toContain(`markers   src/app.ts:${line}`);
    const before = seen(project);
    for (const [options, code] of [
      [{}, EXIT.conflict],
      [{ dryRun: true }, EXIT.conflict],
      [{ check: true }, EXIT.different],
    ] as const) {
      const again = await regenerateIn(project, undefined, options);
      expect(again.code).toBe(code);
      expect(again.output).toContain(`markers   src/app.ts:${line}  (left by an earlier conflict`);
      expect(again.output).not.toContain('as its record wants it');
    }
    const facts = JSON.parse((await regenerateIn(project, undefined, { json: true })).output) as PlanFacts;
    expect(facts.left).toContainEqual({ path: 'src/app.ts', line });
    expect(seen(project)).toEqual(before);

    const toExpress = (answers: Answers) => ({ ...answers, framework: 'express' as const });
    const more = await regenerateIn(project, toExpress, { conflict: 'inline' });
    expect(more.code).toBe(EXIT.conflict);
    expect(more.output).toMatch(/beside {4}src\/app\.ts .*src\/app\.ts\.theirs: it has conflict markers in line/);
    expect(read('src/app.ts')).toBe(before.get('src/app.ts')?.content);

    write('src/app.ts', read('src/app.ts.theirs'));
    rmSync(join(project, 'src/app.ts.theirs'));
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(0);
  });

  it('says what is left beside a file until it is gone', async () => {
    makeConflict();
    await regenerateIn(project, toHono, { conflict: 'theirs-file' });
    for (const [options, code] of [
      [{}, EXIT.conflict],
      [{ dryRun: true }, EXIT.conflict],
      [{ check: true }, EXIT.different],
    ] as const) {
      const again = await regenerateIn(project, undefined, options);
      expect(again.code).toBe(code);
      expect(again.output).toContain('beside    src/app.ts.theirs  (left by an earlier conflict');
      expect(again.output).not.toContain('as its record wants it');
    }
    const facts = JSON.parse((await regenerateIn(project, undefined, { json: true })).output) as PlanFacts;
    expect(facts.beside).toEqual(['src/app.ts']);
    rmSync(join(project, 'src/app.ts.theirs'));
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(0);
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
    const endpoint = (answers: Parameters<typeof toHono>[0]) => ({ ...answers, endpoint: 'http://db.example.com:8888' });
    expect((await regenerateIn(project, endpoint, { allowDirty: false })).code).toBe(0);
    await expect(regenerateIn(project, toHono, { allowDirty: false })).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('  README.md') as string,
    });
    expect(readFileSync(join(project, '.git/index'))).toEqual(index);
    git('commit', '--quiet', '--message', 'y', 'README.md');
    const committed = readFileSync(join(project, '.git/index'));
    expect((await regenerateIn(project, toHono, { allowDirty: false })).code).toBe(0);
    expect(readFileSync(join(project, '.git/index'))).toEqual(committed);
    expect(read('README.md')).toContain('# My service');
    expect(read('README.md')).toContain('Hono');
  });

  it('has git start no program that a folder of the repository names', async () => {
    edit('src/app.ts', /$/, '// mine\n');
    for (const folder of ['objects', 'refs']) mkdirSync(join(project, folder));
    write('HEAD', 'ref: refs/heads/main\n');
    const started = join(project, 'started');
    const settings = ['repositoryformatversion = 0', 'bare = false', 'worktree = .', `fsmonitor = "touch '${started}' #"`];
    write('config', `[core]\n${settings.join('\n')}\n`);
    await expect(regenerateIn(project, toHono, { allowDirty: false })).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringMatching(/^git cannot tell what is committed: fatal: .*bare repository/) as string,
    });
    expect(existsSync(started)).toBe(false);
    // Git, when it is left to itself, does.
    execFileSync('git', ['status'], { cwd: project, stdio: 'ignore' });
    expect(existsSync(started)).toBe(true);
  });

  it('reads no file that is larger than any that it makes', async () => {
    truncateSync(join(project, '.tsuru-service/lock.json'), 3 * 2 ** 30);
    await expect(regenerateIn(project, toHono)).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('.tsuru-service/lock.json is larger than 256 MiB') as string,
    });
  });

  it('changes back what it merged itself, and nothing of its owner that is not committed', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], { cwd: project });
    git('init', '--quiet');
    edit('README.md', '# my-service', '# My service');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'x');
    const committed = read('README.md');
    const add = (name: string) => (answers: Answers) => ({
      ...answers,
      endpoints: [withEndpointDefaults({ name }), ...answers.endpoints],
    });
    const remove = (name: string) => (answers: Answers) => ({
      ...answers,
      endpoints: answers.endpoints.filter((endpoint) => endpoint.name !== name),
    });
    const run = async (changed: (answers: Answers) => Answers) => {
      const { code } = await regenerateIn(project, changed, { allowDirty: false });
      expect(code).toBe(0);
    };
    await run(add('backups'));
    expect(read('README.md')).toContain('backups.show');
    await run(add('dumps'));
    await run(remove('backups'));
    await run(remove('dumps'));
    expect(read('README.md')).toBe(committed);

    await run(add('backups'));
    edit('README.md', '# My service', '# My own service');
    await expect(regenerateIn(project, remove('backups'), { allowDirty: false })).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
      message: expect.stringContaining('  README.md') as string,
    });
    // What was merged in spite of it is not taken for its own.
    await regenerateIn(project, remove('backups'), { allowDirty: true });
    await expect(regenerateIn(project, add('backups'), { allowDirty: false })).rejects.toMatchObject({
      exitCode: EXIT.inTheWay,
    });
  });

  it.each(['./README.md', 'docs/../README.md', 'ABSOLUTE/README.md'])('restores %s', async (path) => {
    const made = read('README.md');
    write('README.md', 'mine');
    await regenerateIn(project, undefined, { restore: [path.replace('ABSOLUTE', project)] });
    expect(read('README.md')).toBe(made);
  });

  it('restores a file by its path from where the user is, or from the project', async () => {
    const made = read('src/tsuru/routes.ts');
    for (const path of ['tsuru/routes.ts', './tsuru/routes.ts', 'src/tsuru/routes.ts']) {
      write('src/tsuru/routes.ts', 'mine');
      await regenerateIn(join(project, 'src'), undefined, { directory: '..', restore: [path] });
      expect(read('src/tsuru/routes.ts')).toBe(made);
    }
    await expect(regenerateIn(project, undefined, { restore: ['READNE.md'] })).rejects.toMatchObject({
      exitCode: EXIT.usage,
      hint: 'Did you mean README.md?',
    });
  });

  it('names the files of the owner that a record edited by hand disagrees with, and only those', async () => {
    edit('tsuru-service.yaml', 'name: my-service', 'name: other');
    edit('tsuru-service.yaml', 'team: ""', 'team: ours');
    edit('manifest.yaml', 'id: my-service', 'id: other');
    edit('manifest.yaml', 'username: my-service', 'username: other');
    const { output } = await regenerateIn(project, undefined, { dryRun: true });
    const { output: again } = await regenerateIn(project);
    for (const text of [output, again]) {
      const words = text.replace(/\s+/g, ' ');
      expect(words).toContain('manifest.yaml is yours, so it is not changed. In it, set team to ours.');
      expect(words).toContain('.env is yours, so it is not changed. In it, set SERVICE_USERNAME to other.');
      expect(words).not.toContain('src/plans.ts is yours');
      expect(words).not.toContain(SECRET);
    }
    expect((await regenerateIn(project)).output).toBe('Already up to date.\n');
  });

  it('for another package manager removes the lock file of the old one and what it installed, and installs', async () => {
    const bin = workshop.copyOf(project);
    const path = process.env['PATH'];
    const toBun = (answers: Answers) => ({ ...answers, packageManager: 'bun' as const });
    const install = (script: string) => {
      writeFileSync(join(bin, 'bun'), `#!/bin/sh\ntest ! -e node_modules || exit 9\nmkdir node_modules\n${script}\n`);
      chmodSync(join(bin, 'bun'), 0o755);
    };
    write('package-lock.json', '{"mine": 1}');
    mkdirSync(join(project, 'node_modules'));
    write('node_modules/npm', '');
    const other = workshop.copyOf(project);
    try {
      process.env['PATH'] = `${bin}:${String(path)}`;
      install('exit 3');
      await expect(regenerateIn(project, toBun, { install: true })).rejects.toMatchObject({ exitCode: EXIT.failed });
      // The old one goes on working until the new one does.
      expect(existsSync(join(project, 'node_modules/npm'))).toBe(true);
      project = other;
      install('touch bun.lock');
      const { output } = await regenerateIn(project, toBun, { install: true });
      expect(output).toContain("deleted   package-lock.json  (made by npm; a copy is kept in .tsuru-service/backup/0001)");
      expect(output).toContain('Commit bun.lock');
      expect(read('.tsuru-service/backup/0001/package-lock.json')).toBe('{"mine": 1}');
      expect([...seen(project).keys()].filter((one) => /(lock|lock\.json)$|node_modules/.test(one))).toEqual([
        ...['.tsuru-service/backup/0001/package-lock.json', '.tsuru-service/lock.json', 'bun.lock'],
      ]);
    } finally {
      process.env['PATH'] = path;
    }
    const toNpm = (answers: Answers) => ({ ...answers, packageManager: 'npm' as const });
    const { output } = await regenerateIn(project, toNpm, { install: false });
    expect(output.replace(/\s+/g, ' ')).toContain('Remove node_modules, made by bun, and run: npm install');
  });

  it("warns where an edited file is a generated one", async () => {
    write('src/tsuru/answers.ts', `// mine\n${read('src/tsuru/answers.ts')}`);
    const { output } = await regenerateIn(project, (answers) => ({ ...answers, provisioning: 'background' }));
    expect(output).toContain("merged    src/tsuru/answers.ts  (generated, with your edits)");
    expect(read('src/tsuru/answers.ts')).toMatch(/^\/\/ mine\n[^]*background/);
  });
});

describe('an untrusted record or lock', () => {
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
    ['a path into .git', file('.git/hooks/pre-commit'), /does not belong to the project/],
    ['a path of __proto__', file('a/__proto__/b'), /has a reserved name in it/],
    ['two paths that differ in case only', file('readme.md'), /readme\.md.*README\.md|README\.md.*readme\.md/],
    [
      'a key __proto__',
      () => {
        write('.tsuru-service/lock.json', '{"version":1,"generator":"0.0.0","files":{},"__proto__":{"x":1}}');
      },
      /__proto__/,
    ],
    [
      'text that is not JSON',
      () => {
        write('.tsuru-service/lock.json', '{');
      },
      /is not valid JSON/,
    ],
    [
      'a newer version',
      lockWith((lock) => (lock['generator'] = '99.0.0')),
      /written by create-tsuru-service 99\.0\.0/,
    ],
    [
      'a version that is not a string',
      lockWith((lock) => (lock['generator'] = { toString: 1, valueOf: 1 })),
      /written by create-tsuru-service of an unknown version/,
    ],
    [
      'a version with control characters',
      lockWith((lock) => (lock['generator'] = '99.0.0\u001b]0;x\u0007')),
      /written by create-tsuru-service of an unknown version/,
    ],
    [
      'values deeper than calls can be',
      () => {
        const deep = '['.repeat(200_000) + ']'.repeat(200_000);
        write('.tsuru-service/lock.json', `{"version":1,"generator":"0.0.0","files":{"x":${deep}}}`);
      },
      /has no valid entry for x/,
    ],
    ['a newer lock', lockWith((lock) => (lock['version'] = 2)), /was written by/],
    [
      'a damaged base',
      () => {
        edit('src/app.ts', /^/, '// mine\n');
        edit('.tsuru-service/base.jsonl', /^\["src\/app\.ts","/m, '$&x');
      },
      /is damaged/,
    ],
    [
      'a comment in another encoding',
      () => {
        writeFileSync(join(project, 'tsuru-service.yaml'), Buffer.from(`${read('tsuru-service.yaml')}# \u00e9`, 'latin1'));
      },
      /tsuru-service\.yaml is not valid UTF-8/,
    ],
    ['a newer record', record('version: 1', 'version: 2'), /has version 2/],
    [
      'an unknown framework',
      record('framework: fastify', 'framework: koa'),
      /framework must be one of express, fastify, hono, not "koa"/,
    ],
    ['too much to read in a second', record('version: 1', `version: 1\n#${' '.repeat(65_536)}`), /is longer than 65536 characters/],
    ['an unknown key', record('store: sqlite', 'stroe: sqlite'), /unknown key "stroe"/],
    ['broken YAML', record('name: my-service', 'name: [my'), /is not valid YAML/],
    ['a key constructor', record('team: ""', 'constructor: {a: 1}'), /constructor/],
    ['two keys of one name', record('team: ""', 'team: ""\nteam: "b"'), /is not valid YAML/],
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
    const newer = { ...templates, version: '0.1.0' };
    expect((await regenerateIn(project, undefined, {}, newer)).code).toBe(0);
    expect(read('.tsuru-service/lock.json')).toContain('"generator": "0.1.0"');
  });
});
