import { sql, type Generated, type Kysely, type Migration } from 'kysely';

import { NOW } from './store-dialect.js';
import type { BindState, InstanceState, StoredBind } from './store-rows.js';

interface InstanceTable {
  id: string;
  name: string;
  state: InstanceState;
  team: string;
  plan: string;
  description: string;
  tags: string;
  parameters: string;
  data: string;
  error: string;
  requested_by: string;
  cluster: string | null;
  created_at: Generated<string>;
}

interface BindTable {
  instance_id: string;
  kind: StoredBind['kind'];
  name: string;
  state: BindState;
  secret: string;
  variables: string;
  parameters: Generated<string>;
  unbound_at: string | null;
  created_at: Generated<string>;
}

interface HealthTable {
  id: number;
  checked_at: string;
}

/** The instances whose removal ended after its reply: the next removal reports the success. */
interface LateRemovalTable {
  name: string;
}

/** One row: the service that the store belongs to. */
interface OwnerTable {
  id: number;
  service: string;
}

export interface Tables {
  instances: InstanceTable;
  binds: BindTable;
  health: HealthTable;
  late_removals: LateRemovalTable;
  owner: OwnerTable;
}

/**
 * To change the tables, add a migration; never edit one that has run. While an upgrade is rolled out, replicas of the
 * older version still use the tables. So a migration only adds: new tables, and new columns with a default. What is no
 * longer used is dropped a release later. They run in one transaction, so an interrupted start leaves the tables
 * unchanged. Older stores ran the first one without that, so it skips the tables that already exist.
 */
export const migrations: Record<string, Migration> = {
  '0001-instances-and-binds': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('instances')
        .ifNotExists()
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('team', 'text', (column) => column.notNull())
        .addColumn('plan', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('tags', 'text', (column) => column.notNull())
        .addColumn('parameters', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('error', 'text', (column) => column.notNull())
        .addColumn('requested_by', 'text', (column) => column.notNull())
        .addColumn('cluster', 'text')
        .addColumn('created_at', 'text', (column) => column.notNull().defaultTo(NOW))
        .execute();
      await db.schema
        .createTable('binds')
        .ifNotExists()
        .addColumn('instance_id', 'text', (column) => column.notNull().references('instances.id').onDelete('cascade'))
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('secret', 'text', (column) => column.notNull())
        .addColumn('variables', 'text', (column) => column.notNull())
        .addColumn('unbound_at', 'text')
        .addColumn('created_at', 'text', (column) => column.notNull().defaultTo(NOW))
        .addPrimaryKeyConstraint('binds_key', ['instance_id', 'kind', 'name'])
        .execute();
    },
  },
  '0002-bind-parameters-and-health': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .alterTable('binds')
        .addColumn('parameters', 'text', (column) => column.notNull().defaultTo('{}'))
        .execute();
      await db.schema
        .createTable('health')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('checked_at', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '0003-late-removals': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('late_removals')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .execute();
    },
  },
  '0004-binds-of-a-workload': {
    async up(db: Kysely<unknown>) {
      await db.schema.createIndex('binds_of_a_workload').on('binds').columns(['name', 'kind']).execute();
    },
  },
  '0005-owner-and-what-is-looked-for-often': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('owner')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('service', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('instances_by_state').on('instances').columns(['state', 'created_at']).execute();
      await db.schema
        .createIndex('binds_to_forget')
        .on('binds')
        .column('unbound_at')
        .where(sql.ref('unbound_at'), 'is not', null)
        .execute();
    },
  },
};
