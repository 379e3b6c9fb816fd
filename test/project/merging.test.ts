import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mergeLines } from '../../src/project/merge/lines.ts';
import { render } from '../../src/render/render.ts';
import { answersWith } from '../support/answers.ts';
import { RUNS } from '../support/changes.ts';
import { templates } from '../support/project.ts';

/** Files that differ between renders. */
const PATHS = [
  'README.md',
  'src/app.ts',
  'src/tsuru/routes.ts',
  'openapi.yaml',
  'test/tsuru/support/inject.ts',
];

describe('merging the lines of generated files', () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'merging-'));
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** What git makes of it; undefined for a conflict. */
  function mergedByGit(texts: readonly [base: string, mine: string, theirs: string]): string | undefined {
    const [base, mine, theirs] = texts.map((text, index) => {
      const file = join(scratch, String(index));
      writeFileSync(file, text);
      return file;
    }) as [string, string, string];
    const { status, stdout } = spawnSync('git', ['merge-file', '-p', mine, base, theirs], { encoding: 'utf8' });
    return status === 0 ? stdout : undefined;
  }

  it('gives what git gives wherever that is clean', { timeout: 600_000 }, async () => {
    const renders = await Promise.all([
      render(answersWith({ framework: 'express' }), templates),
      render(answersWith({ framework: 'fastify' }), templates),
      render(answersWith({ framework: 'hono', endpoint: 'https://x.example.com/base', multiCluster: true }), templates),
      render(answersWith({ framework: 'express', provisioning: 'background', endpoints: [] }), templates),
    ]);
    const index = fc.nat({ max: renders.length - 1 });
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 3 }),
      insert: fc.array(fc.constantFrom('mine', '', '}', '  // mine', 'import x from "x";'), { maxLength: 3 }),
    });
    let clean = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...PATHS),
        index,
        index,
        fc.array(edit, { maxLength: 4 }),
        (path, from, to, edits) => {
          const text = (number: number) => renders[number]?.get(path)?.content.toString() ?? '';
          const [base, theirs] = [text(from), text(to)];
          const lines = base.split('\n');
          for (const { at, remove, insert } of edits) lines.splice(Math.floor(at * lines.length), remove, ...insert);
          const mine = lines.join('\n');
          const git = mergedByGit([base, mine, theirs]);
          if (git === undefined) return;
          clean++;
          expect(mergeLines(base, mine, theirs)).toEqual({ kind: 'clean', text: git });
        },
      ),
      RUNS,
    );
    expect(clean).toBeGreaterThan(RUNS.numRuns / 4);
  });
});
