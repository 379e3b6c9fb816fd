import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import type { Chance } from '../soak/chance.ts';
import { startService } from '../support/service.ts';
import type { Database, Project } from './project.ts';
import { badEnd } from './world.ts';

/** Kills replicas at random while they migrate an empty database, and starts others: those must find or make all tables. */
export async function killedMigrations(
  { directory }: Project,
  database: Database,
  name: string,
  rounds: number,
  chance: Chance,
): Promise<string[]> {
  const found: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const url = await database.create(`${name} migration ${round}`);
    const environment = { STORE_URL: url };
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: directory,
      env: { ...process.env, ...environment, PORT: '0', HOST: '127.0.0.1' },
      stdio: 'ignore',
    });
    await startOf(database, url);
    await pause(chance.between(0, 200));
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    try {
      const replicas = await Promise.all([0, 1].map(() => startService(directory, { environment, keepOutput: false })));
      for (const code of await Promise.all(replicas.map((replica) => replica.stop()))) found.push(...badEnd(code));
    } catch (error) {
      found.push(`after a migration that was killed: ${String(error)}`);
    }
  }
  return found;
}

/** Resolves when a replica has connected to the database. */
async function startOf(database: Database, url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const sql = 'select from pg_stat_activity where datname = $1';
  while ((await database.query(sql, [name])).length === 0) await pause(5);
}
