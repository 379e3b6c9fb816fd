import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, inject, it } from 'vitest';

import { SEED } from '../support/seed.ts';
import { FRAMEWORKS, makeProject } from './project.ts';
import { complaint, summary } from './report.ts';
import { soak } from './run.ts';

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 36);

describe('a generated service under random calls, with a backend that fails and a process that dies', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-soak-'));

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it.each(FRAMEWORKS)('loses, duplicates and leaks nothing, and leaves nothing pending: %s', async (framework) => {
    const project = makeProject(scratch, inject('bin'), framework);
    const seconds = SECONDS / FRAMEWORKS.length;
    const outcome = await soak({ project, scratch, seed: `${SEED} ${framework}`, seconds });
    expect(outcome.violations.length, complaint(outcome, SEED)).toBe(0);
    expect(outcome.counts.get('backend: create') ?? 0, summary(outcome)).toBeGreaterThan(0);
  });
});
