import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Chance } from '../soak/chance.ts';
import { installPacked } from '../support/packed.ts';
import { SEED } from '../support/seed.ts';
import { crowd } from './crowd.ts';
import { killedMigrations } from './migrations.ts';
import { found, MUTATIONS } from './mutations.ts';
import { FRAMEWORKS, makeProjects, startDatabase, type Database, type Project, type Provisioning } from './project.ts';
import { rolling } from './rolling.ts';
import { storm } from './run.ts';
import { zombies } from './zombie.ts';

const MODES: readonly Provisioning[] = ['inline', 'background'];

interface Run {
  bin: string;
  database: Database;
  projects: readonly Project[];
  seconds: number;
  replicas: readonly number[];
}

/**
 * Lets replicas of each framework live through a storm, for `--seconds` (60) with each number of `--replicas` (2,4), and
 * attacks those of one framework in other ways; `--framework` chooses. With `--mutations` it breaks the service instead, in
 * one way after another that this test must find; `--only` chooses by a part of the text. SEED repeats the choices of an
 * earlier run. Ends with 1 if a promise was broken, or a broken service was not found.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      replicas: { type: 'string', default: '2,4' },
      framework: { type: 'string', default: FRAMEWORKS.join(',') },
      mutations: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
    },
  });
  process.stdout.write(`SEED=${SEED}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-replicas-'));
  try {
    const { bin } = installPacked(scratch);
    const frameworks = values.mutations ? (['fastify'] as const) : FRAMEWORKS.filter((name) => values.framework.split(',').includes(name));
    const kinds = frameworks.flatMap((framework) => MODES.map((mode) => [framework, mode] as const));
    const projects = await makeProjects(scratch, bin, kinds);
    const database = await startDatabase(projects[0] as Project);
    try {
      const run = { bin, database, projects, seconds: Number(values.seconds), replicas: values.replicas.split(',').map(Number) };
      await (values.mutations ? mutate(run, values.only) : attack(run, values.only));
    } finally {
      await database.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function attack({ bin, database, projects, seconds, replicas }: Run, only: string): Promise<void> {
  for (const [at, project] of projects.entries()) {
    const kind = `${project.framework}, ${project.provisioning}`;
    const name = `${project.framework}_${project.provisioning}`;
    const seed = `${SEED} ${name}`;
    const options = { bin, project, database, name, seed };
    const parts: Record<string, () => Promise<string[] | { violations: string[]; counts: object }>> = {};
    // Each framework with both numbers of replicas and both ways of provisioning, in half of the time of all of them.
    for (const count of replicas.filter((_, index) => (index + at + Math.floor(at / 2)) % 2 === 0)) {
      parts[`${count} replicas in a storm`] = () => storm({ ...options, replicas: count, seconds });
    }
    if (at < MODES.length) {
      parts['replicas taken for dead'] = () => zombies({ ...options, isPatient: true });
      parts['200 calls at once'] = () => crowd(project, database, name, 200);
    }
    if (at === 0) parts['a rolling upgrade and back'] = () => rolling({ ...options, seconds: seconds / 15 });
    if (at === 1) parts['killed migrations'] = () => killedMigrations(project, database, name, seconds / 6, new Chance(seed));
    for (const [part, run] of Object.entries(parts).filter(([title]) => title.includes(only))) {
      const start = performance.now();
      const result = await run().catch((error: unknown) => [String(error)]);
      const { violations, counts } = Array.isArray(result) ? { violations: result, counts: {} } : result;
      const duration = Math.round((performance.now() - start) / 1000);
      const told = `${kind}: ${part}: ${violations.length} violations, ${duration} s ${JSON.stringify(counts)}`;
      process.stdout.write(`${[told, ...violations.slice(0, 10)].join('\n  ')}\n`);
      if (violations.length > 0) process.exitCode = 1;
    }
  }
}

async function mutate({ bin, database, projects }: Run, only: string): Promise<void> {
  for (const mutation of MUTATIONS.filter(({ what }) => what.includes(only))) {
    const project = projects.find(({ provisioning }) => provisioning === mutation.provisioning) as Project;
    const violations = await found(mutation, project, { bin, database, seed: String(SEED) });
    if (violations.length === 0) process.exitCode = 1;
    const result = violations[0] === undefined ? 'NOT FOUND' : `found, ${violations.length} times: ${violations[0].slice(0, 200)}`;
    process.stdout.write(`${mutation.what} (${mutation.by}): ${result}\n`);
  }
}

await main();
