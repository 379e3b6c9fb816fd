import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Chance } from '../soak/chance.ts';
import { installPacked } from '../support/packed.ts';
import { SEED } from '../support/seed.ts';
import { crowd } from './crowd.ts';
import { killedMigrations } from './migrations.ts';
import { makeProjects, startDatabase, type Database, type Project } from './project.ts';
import { rolling } from './rolling.ts';
import { storm } from './run.ts';
import { zombies } from './zombie.ts';

const SECONDS = 4;

const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-replicas-'));
let bin: string;
let projects: Project[];
let database: Database;

beforeAll(async () => {
  process.stdout.write(`SEED=${SEED}\n`);
  ({ bin } = installPacked(scratch));
  projects = await makeProjects(scratch, bin, [
    ['express', 'inline'],
    ['fastify', 'background'],
    ['hono', 'background'],
  ]);
  database = await startDatabase(projects[0] as Project);
});

afterAll(async () => {
  await database.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function options(framework: string) {
  const project = projects.find((one) => one.framework === framework) as Project;
  return { bin, project, database, name: framework, seed: `${SEED} ${framework}` };
}

describe('replicas of a generated service on one store', () => {
  it.each([
    ['express', 2],
    ['fastify', 4],
    ['hono', 2],
  ])('provision nothing twice, lose nothing and leave nothing stuck in a storm: %s, %d replicas', async (framework, replicas) => {
    const { violations, counts } = await storm({ ...options(framework), replicas, seconds: SECONDS });
    expect(violations, `SEED=${SEED} ${JSON.stringify(counts)}`).toEqual([]);
    expect(counts.made).toBeGreaterThan(0);
  });

  it('are replaced by those of a newer version with other tables, and back, without a failed request', async () => {
    expect(await rolling({ ...options('express'), seconds: 1 }), `SEED=${SEED}`).toEqual([]);
  });

  it.each(['express', 'fastify'])('write nothing after another one took them for dead: %s', async (framework) => {
    expect(await zombies({ ...options(framework), isPatient: false })).toEqual([]);
  });

  it('serve far more calls at once than they have connections', async () => {
    const { project, name } = options('fastify');
    expect(await crowd(project, database, name, 60)).toEqual([]);
  });

  it('start on tables whose migration was killed', async () => {
    const { project, name, seed } = options('express');
    expect(await killedMigrations(project, database, name, 3, new Chance(seed)), `SEED=${SEED}`).toEqual([]);
  });
});
