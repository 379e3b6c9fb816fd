import { setTimeout as pause } from 'node:timers/promises';

import { edited, type Database, type Edit, type Project } from './project.ts';
import { badEnd, inWorld, underLoad } from './world.ts';

/** A newer version: its migration adds to the tables, and it writes what was added. */
export const NEXT: readonly Edit[] = [
  {
    file: 'store-tables.js',
    from: 'export const migrations = {',
    to: `export const migrations = {
    '0099-next': {
        async up(db) {
            await db.schema.alterTable('instances').addColumn('region', 'text', (column) => column.notNull().defaultTo('here')).execute();
            await db.schema.createTable('regions').addColumn('name', 'text', (column) => column.primaryKey()).execute();
        },
    },`,
  },
  { file: 'store-rows.js', from: 'tags: JSON.stringify(tags),', to: "tags: JSON.stringify(tags), region: 'there'," },
];

export interface Rolling {
  project: Project;
  database: Database;
  name: string;
  /** For which each mix of versions runs. */
  seconds: number;
  seed: string;
  /** The changes that the newer version makes. */
  next?: readonly Edit[];
}

/**
 * Replaces the replicas of a service with those of a newer version, one by one and under load, and goes back again. Every
 * request must succeed, at the latest on the other replica when one does not listen any more.
 */
export async function rolling({ project, database, name, seconds, seed, next = NEXT }: Rolling): Promise<string[]> {
  const newer = edited(project, `next-of-${name}`, next);
  const { directory: older } = project;
  return inWorld({ project, database, name: `${name} rolling`, replicas: 2 }, async (world) => {
    const ends: string[] = [];
    const { violations } = await underLoad(world, { seed, isCalm: true }, async () => {
      // The second start of the older one meets the newer tables.
      for (const [index, version] of [[0, newer], [1, older], [1, newer], [0, older], [1, older]] as const) {
        await pause(seconds * 1000);
        ends.push(...badEnd(await world.fleet.replace(index, version)));
      }
      await pause(seconds * 1000);
    });
    return [...violations, ...ends];
  });
}
