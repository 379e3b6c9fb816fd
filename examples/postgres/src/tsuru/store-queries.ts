import type { Kysely } from 'kysely';

import type { StoreEngine } from './store-engine.js';
import {
  asBytes,
  BIND_COLUMNS,
  bindOf,
  decoded,
  INSTANCE_COLUMNS,
  instanceOf,
  type OtherBind,
  type StoredBind,
  type StoredInstance,
} from './store-rows.js';
import type { Tables } from './store-tables.js';

/** What needs no lock. */
export class StoreQueries {
  protected readonly engine: StoreEngine;
  protected readonly db: Kysely<Tables>;

  constructor(engine: StoreEngine, db: Kysely<Tables>) {
    this.engine = engine;
    this.db = db;
  }

  async find(name: string): Promise<StoredInstance | undefined> {
    const row = await this.db
      .selectFrom('instances')
      .select(asBytes(INSTANCE_COLUMNS))
      .where('name', '=', name)
      .executeTakeFirst();
    return row && instanceOf(row);
  }

  async findBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<StoredBind | undefined> {
    const row = await this.db
      .selectFrom('binds')
      .select(asBytes(BIND_COLUMNS))
      .where('instance_id', '=', instanceId)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && bindOf(row);
  }

  /** The binds that have or may have access, `bound` and `binding`, oldest first. */
  async activeBinds(instanceId: string): Promise<StoredBind[]> {
    const rows = await this.db
      .selectFrom('binds')
      .select(asBytes(BIND_COLUMNS))
      .where('instance_id', '=', instanceId)
      .where('state', '!=', 'unbound')
      .orderBy('created_at')
      .orderBy('name')
      .execute();
    return rows.map(bindOf);
  }

  /** The binds of an app or a job to other instances, in any state, oldest first. */
  async bindsElsewhere(instanceId: string, kind: StoredBind['kind'], name: string): Promise<OtherBind[]> {
    const rows = await this.db
      .selectFrom('binds')
      .select(asBytes(['instance_id', ...BIND_COLUMNS]))
      .where('kind', '=', kind)
      .where('name', '=', name)
      .where('instance_id', '!=', instanceId)
      .orderBy('created_at')
      .execute();
    return rows.map((row) => ({ instanceId: decoded(row.instance_id) ?? '', bind: bindOf(row) }));
  }

  /** The name of the instance with that id; `''` without it. */
  async nameOf(instanceId: string): Promise<string> {
    const row = await this.db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('id', '=', instanceId)
      .executeTakeFirst();
    return decoded(row?.name ?? null) ?? '';
  }

  /** Forgets the binds that were unbound before that time, with their secrets. */
  async forgetUnbound(before: Date): Promise<void> {
    const { numDeletedRows } = await this.written(
      this.db.deleteFrom('binds').where('unbound_at', '<', before.toISOString()).executeTakeFirst(),
    );
    if (numDeletedRows > 0n) this.engine.scrub();
  }

  /** The result of a write. @throws ServiceError 503 or 507 when it cannot be made */
  protected async written<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      throw this.engine.failure(error);
    }
  }
}
