import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { readEnvironment } from '../support/service.ts';
import { Chance } from '../soak/chance.ts';
import type { Database, Project } from './project.ts';
import { rage, type Weather } from './weather.ts';
import { becomes, inWorld, underLoad, type World } from './world.ts';

export interface Storm {
  /** The packed command line. */
  bin: string;
  project: Project;
  database: Database;
  name: string;
  replicas: number;
  /** How long things happen to replicas. */
  seconds: number;
  seed: string;
}

export interface Outcome {
  violations: string[];
  counts: { weather?: Weather; interrupted: number; successes: number; made: number };
}

/**
 * Calls the replicas of a service while they are killed, frozen, replaced and cut off at random, and compares what they
 * acknowledged with what exists. Then makes Tsuru's checks through two of them at once, and removes an instance through
 * another replica than the one that creates it.
 */
export async function storm({ bin, name, seconds, seed, ...options }: Storm): Promise<Outcome> {
  const counts: Outcome['counts'] = { interrupted: 0, successes: 0, made: 0 };
  const violations = await inWorld({ ...options, name: `${name} storm ${options.replicas}` }, async (world) => {
    const { fleet, journal } = world;
    const over = performance.now() + seconds * 1000;
    const { violations: found, successes } = await underLoad(world, { seed, isCalm: false }, async () => {
      counts.weather = await rage(fleet, new Chance(`${seed} weather`), () => performance.now() > over);
    });
    counts.successes = successes;
    counts.interrupted = journal.interrupted();
    counts.made = journal.notes().filter(({ what }) => what === 'made').length;
    if (found.length > 0) return found;
    const checks = [0, 1].map((index) => check(bin, world, index));
    return [...(await abortAcross(world)), ...(await Promise.all(checks)).flat()];
  });
  return { violations, counts };
}

/** Makes Tsuru's calls through one replica, as `create-tsuru-service check` does. */
async function check(bin: string, { project, fleet }: World, index: number): Promise<string[]> {
  const url = `http://127.0.0.1:${await fleet.portOf(index)}`;
  const env = { ...process.env, ...readEnvironment(project.directory) };
  try {
    await promisify(execFile)(bin, ['check', url], { env });
    return [];
  } catch (error) {
    return [`check does not pass through replica ${index}:\n${String((error as { stdout?: unknown }).stdout)}`];
  }
}

/** Removes an instance through another replica than the one that is creating it. */
async function abortAcross({ fleet, journal }: World): Promise<string[]> {
  const name = 'slow1';
  const noteOf = (what: string) => journal.notes().find((note) => note.name === name && note.what === what);
  const fields = { name, team: 't', plan: 'small', 'parameters.slow': '1' };
  const creating = fleet.call(0, { method: 'POST', path: '/resources', fields });
  if (!(await becomes(() => noteOf('begin') !== undefined))) {
    return [`${name}: no replica creates it; the reply is ${JSON.stringify(await creating)}`];
  }
  const creator = fleet.indexOf(noteOf('begin')?.pid ?? 0);
  const removal = { method: 'DELETE', path: `/resources/${name}`, fields: { user: 'u' } };
  const removed = await fleet.call((creator + 1) % fleet.size, removal);
  await creating;
  const status = await fleet.call(creator, { method: 'GET', path: `/resources/${name}/status` });
  return [
    ...(noteOf('aborted')?.pid === noteOf('begin')?.pid ? [] : [`${name}: its creation was not aborted`]),
    ...(removed?.status === 200 ? [] : [`${name}: its removal got ${JSON.stringify(removed)}`]),
    ...(status?.status === 404 ? [] : [`${name}: its status is ${JSON.stringify(status)} after its removal`]),
    ...(journal.thingsOf(name).length === 0 ? [] : [`${name}: it exists after its removal`]),
  ];
}
