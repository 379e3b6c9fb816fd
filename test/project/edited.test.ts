import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import type { Answers } from '../../src/answers/answers.ts';
import type { PlanFacts } from '../../src/project/show.ts';
import { CONFLICT_WAYS } from '../../src/terminal/commands.ts';
import { anyAnswers, anyEndpoint, RUNS } from '../support/changes.ts';
import { anyEdit, perform } from '../support/edits.ts';
import { FAST_DISK, regenerateIn, SECRET, seen, Workshop, type Seen } from '../support/project.ts';

const workshop = new Workshop(FAST_DISK);
afterAll(() => {
  workshop.close();
});

/** A change of the answers, by whatever command. */
const anyChange: fc.Arbitrary<(answers: Answers) => Answers> = fc.oneof(
  anyAnswers.map((more) => (answers: Answers) => ({ ...answers, ...more })),
  anyEndpoint.map((added) => (answers: Answers) => ({ ...answers, endpoints: [added, ...answers.endpoints] })),
  fc.constant((answers: Answers) => ({ ...answers, endpoints: [] })),
);

const isState = (path: string) => path.startsWith('.tsuru-service/');
const sorted = (paths: Iterable<string>) => [...paths].sort();

/** The files that differ between two looks at a directory, except the state folder. */
function changedPaths(before: Map<string, Seen>, after: Map<string, Seen>): string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return sorted([...all].filter((path) => !isState(path) && before.get(path)?.content !== after.get(path)?.content));
}

describe('a regeneration, whatever the owner did to the project', () => {
  it(
    'writes nothing without news, does what its dry run says, loses no byte, and comes to rest',
    { timeout: 900_000 },
    async () => {
      const made = await workshop.project();
      const pristine = seen(made);
      const script = fc.array(anyEdit, { minLength: 1, maxLength: 6 });
      const way = fc.constantFrom(...CONFLICT_WAYS);
      const met = { 0: 0, 3: 0 } as Record<number, number>;
      await fc.assert(
        fc.asyncProperty(script, anyChange, way, async (edits, changed, conflict) => {
          const project = workshop.copyOf(made);
          for (const edit of edits) perform(project, edit);
          const before = seen(project);

          // The same answers: not a single write.
          expect((await regenerateIn(project)).code).toBe(0);
          expect(seen(project)).toEqual(before);

          // A dry run: no write either.
          const dry = await regenerateIn(project, changed, { dryRun: true, json: true });
          expect(seen(project)).toEqual(before);
          const planned = JSON.parse(dry.output) as PlanFacts;

          const { code } = await regenerateIn(project, changed, { conflict, json: true });
          met[code] = (met[code] ?? 0) + 1;
          const after = seen(project);
          expect(code).toBe(dry.code);
          if (code === 3 && conflict === 'fail') {
            expect(after).toEqual(before);
            workshop.clear(project);
            return;
          }

          // What changed is what was planned.
          const conflicts = planned.conflicts.map(({ path }) => path);
          const extra = new Set([...conflicts, ...conflicts.map((path) => `${path}.theirs`)]);
          const really = changedPaths(before, after);
          expect(really.filter((path) => !extra.has(path))).toEqual(sorted(planned.changes.map(({ path }) => path)));
          for (const path of conflicts) {
            expect(really.some((one) => one === path || one === `${path}.theirs`)).toBe(true);
          }

          for (const [path, old] of before) {
            if (isState(path)) continue;
            const now = after.get(path);
            // No byte is lost: it is there, or in a backup, or was never the owner's, who may have other line ends.
            const isKept =
              now?.content === old.content ||
              pristine.get(path)?.content === old.content.replaceAll('\r\n', '\n') ||
              after.get(`.tsuru-service/backup/0001/${path}`)?.content === old.content;
            expect({ path, isKept }).toEqual({ path, isKept: true });
            // Line ends stay those of the file.
            const isCrlf = !/(^|[^\r])\n/.test(old.content) && old.content.includes('\r\n');
            if (isCrlf && now !== undefined) expect(now.content).not.toMatch(/(^|[^\r])\n/);
            // What is not planned is not so much as opened for writing; what is keeps its permissions.
            if (!really.includes(path)) expect(now?.stamp).toBe(old.stamp);
            if (now !== undefined) expect(now.mode).toBe(old.mode);
          }
          for (const [path, { content }] of after) {
            if (isState(path) && !path.includes('/backup/')) expect(content).not.toContain(SECRET);
          }
          for (const [path, { content }] of after) {
            if (path.endsWith('.json') && content !== before.get(path)?.content) expect(content).not.toMatch(/^<{7} /m);
          }

          // Twice is once; markers that are left, and files beside others, are said until they are gone.
          const isLeft = [...after].some(
            ([path, { content }]) => !isState(path) && (path.endsWith('.theirs') || content.includes('<<<<<<< yours')),
          );
          expect((await regenerateIn(project)).code).toBe(isLeft ? 3 : 0);
          expect(seen(project)).toEqual(after);
          workshop.clear(project);
        }),
        RUNS,
      );
      // The cases are of both kinds.
      expect(Math.min(met[0] ?? 0, met[3] ?? 0)).toBeGreaterThan(RUNS.numRuns / 20);
    },
  );
});
