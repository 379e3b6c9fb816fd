import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, inject, it } from 'vitest';

import { SEED } from '../support/seed.ts';
import { makeProject } from './project.ts';
import { storm } from './run.ts';

const SECONDS = 4;

describe('replicas of a generated service on one store, killed at random under load', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-replicas-'));

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it.each([
    ['express', 'inline', 2],
    ['fastify', 'background', 4],
    ['hono', 'background', 2],
  ] as const)(
    'provision nothing twice, lose nothing that was acknowledged, and leave nothing stuck: %s, %s, %d replicas',
    async (framework, provisioning, replicas) => {
      const bin = inject('bin');
      const project = makeProject(scratch, bin, framework, provisioning);
      const seed = `${SEED} ${framework} ${replicas}`;
      const { violations, counts } = await storm({ bin, project, provisioning, replicas, seconds: SECONDS, seed });
      expect(violations, `SEED=${SEED} ${JSON.stringify(counts)}`).toEqual([]);
      expect(Math.min(counts.kills, counts.made), JSON.stringify(counts)).toBeGreaterThan(0);
    },
  );
});
