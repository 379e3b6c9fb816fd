import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import type { Chance } from '../soak/chance.ts';
import { startService } from '../support/service.ts';
import type { Database, Project } from './project.ts';

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
    const killed = once(child, 'close');
    // Every other one in the middle of the second migration, where it waits for a table with the same name.
    const rival = round % 2 === 0 ? await Rival.at(url) : undefined;
    await startOf(database, url);
    if (rival) await rival.isWaitedFor(database);
    else await pause(chance.between(0, 200));
    child.kill('SIGKILL');
    await killed;
    await rival?.leave();
    const started = await Promise.allSettled([0, 1].map(() => startService(directory, { environment })));
    for (const start of started) {
      if (start.status === 'rejected') {
        found.push(`after a migration that was killed: ${String(start.reason)}`);
        continue;
      }
      const code = await start.value.stop();
      if (code !== 0) found.push(`a replica ended with ${String(code)}:\n${start.value.output()}`);
    }
  }
  return found;
}

/** A connection that is making one of the tables of the store, and does not end that. */
class Rival {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async at(url: string): Promise<Rival> {
    const client = new pg.Client(url);
    await client.connect();
    await client.query('begin; create table health (id integer)');
    return new Rival(client);
  }

  async isWaitedFor(database: Database): Promise<void> {
    const sql = "select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'";
    while ((await database.query(sql, [this.#client.database])).length === 0) await pause(5);
  }

  async leave(): Promise<void> {
    await this.#client.query('rollback');
    await this.#client.end();
  }
}

/** Resolves when a replica has connected to the database. */
async function startOf(database: Database, url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const sql = "select from pg_stat_activity where datname = $1 and application_name = 'tsuru-service'";
  while ((await database.query(sql, [name])).length === 0) await pause(5);
}
