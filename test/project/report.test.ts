import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import { EXIT } from '../../src/errors.ts';
import { FAST_DISK, regenerateIn, seen, templates, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

let project: string;
let report: string;
beforeEach(async () => {
  project = await workshop.project();
  report = join(project, '../report.md');
});

const newer = { ...templates, version: '9.1.0' };
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const written = () => readFileSync(report, 'utf8');
const toHono = (answers: Answers): Answers => ({ ...answers, framework: 'hono', endpoint: 'https://db.example.com/base' });

/** Edits a line that another framework changes as well. */
function makeConflict(): void {
  writeFileSync(join(project, 'src/app.ts'), read('src/app.ts').replace(/^import .*fastify.*$/m, 'import Fastify from "my-fastify";'));
}

describe('the report of a regeneration', () => {
  it('names the versions, each change, each conflict with what to do, and what its owner has to edit', async () => {
    makeConflict();
    rmSync(join(project, 'README.md'));
    writeFileSync(join(project, 'manifest.yaml'), 'id: my-service\nendpoint:\n  production: http://localhost:8888\n');
    expect((await regenerateIn(project, toHono, { report, conflict: 'inline' }, newer)).code).toBe(EXIT.conflict);
    const line = read('src/app.ts').split('\n').indexOf('<<<<<<< yours') + 1;
    const [first, ...sections] = written().split('\n### ');
    expect(first).toMatch(new RegExp(`^create-tsuru-service ${templates.version} → 9\\.1\\.0: \\d+ files changed, 1 conflict\\.\n$`));
    expect(sections.map((section) => section.split('\n')[0])).toEqual(['Conflicts', 'Your own files, to edit by hand', 'Changes', 'Kept']);
    const [conflicts, own, changes, kept] = sections;
    expect(conflicts).toMatch(new RegExp(`- \`src/app\\.ts\`: .+; resolve and remove the markers at line ${line}(, \\d+)*\n`));
    expect(own).toContain('- `manifest.yaml`: set endpoint.production to https://db.example.com/base\n');
    expect(changes).toContain('- changed `src/tsuru/routes.ts`\n');
    expect(changes).toContain('- changed `package.json`\n');
    expect(kept).toContain('- `README.md`: you deleted it\n');
  });

  it('says where the new version of a file lies beside it', async () => {
    makeConflict();
    await regenerateIn(project, toHono, { report, conflict: 'theirs-file' });
    expect(written()).toMatch(/^- `src\/app\.ts`: .+; take what it needs from `src\/app\.ts\.theirs`, and delete that file$/m);
    await regenerateIn(project, undefined, { report });
    expect(written()).toMatch(/1 conflict\.\n\n### Conflicts of an earlier update\n\n- `src\/app\.ts\.theirs`\n/);
  });

  it('is written without any change when nothing is written, be it asked for or because of conflicts', async () => {
    makeConflict();
    const before = seen(project);
    for (const options of [{ dryRun: true }, { check: true }, {}]) {
      rmSync(report, { force: true });
      await regenerateIn(project, toHono, { report, ...options });
      expect(written()).toMatch(/^- `src\/app\.ts`: [^;]+$/m);
    }
    expect(seen(project)).toEqual(before);
  });

  it('says when there is nothing to do', async () => {
    expect((await regenerateIn(project, undefined, { report })).code).toBe(0);
    expect(written()).toBe(`create-tsuru-service ${templates.version}: 0 files changed, 0 conflicts.\n`);
  });

  it('that cannot be written stops the run before it changes anything', async () => {
    const before = seen(project);
    await expect(regenerateIn(project, toHono, { report: join(project, 'no/such/report.md') })).rejects.toMatchObject({ exitCode: EXIT.inTheWay });
    expect(seen(project)).toEqual(before);
  });
});
