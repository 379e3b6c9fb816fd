import { Chance } from '../soak/chance.ts';
import { killedMigrations } from './migrations.ts';
import { edited, type Database, type Edit, type Project, type Provisioning } from './project.ts';
import { NEXT, rolling } from './rolling.ts';
import { storm } from './run.ts';
import { zombies } from './zombie.ts';

/** A broken service, and the part of this test that must find it. */
interface Mutation {
  what: string;
  provisioning: Provisioning;
  edits: readonly Edit[];
  by: 'storm' | 'rolling' | 'zombies' | 'migrations' | 'next';
}

export const MUTATIONS: readonly Mutation[] = [
  {
    what: 'every replica gets every lock',
    provisioning: 'inline',
    edits: [{ file: 'store-sessions.js', from: 'const isTaken = rows[0]?.taken;', to: 'const isTaken = true;' }],
    by: 'storm',
  },
  {
    what: 'an operation goes on writing after its lock was lost',
    provisioning: 'inline',
    edits: [{ file: 'store.js', from: 'new LockedStore(this.engine, lock.db)', to: 'new LockedStore(this.engine, this.db)' }],
    by: 'zombies',
  },
  {
    what: 'a frozen replica keeps its locks',
    provisioning: 'inline',
    edits: [{ file: 'store-sessions.js', from: 'set idle_session_timeout = ${', to: 'set idle_session_timeout = 1000${' }],
    by: 'zombies',
  },
  {
    what: 'some acknowledged instances are not stored',
    provisioning: 'inline',
    edits: [{ file: 'store-locked.js', from: 'async saveSettled(instance) {', to: 'async saveSettled(instance) { if (Math.random() < 0.1) return;' }],
    by: 'storm',
  },
  {
    what: 'some acknowledged binds are not stored',
    provisioning: 'background',
    edits: [{ file: 'store-locked.js', from: 'async saveBind(instanceId, bind) {', to: 'async saveBind(instanceId, bind) { if (Math.random() < 0.3) return;' }],
    by: 'storm',
  },
  {
    what: 'some removals are acknowledged and not done',
    provisioning: 'inline',
    edits: [{ file: 'removals.js', from: 'await this.#backend.destroy(', to: 'if (Math.random() < 0.8) await this.#backend.destroy(' }],
    by: 'storm',
  },
  {
    what: 'creations of dead replicas are not continued',
    provisioning: 'background',
    edits: [{ file: 'creations.js', from: 'async #recover() {', to: 'async #recover() { return;' }],
    by: 'storm',
  },
  {
    what: 'locks are not released',
    provisioning: 'inline',
    edits: [{ file: 'store-sessions.js', from: 'await this.#unlock();', to: '' }],
    by: 'storm',
  },
  {
    what: 'a removal does not reach the replica that creates',
    provisioning: 'background',
    edits: [
      { file: 'removals.js', from: 'await this.#store.coordination.announceRemoval(name);', to: '' },
      { file: 'creations.js', from: "?.state === 'removing')", to: "?.state === 'never')" },
    ],
    by: 'storm',
  },
  {
    what: 'a replica that stops drops its requests',
    provisioning: 'inline',
    edits: [{ file: '../main.js', from: 'await service.lifeCycle.stop(close(), GRACE);', to: 'process.exit(0);' }],
    by: 'rolling',
  },
  {
    what: 'an older version refuses newer tables',
    provisioning: 'inline',
    edits: [{ file: 'store-open.js', from: '...Object.fromEntries(known.map(({ name }) => [name, unchanged])),', to: '' }],
    by: 'rolling',
  },
  {
    what: 'a newer version removes what the older one uses',
    provisioning: 'inline',
    edits: NEXT.map((edit) => ({ ...edit, to: edit.to.replace("alterTable('instances')", "alterTable('instances').renameColumn('description', 'text').execute();\n await db.schema.alterTable('instances')") })),
    by: 'next',
  },
  {
    what: 'an interrupted migration leaves half of its tables',
    provisioning: 'inline',
    edits: [{ file: 'store-open.js', from: 'migrationTableSchema: schema }', to: 'migrationTableSchema: schema, disableTransactions: true }' }],
    by: 'migrations',
  },
];

/** Breaks a service, and runs the part of this test that must find it. @returns what it has found */
export async function found(
  { what, edits, by }: Mutation,
  project: Project,
  { bin, database, seed }: { bin: string; database: Database; seed: string },
): Promise<string[]> {
  const name = what.replaceAll(' ', '-');
  const directory = by === 'next' ? project.directory : edited(project, name, edits);
  const broken = { ...project, directory };
  const options = { project: broken, database, name, seed };
  try {
    switch (by) {
      case 'storm':
        return (await storm({ ...options, bin, replicas: 2, seconds: 20 })).violations;
      case 'rolling':
        return await rolling({ ...options, seconds: 2 });
      case 'next':
        return await rolling({ ...options, seconds: 2, next: edits });
      case 'zombies':
        return await zombies({ ...options, isPatient: true });
      case 'migrations':
        return await killedMigrations(broken, database, name, 4, new Chance(seed));
    }
  } catch (error) {
    return [String(error)];
  }
}
