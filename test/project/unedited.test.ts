import { rmSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { answersWith } from '../support/answers.ts';
import { anyAnswers, anyEndpoint, insert, RUNS } from '../support/changes.ts';
import { FAST_DISK, contents, regenerateIn, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

describe('an unedited project', () => {
  it('is as before when an endpoint is added and removed; its handler stays', { timeout: 900_000 }, async () => {
    const made = await workshop.project();
    const before = contents(made);
    await fc.assert(
      fc.asyncProperty(anyEndpoint, async (added) => {
        const project = workshop.copyOf(made);
        await regenerateIn(project, insert(added));
        await regenerateIn(project, (answers) => ({
          ...answers,
          endpoints: answers.endpoints.filter(({ name }) => name !== added.name),
        }));
        const { name } = added;
        for (const path of [`src/endpoints/${name}.ts`, `src/endpoints/${name}.schema.json`, `test/endpoints/${name}.test.ts`]) {
          expect(contents(project)).toHaveProperty([path]);
          rmSync(join(project, path));
        }
        expect(contents(project)).toEqual(before);
        workshop.clear(project);
      }),
      RUNS,
    );
  });

  it('is a fresh project again after other answers and back', { timeout: 900_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswers, anyAnswers, async (first, second) => {
        const project = await workshop.project(first);
        const before = contents(project);
        const answers = answersWith(first);
        await regenerateIn(project, (now) => ({ ...now, ...second }));
        await regenerateIn(project, () => answers);
        expect(contents(project)).toEqual(before);
        workshop.clear(project);
      }),
      RUNS,
    );
  });
});
