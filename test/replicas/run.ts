import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { readEnvironment } from '../support/service.ts';
import { Chance } from '../soak/chance.ts';
import { Fleet } from './fleet.ts';
import { Journal } from './journal.ts';
import { startDatabase } from './project.ts';
import { User } from './user.ts';

const USERS = 8;
/** Milliseconds for a replica to begin or end what it was asked to. */
const PATIENCE = 30_000;

export interface Storm {
  /** The packed command line. */
  bin: string;
  project: string;
  provisioning: 'inline' | 'background';
  replicas: number;
  /** How long replicas are killed. */
  seconds: number;
  seed: string;
}

export interface Outcome {
  violations: string[];
  counts: { kills: number; interrupted: number; successes: number; made: number };
}

/**
 * Calls the replicas of a service while they are killed at random, and compares what they acknowledged with what exists. Then
 * makes Tsuru's checks through two of them at once, and removes an instance through another replica than the one that creates it.
 */
export async function storm({ bin, project, provisioning, replicas, seconds, seed }: Storm): Promise<Outcome> {
  const journal = new Journal(join(project, `world-${replicas}`));
  const database = await startDatabase(project);
  const fleet = new Fleet(project, database.url, replicas, journal);
  try {
    await fleet.start();
    const users = Array.from({ length: USERS }, (_, index) => {
      const chance = new Chance(`${seed} user ${index}`);
      return new User(`db${index}`, fleet, journal, chance, provisioning === 'background');
    });
    const over = performance.now() + seconds * 1000;
    const isOver = () => performance.now() > over;
    const stuck: string[] = [];
    await Promise.all([
      ...users.map((user) => user.live(isOver).catch((error: unknown) => stuck.push(String(error)))),
      fleet.killAtRandom(new Chance(`${seed} kills`), isOver),
    ]);
    for (const user of users) await user.verify();
    const checks = Array.from({ length: 2 }, (_, index) => check(bin, project, fleet, index));
    const violations = [
      ...stuck,
      ...users.flatMap((user) => user.violations),
      ...(await abortAcross(fleet, journal)),
      ...(await Promise.all(checks)).flat(),
      ...journal.violations(),
    ];
    for (const code of await fleet.stop()) if (code !== 0) violations.push(`a replica ended with ${String(code)}`);
    return {
      violations,
      counts: {
        kills: fleet.kills,
        interrupted: journal.interrupted(),
        successes: users.reduce((sum, user) => sum + user.successes, 0),
        made: journal.notes().filter(({ what }) => what === 'made').length,
      },
    };
  } finally {
    await fleet.killAll();
    await database.stop();
  }
}

/** Makes Tsuru's calls through one replica, as `create-tsuru-service check` does. */
async function check(bin: string, project: string, fleet: Fleet, index: number): Promise<string[]> {
  const url = `http://127.0.0.1:${await fleet.portOf(index)}`;
  const env = { ...process.env, ...readEnvironment(project) };
  try {
    await promisify(execFile)(bin, ['check', url], { env });
    return [];
  } catch (error) {
    return [`check does not pass through replica ${index}:\n${String((error as { stdout?: unknown }).stdout)}`];
  }
}

/** Removes an instance through another replica than the one that is creating it. */
async function abortAcross(fleet: Fleet, journal: Journal): Promise<string[]> {
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

async function becomes(isSo: () => boolean): Promise<boolean> {
  const deadline = performance.now() + PATIENCE;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await pause(20);
  }
  return true;
}
