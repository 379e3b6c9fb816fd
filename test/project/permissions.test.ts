import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import type { Templates } from '../../src/render/plop.ts';
import { templates as plain } from '../support/answers.ts';
import { regenerateIn, Workshop } from '../support/project.ts';

const scratch = mkdtempSync(join(tmpdir(), 'permissions-'));
const workshop = new Workshop();
let old: Templates;

/** What 0.1.0 made: the permissions in YAML. */
const YAML = `enabled: true
strict_actions: false
legacy_compat: true
operations:
{{#each endpoints}}
  - method: {{method}}
    path: {{json path}}
    action: {{json action}}
{{/each}}
`;

beforeAll(() => {
  const directory = join(scratch, 'templates');
  cpSync(plain.directory, directory, { recursive: true });
  rmSync(join(directory, 'base/permissions.json.hbs'));
  writeFileSync(join(directory, 'base/permissions.yaml.hbs'), YAML);
  const record = join(directory, 'base/tsuru-service.yaml.hbs');
  const lines = readFileSync(record, 'utf8').split('\n');
  writeFileSync(record, lines.filter((line) => !/^(strictActions|legacyCompat|packageManagerVersion)/.test(line)).join('\n'));
  old = { directory, version: '0.0.0' };
});

afterAll(() => {
  workshop.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** A project of that version: neither its record nor its lock knows the answers that came later. */
async function oldProject(): Promise<string> {
  const project = await workshop.project({}, old);
  const lock = join(project, '.tsuru-service/lock.json');
  const { answers, ...rest } = JSON.parse(readFileSync(lock, 'utf8')) as { answers: Answers };
  const { strictActions: _strict, legacyCompat: _compat, packageManagerVersion: _version, ...known } = answers;
  writeFileSync(lock, `${JSON.stringify({ ...rest, answers: known }, undefined, 2)}\n`);
  return project;
}

const permissionsOf = (project: string) =>
  JSON.parse(readFileSync(join(project, 'permissions.json'), 'utf8')) as Record<string, unknown>;

describe('a project with permissions.yaml', () => {
  it('gets permissions.json by a regeneration, with what was in force, and loses the old file', async () => {
    const project = await oldProject();
    const { code } = await regenerateIn(project);
    expect(code).toBe(0);
    expect(existsSync(join(project, 'permissions.yaml'))).toBe(false);
    expect(permissionsOf(project)).toEqual({
      enabled: true,
      strict_actions: false,
      legacy_compat: true,
      operations: [{ method: 'GET', path: '/usage', action: 'usage.show' }],
    });
    const again = await regenerateIn(project, undefined, { check: true });
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('Already up to date.')]);
  });

  it('keeps one that its owner edited, and says so', async () => {
    const project = await oldProject();
    appendFileSync(join(project, 'permissions.yaml'), '# mine\n');
    const { code, output } = await regenerateIn(project);
    expect(code).toBe(0);
    expect(readFileSync(join(project, 'permissions.yaml'), 'utf8')).toMatch(/# mine\n$/);
    expect(output).toMatch(/permissions\.yaml.*you edited it/);
    expect(permissionsOf(project)).toHaveProperty('legacy_compat', true);
  });

  it('takes the new answers by --set, and records them', async () => {
    const project = await oldProject();
    const { code } = await regenerateIn(project, (answers) => ({ ...answers, strictActions: true }));
    expect(code).toBe(0);
    expect(permissionsOf(project)).toMatchObject({ strict_actions: true, legacy_compat: true });
    expect(readFileSync(join(project, 'tsuru-service.yaml'), 'utf8')).toMatch(/^strictActions: true$/m);
    expect((await regenerateIn(project, undefined, { check: true })).code).toBe(0);
  });
});
