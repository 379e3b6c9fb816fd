import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { endpointsProblem } from '../../src/answers/endpoints.ts';
import { answersWith } from '../support/answers.ts';
import { anyEndpoint, insert, RUNS } from '../support/changes.ts';
import { FAST_DISK, contents, regenerateIn, Workshop } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

describe('two endpoints of an unedited project', () => {
  const compatible = fc.tuple(anyEndpoint, anyEndpoint).filter(([a, b]) => {
    const all = [...answersWith().endpoints, a, b];
    return endpointsProblem(all, 'fastify') === undefined;
  });

  it('are the same bytes, added in either order or both at once', { timeout: 900_000 }, async () => {
    const made = await workshop.project();
    await fc.assert(
      fc.asyncProperty(compatible, async ([a, b]) => {
        const [one, other] = [workshop.copyOf(made), workshop.copyOf(made)];
        for (const added of [a, b]) await regenerateIn(one, insert(added));
        for (const added of [b, a]) await regenerateIn(other, insert(added));
        const both = await workshop.project({ endpoints: insert(b)(insert(a)(answersWith())).endpoints });
        expect(contents(one)).toEqual(contents(both));
        expect(contents(other)).toEqual(contents(both));
        for (const project of [one, other, both]) workshop.clear(project);
      }),
      RUNS,
    );
  });
});
