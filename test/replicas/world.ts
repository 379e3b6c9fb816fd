import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Chance } from '../soak/chance.ts';
import { Fleet } from './fleet.ts';
import { Journal } from './journal.ts';
import type { Database, Project } from './project.ts';
import { User } from './user.ts';

const USERS = 8;
/** Milliseconds for a replica to begin or end what it was asked to. */
const PATIENCE = 30_000;

/** Replicas that run on an empty store, and what their backends do. */
export interface World {
  project: Project;
  database: Database;
  /** The database of the store. */
  url: string;
  fleet: Fleet;
  journal: Journal;
}

export interface WorldOptions {
  project: Project;
  database: Database;
  /** Of the store's database and of the journal's directory. */
  name: string;
  replicas: number;
  /** Where a replica reaches the database of the store, when it is not at its URL. */
  storeUrl?: (index: number, url: string) => string;
}

/** Runs a task in a world of its own. The replicas must end well after it. @returns what the task has found, and this */
export async function inWorld(options: WorldOptions, task: (world: World) => Promise<string[]>): Promise<string[]> {
  const { project, database, name, replicas } = options;
  const journal = new Journal(join(project.directory, `world of ${name}`));
  const url = await database.create(name);
  const { directory } = project;
  const { storeUrl = () => url } = options;
  const fleet = new Fleet({ directory, database, storeUrl: (index) => storeUrl(index, url), size: replicas, journal });
  try {
    await fleet.start();
    const violations = await task({ project, database, url, fleet, journal });
    const codes = await fleet.stop();
    return [...fleet.ends, ...violations, ...journal.violations(), ...codes.flatMap((code) => badEnd(code))];
  } catch (error) {
    // It may be why the task has failed.
    if (fleet.ends.length > 0) return [...fleet.ends, String(error)];
    throw error;
  } finally {
    await fleet.killAll();
  }
}

export function badEnd(code: number | null): string[] {
  return code === 0 ? [] : [`a replica ended with ${String(code)}`];
}

/** Lets some users live while something happens to the replicas. @returns what they and the end of it say */
export async function underLoad(
  { project, fleet, journal }: World,
  { seed, isCalm }: { seed: string; isCalm: boolean },
  happening: () => Promise<unknown>,
): Promise<{ violations: string[]; successes: number }> {
  const mode = { inBackground: project.provisioning === 'background', isCalm };
  const users = Array.from({ length: USERS }, (_, index) => {
    return new User(`db${index}`, fleet, journal, new Chance(`${seed} user ${index}`), mode);
  });
  let isOver = false;
  const stuck: string[] = [];
  await Promise.all([
    ...users.map((user) => user.live(() => isOver).catch((error: unknown) => stuck.push(String(error)))),
    happening().finally(() => {
      isOver = true;
    }),
  ]);
  for (const user of users) await user.verify();
  const successes = users.reduce((sum, user) => sum + user.successes, 0);
  if (successes === 0) stuck.push('no user has achieved anything');
  return { violations: [...stuck, ...users.flatMap((user) => user.violations)], successes };
}

/** Whether something becomes so within half a minute. */
export async function becomes(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + PATIENCE;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await pause(20);
  }
  return true;
}
