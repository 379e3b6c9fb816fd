import * as fs from 'node:fs';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { apply } from '../../src/project/apply.ts';
import { lockFiles } from '../../src/project/lock.ts';
import type { Templates } from '../../src/render/plop.ts';
import { render } from '../../src/render/render.ts';
import { toTree } from '../../src/render/tree.ts';
import { answersWith, templates as plain } from '../support/answers.ts';
import { machine } from '../support/disks.ts';
import { regenerateIn, seen, stateOf } from '../support/project.ts';

const scratch = mkdtempSync(join(tmpdir(), 'moves-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const middle = 'one\ntwo\nthree\nfour\nfive\n';

/** What an earlier version made in `test/`, and where it is now. */
const OLD = {
  'test/support/service.ts': `import { x } from '../../src/x.js';\n\nexport const service = x;\n// ${middle}`,
  'test/support/recordings.json': '{}\n',
  'test/auth.test.ts': `import { x } from '../src/x.js';\nimport { service } from './support/service.js';\n/*\n${middle}*/\nx(service);\n`,
  'test/plans.test.ts': `import { x } from '../src/x.js';\n/*\n${middle}*/\n`,
  'test/check-tsuru.ts': "import { x } from '../src/x.js';\nx();\n",
  'test/backend.test.ts': '// seeded\n',
  'src/tsuru/edge.ts': `import { target } from './target.js';\n/*\n${middle}*/\ntarget();\n`,
  'src/tsuru/target.ts': 'export function target() {}\n',
};
const NEW = {
  'test/tsuru/support/service.ts': `import { x } from '../../../src/x.js';\n\nexport const service = x;\n// ${middle}`,
  'test/tsuru/support/recordings.json': '{"new":true}\n',
  'test/tsuru/auth.test.ts': `import { x } from '../../src/x.js';\nimport { service } from './support/service.js';\n/*\n${middle.replace('five', '5')}*/\nx(service);\n`,
  'test/tsuru/plans.test.ts': `import { x } from '../../src/x.js';\n/*\n${middle.replace('three', '3')}*/\n`,
  'test/tsuru/conformance.ts': "import { x } from '../../src/x.js';\nx();\n",
  'test/backend.test.ts': '// seeded\n',
  'src/tsuru/http-server.ts': `import { target } from './request-target.js';\n/*\n${middle.replace('five', '5')}*/\ntarget();\n`,
  'src/tsuru/request-target.ts': 'export function target() {}\n',
};

const NEW_TESTS = Object.keys(NEW)
  .filter((path) => path.startsWith('test/'))
  .sort();

/** Templates with nothing but the record and those files. */
function templatesOf(name: string, texts: Record<string, string>): Templates {
  const directory = join(scratch, name);
  const files = { ...texts, 'tsuru-service.yaml.hbs': readFileSync(join(plain.directory, 'base/tsuru-service.yaml.hbs'), 'utf8') };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, 'base', path)), { recursive: true });
    writeFileSync(join(directory, 'base', path), text);
  }
  return { directory, version: plain.version };
}
const before = templatesOf('old', OLD);
const after = templatesOf('new', NEW);

let count = 0;
let project: string;
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
};
const regenerate = (options: Parameters<typeof regenerateIn>[2] = {}) => regenerateIn(project, undefined, options, after);
const testFiles = () => [...seen(project).keys()].filter((path) => path.startsWith('test/')).sort();

beforeEach(async () => {
  project = join(scratch, `p${++count}`, 'my-service');
  const answers = answersWith({});
  const rendered = await render(answers, before);
  // In that version, whatever was in test/ and not seeded was the program's.
  const tree = toTree(
    [...rendered].map(([path, file]) => {
      const isTest = path.startsWith('test/') && path !== 'test/backend.test.ts';
      return [path, { ...file, fileClass: isTest ? 'generated' : file.fileClass }];
    }),
  );
  const whole = toTree([...tree, ...lockFiles(answers, before.version, tree)]);
  await apply({ fs, stateFolders: [stateOf(project)], machine }, project, whole);
});

describe('a project whose generated tests were in test/', () => {
  it('has them in test/tsuru/ after a regeneration, and is then up to date', async () => {
    const { code, output } = await regenerate();
    expect({ code, output }).toEqual({ code: 0, output });
    expect(output).toMatch(/^ {2}changed {3}test\/tsuru\/auth\.test\.ts {2}\(moved from test\/auth\.test\.ts\)$/m);
    expect(output).toMatch(/^ {2}changed {3}test\/tsuru\/conformance\.ts {2}\(moved from test\/check-tsuru\.ts\)$/m);
    expect(output).not.toMatch(/deleted|conflict|merged/);
    expect(testFiles()).toEqual(NEW_TESTS);
    for (const [path, text] of Object.entries(NEW)) expect(read(path)).toBe(text);
    expect(existsSync(join(project, 'test/support'))).toBe(false);
    expect((await regenerate({ check: true })).code).toBe(0);
  });

  it('has edits of a renamed module merged into the new one', async () => {
    write('src/tsuru/edge.ts', OLD['src/tsuru/edge.ts'].replace('one', 'mine'));
    expect((await regenerate()).code).toBe(0);
    expect(read('src/tsuru/http-server.ts')).toBe(NEW['src/tsuru/http-server.ts'].replace('one', 'mine'));
    expect(['edge', 'target'].filter((name) => existsSync(join(project, `src/tsuru/${name}.ts`)))).toEqual([]);
  });

  it('shows the moves without making them, as a diff and as JSON', async () => {
    const start = seen(project);
    const { output } = await regenerate({ dryRun: true });
    expect(output).toMatch(/^--- a\/test\/auth\.test\.ts\s+\+\+\+ b\/test\/tsuru\/auth\.test\.ts\s/m);
    const facts = JSON.parse((await regenerate({ check: true, json: true })).output) as { changes: unknown[] };
    expect(facts.changes).toContainEqual({
      ...{ path: 'test/tsuru/plans.test.ts', kind: 'update', class: 'generated', from: 'test/plans.test.ts' },
    });
    expect(seen(project)).toEqual(start);
  });

  it('has edits merged into the new place, with imports that hold there, and a copy of the old file', async () => {
    const edited = OLD['test/auth.test.ts'].replace(/\n/, "\nimport { mine } from '../src/mine.js';\n");
    write('test/auth.test.ts', edited);
    write('test/support/service.ts', `${OLD['test/support/service.ts']}export const mine = 1;\n`);
    const { code, output } = await regenerate();
    expect({ code, output }).toEqual({ code: 0, output });
    expect(output).toMatch(/^ {2}merged {4}test\/tsuru\/auth\.test\.ts {2}\(moved from test\/auth\.test\.ts\)/m);
    expect(read('test/tsuru/auth.test.ts')).toBe(
      NEW['test/tsuru/auth.test.ts'].replace(/\n/, "\nimport { mine } from '../../src/mine.js';\n"),
    );
    expect(read('test/tsuru/support/service.ts')).toMatch(/export const mine = 1;\n$/);
    expect(testFiles()).toEqual(NEW_TESTS);
    expect(read('.tsuru-service/backup/0001/test/auth.test.ts')).toBe(edited);
    expect((await regenerate({ check: true })).code).toBe(0);
  });

  it.each([
    ['inline', 'test/tsuru/plans.test.ts', /<<<<<<< yours\n *mine\n[^]*3\n>>>>>>> new/],
    ['theirs-file', 'test/tsuru/plans.test.ts.theirs', /3/],
  ] as const)('has a conflict by --conflict %s in the new place', async (conflict, path, expected) => {
    const edited = OLD['test/plans.test.ts'].replace('three', 'mine');
    write('test/plans.test.ts', edited);
    const start = seen(project);
    expect((await regenerate()).code).toBe(3);
    expect(seen(project)).toEqual(start);
    const { code, output } = await regenerate({ conflict });
    expect({ code, output }).toEqual({ code: 3, output: expect.stringContaining('it moves here from test/plans.test.ts') as string });
    expect(read(path)).toMatch(expected);
    expect(read('test/tsuru/plans.test.ts')).toMatch(/^import \{ x \} from '\.\.\/\.\.\/src\/x\.js';\n[^]*mine/);
    expect(existsSync(join(project, 'test/plans.test.ts'))).toBe(false);
    expect(read('.tsuru-service/backup/0001/test/plans.test.ts')).toBe(edited);
  });

  it('keeps a module at the old place for the tests of the owner that import it, and only for those', async () => {
    write('test/endpoints/usage.test.ts', "import { service } from '../support/service.js';\n");
    write('test/mine/data.test.ts', "import data from '../support/recordings.json' with { type: 'json' };\n");
    const { code, output } = await regenerate();
    expect({ code, output }).toEqual({ code: 0, output });
    expect(output).toMatch(/service\.ts {2}\(moved from test\/support\/service\.ts; a file stays there for your own imports\)/);
    expect(read('test/support/service.ts')).toBe("export * from '../tsuru/support/service.js';\n");
    expect(read('test/support/recordings.json')).toBe('{}\n');
    expect(read('test/endpoints/usage.test.ts')).toBe("import { service } from '../support/service.js';\n");
    // From then on it is theirs: a change is no edit, and a removal is for good.
    write('test/support/service.ts', 'mine\n');
    const again = await regenerate({ check: true });
    expect({ code: again.code, output: again.output }).toEqual({ code: 0, output: again.output });
    rmSync(join(project, 'test/support/service.ts'));
    expect((await regenerate({ check: true })).code).toBe(0);
  });

  it('does not get back what its owner deleted', async () => {
    rmSync(join(project, 'test/plans.test.ts'));
    const { code, output } = await regenerate();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('you deleted test/plans.test.ts') as string });
    expect(existsSync(join(project, 'test/tsuru/plans.test.ts'))).toBe(false);
    expect((await regenerate({ check: true })).code).toBe(0);
    expect((await regenerate({ restore: ['test/tsuru/plans.test.ts'] })).code).toBe(0);
    expect(read('test/tsuru/plans.test.ts')).toBe(NEW['test/tsuru/plans.test.ts']);
  });

  it('with a file of the owner in the new place has a conflict there, and keeps it', async () => {
    write('test/tsuru/plans.test.ts', 'mine\n');
    expect((await regenerate()).code).toBe(3);
    expect((await regenerate({ conflict: 'theirs-file' })).code).toBe(3);
    expect(read('test/tsuru/plans.test.ts')).toBe('mine\n');
    expect(read('test/tsuru/plans.test.ts.theirs')).toBe(NEW['test/tsuru/plans.test.ts']);
    expect(existsSync(join(project, 'test/plans.test.ts'))).toBe(false);
  });
});
