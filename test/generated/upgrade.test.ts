import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FRAMEWORKS, type Answers } from '../../src/answers/answers.ts';
import type { Templates } from '../../src/render/plop.ts';
import { templates } from '../support/answers.ts';
import { npmRun } from '../support/npm.ts';
import { regenerateIn, Workshop } from '../support/project.ts';

const scratch = mkdtempSync(join(tmpdir(), 'upgrade-'));
const workshop = new Workshop();

/** Later versions of the templates: each changes, adds and drops files of every class. */
let versions: Templates[];

beforeAll(() => {
  const version = (number: string, from: string, change: (directory: string) => void): Templates => {
    const directory = join(scratch, number);
    cpSync(from, directory, { recursive: true });
    change(directory);
    return { directory, version: number };
  };
  const replace = (file: string, from: string | RegExp, to: string) => {
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(from);
    writeFileSync(file, text.replace(from, to));
  };
  const first = version('0.2.0', templates.directory, (directory) => {
    replace(join(directory, 'base/package.json.hbs'), '"scripts": {', '"scripts": {\n    "since": "echo 0.2.0",');
    replace(join(directory, 'base/src/main.ts'), 'const GRACE = 20_000;', 'const GRACE = 15_000;');
    replace(
      join(directory, 'base/README.md.hbs'),
      '## Endpoints',
      '## News\n\nIn 0.2.0 everything is better.\n\n## Endpoints',
    );
    appendFileSync(join(directory, 'base/src/tsuru/locks.ts'), '\nexport const UPGRADED = true;\n');
    appendFileSync(join(directory, 'base/_gitignore.hbs'), '\n*.tmp\n');
    writeFileSync(join(directory, 'base/docs/operations.md'), '# Operations\n');
    for (const framework of FRAMEWORKS) {
      replace(join(directory, framework, 'src/tsuru/routes.ts'), /^/, '// Since 0.2.0.\n');
    }
  });
  const second = version('0.3.0', first.directory, (directory) => {
    rmSync(join(directory, 'base/docs/operations.md'));
    rmSync(join(directory, 'base/tsuru.yaml'));
    replace(join(directory, 'base/src/tsuru/locks.ts'), 'UPGRADED = true', 'UPGRADED = 2');
    replace(join(directory, 'base/test/tsuru/support/socket.ts'), /^/, '// Since 0.3.0.\n');
    replace(join(directory, 'base/README.md.hbs'), 'In 0.2.0 everything is better.', 'In 0.3.0 it is better still.');
  });
  versions = [first, second];
});

afterAll(() => {
  workshop.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe.each(FRAMEWORKS)('an old project in %s, with edits', (framework) => {
  it('goes through two versions and to another framework, and passes its types, lint and tests', async () => {
    const project = await workshop.project({ framework });
    const read = (path: string) => readFileSync(join(project, path), 'utf8');
    const hasMine = (path: string) => existsSync(join(project, path)) && read(path).includes('What I wrote in the app');
    const edit = (path: string, from: string | RegExp, to: string) => {
      expect(read(path)).toMatch(from);
      writeFileSync(join(project, path), read(path).replace(from, to));
    };
    edit('src/backend.ts', /^/, '// What I wrote in the backend.\n');
    edit('src/main.ts', /^/, '// What I wrote in main.\n');
    edit('src/app.ts', /^/, '// What I wrote in the app.\n');
    edit('src/tsuru/locks.ts', /^/, '// What I wrote in a generated file.\n');
    edit('README.md', '## Run it', '## My own chapter\n\nMine.\n\n## Run it');
    edit('package.json', '"scripts": {', '"scripts": {\n    "mine": "echo mine",');
    edit('tsuru.yaml', /$/, '# mine\n');
    appendFileSync(join(project, '.gitignore'), 'my-own/\n');

    for (const version of versions) {
      const { code, output } = await regenerateIn(project, undefined, {}, version);
      expect({ code, output }).toEqual({ code: 0, output });
    }
    const other = FRAMEWORKS[(FRAMEWORKS.indexOf(framework) + 1) % FRAMEWORKS.length] ?? 'hono';
    const [, last] = versions;
    expect(read('src/app.ts')).toMatch(/^\/\/ What I wrote in the app/);
    // Another framework has another app: its owner takes that one, and finds the old one in the backup.
    const toOther = (answers: Answers) => ({ ...answers, framework: other });
    expect((await regenerateIn(project, toOther, {}, last)).code).toBe(3);
    const { code, output } = await regenerateIn(project, toOther, { restore: ['src/app.ts'] }, last);
    expect({ code, output }).toEqual({ code: 0, output });

    expect(read('src/backend.ts')).toMatch(/^\/\/ What I wrote in the backend/);
    expect(read('src/main.ts')).toMatch(/^\/\/ What I wrote in main[^]*GRACE = 15_000/);
    const backups = readdirSync(join(project, '.tsuru-service/backup'));
    expect(backups.map((folder) => join('.tsuru-service/backup', folder, 'src/app.ts')).some(hasMine)).toBe(true);
    expect(read('src/tsuru/locks.ts')).toMatch(/^\/\/ What I wrote in a generated file[^]*UPGRADED = 2/);
    expect(read('README.md')).toMatch(/My own chapter[^]*better still/);
    expect(JSON.parse(read('package.json'))).toMatchObject({ scripts: { mine: 'echo mine', since: 'echo 0.2.0' } });
    expect(read('.gitignore')).toMatch(/\*\.tmp[^]*my-own\/|my-own\/[^]*\*\.tmp/);
    expect(read('tsuru.yaml')).toContain('# mine');
    expect(() => read('docs/operations.md')).toThrow();

    npmRun(project, 'install', '--no-audit', '--no-fund');
    npmRun(project, 'run', 'types');
    npmRun(project, 'run', 'lint');
    // A new project passes all of its tests in each framework. Here, one is enough: the others replay what Tsuru sent.
    const [files, least] = framework === 'express' ? [[], 500] : [['test/tsuru/recorded.test.ts', 'test/tsuru/main.test.ts'], 200];
    expect(Number(/Tests\s+(\d+) passed/.exec(npmRun(project, 'test', '--', ...files))?.[1])).toBeGreaterThan(least);
  });
});
