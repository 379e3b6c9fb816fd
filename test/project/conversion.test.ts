import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import { EXIT } from '../../src/errors.ts';
import type { Templates } from '../../src/render/plop.ts';
import { templates as plain } from '../support/answers.ts';
import { OLD_ATTRIBUTES, withOldRecord } from '../support/old-record.ts';
import { contents, FAST_DISK, regenerateIn, seen, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

let project: string;
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const edit = (path: string, from: string | RegExp, to: string) => {
  expect(read(path)).toMatch(from);
  writeFileSync(join(project, path), read(path).replace(from, to));
};
const toHono = (answers: Answers): Answers => ({ ...answers, framework: 'hono' });

describe('a project with the record of an earlier version', () => {
  beforeEach(async () => {
    project = await workshop.project();
    withOldRecord(project);
  });

  it('has its folder of bases made one file by the next run, and nothing else changed', async () => {
    const { code, output } = await regenerateIn(project);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('.tsuru-service is brought up to date') as string });
    expect(contents(project)).toEqual(contents(await workshop.project()));
    expect(existsSync(join(project, '.tsuru-service/base'))).toBe(false);
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(0);
  });

  it('is read by --check and --dry-run, which leave it as it is', async () => {
    edit('README.md', /^/, 'Mine.\n');
    const before = seen(project);
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(EXIT.different);
    expect((await regenerateIn(project, undefined, { dryRun: true })).code).toBe(0);
    const { output } = await regenerateIn(project, toHono, { dryRun: true });
    expect(output).toMatch(/^ {2}merged {4}README\.md/m);
    expect(seen(project)).toEqual(before);
  });

  it('has edits merged against it', async () => {
    edit('README.md', /^/, 'Mine.\n');
    expect((await regenerateIn(project, toHono)).code).toBe(0);
    expect(read('README.md')).toMatch(/^Mine\.\n[^]*Hono/);
    expect(existsSync(join(project, '.tsuru-service/base'))).toBe(false);
  });

  it('keeps a .gitattributes that its owner edited', async () => {
    appendFileSync(join(project, '.tsuru-service/.gitattributes'), 'lock.json -diff\n');
    expect((await regenerateIn(project)).code).toBe(0);
    expect(read('.tsuru-service/.gitattributes')).toBe(`${OLD_ATTRIBUTES}lock.json -diff\n`);
  });

  it('that is in both forms after a merge is read by the hashes of its lock', async () => {
    const other = await workshop.project();
    writeFileSync(join(project, '.tsuru-service/base.jsonl'), readFileSync(join(other, '.tsuru-service/base.jsonl')));
    edit('.tsuru-service/base.jsonl', /^\["README\.md","/m, '$&other');
    edit('README.md', /^/, 'Mine.\n');
    expect((await regenerateIn(project, toHono)).code).toBe(0);
    expect(read('README.md')).toMatch(/^Mine\.\n[^]*Hono/);
  });
});

describe('the bases of a project', () => {
  beforeEach(async () => {
    project = await workshop.project();
  });

  it('that are missing or larger than they can be are unreadable', async () => {
    edit('README.md', /^/, 'Mine.\n');
    edit('.tsuru-service/base.jsonl', /^\["README\.md",.*\n/m, '');
    await expect(regenerateIn(project, toHono)).rejects.toMatchObject({
      exitCode: EXIT.unreadable,
      message: 'The base of README.md in .tsuru-service/base.jsonl is missing.',
      hint: expect.stringContaining('--restore README.md') as string,
    });
    truncateSync(join(project, '.tsuru-service/base.jsonl'), 33 * 1024 * 1024);
    await expect(regenerateIn(project, toHono)).rejects.toMatchObject({
      exitCode: EXIT.unreadable,
      message: '.tsuru-service/base.jsonl is larger than 32 MiB.',
    });
  });

  it('with markers of git are unreadable, and so is the lock', async () => {
    for (const path of ['.tsuru-service/base.jsonl', '.tsuru-service/lock.json']) {
      const before = read(path);
      writeFileSync(join(project, path), before.replace('\n', '\n<<<<<<< HEAD\n'));
      await expect(regenerateIn(project, toHono)).rejects.toMatchObject({
        exitCode: EXIT.unreadable,
        message: `${path} has conflict markers of git in line 2.`,
        hint: expect.stringContaining('git checkout --ours .tsuru-service') as string,
      });
      writeFileSync(join(project, path), before);
    }
  });

  it('are merged by git, line by line, when two branches change different files, neighbours too', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], { cwd: project, encoding: 'utf8' });
    const commit = () => {
      git('add', '--all');
      git('commit', '--quiet', '--message', 'x');
    };
    const changedIn = (layer: string): Templates => {
      const directory = join(dirname(project), layer.replaceAll('/', '-'));
      cpSync(plain.directory, directory, { recursive: true });
      appendFileSync(join(directory, 'base', layer), '\n# changed\n');
      return { directory, version: plain.version };
    };
    git('init', '--quiet', '--initial-branch', 'main');
    commit();
    git('checkout', '--quiet', '-b', 'other');
    await regenerateIn(project, undefined, {}, changedIn('manifest.example.yaml.hbs'));
    commit();
    git('checkout', '--quiet', 'main');
    await regenerateIn(project, undefined, {}, changedIn('openapi.yaml.hbs'));
    commit();
    git('merge', '--quiet', '--no-edit', 'other');
    expect(read('.tsuru-service/base.jsonl').match(/# changed/g)).toHaveLength(2);
    // Both are as they were made: back to the templates of before, nothing is an edit.
    const { code, output } = await regenerateIn(project);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/changed {3}manifest\.example\.yaml\n +changed {3}openapi\.yaml\n/) as string });
    expect(git('check-attr', 'linguist-generated', '.tsuru-service/base.jsonl')).toMatch(/: set$/m);
  });
});
