import { sql, type CompiledQuery, type Kysely } from 'kysely';

import type { Variables } from './backend.js';
import type { Coordination, Lock, StoreEngine } from './store-engine.js';
import { LockedStore } from './store-locked.js';
import { StoreQueries } from './store-queries.js';
import { asBytes, decoded, type InstanceState, type StoredBind, variablesIn } from './store-rows.js';
import type { Tables } from './store-tables.js';

/**
 * The service's own data: its instances and their binds. Once a method has returned, its change is on the disk. A
 * change that cannot be written is a ServiceError 503 or 507.
 */
export class Store extends StoreQueries {
  readonly coordination: Coordination;
  /** The query of {@link boundVariables}, built once: that costs as much as its run. */
  readonly #boundVariables: CompiledQuery;
  #checking: Promise<void> | undefined;

  constructor(engine: StoreEngine) {
    super(engine, engine.db);
    this.coordination = engine.coordination;
    this.#boundVariables = compileBoundVariables(engine.db);
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  /** The store for the holder of a lock. */
  under(lock: Lock): LockedStore {
    return new LockedStore(this.engine, lock.db);
  }

  /**
   * Claims a new store for a service.
   * @throws Error when it belongs to another one
   */
  async claim(service: string): Promise<void> {
    const row = { id: 1, service };
    await this.db
      .insertInto('owner')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { service: owner } = await this.db.selectFrom('owner').select('service').executeTakeFirstOrThrow();
    if (owner === service) return;
    throw new Error(
      `The store belongs to the service "${owner}", and each service needs its own. If "${owner}" is now "${service}", execute on the store: UPDATE owner SET service = '${service}'`,
    );
  }

  /** The names of the pending instances, oldest first. */
  async pending(): Promise<string[]> {
    const rows = await this.db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.flatMap(({ name }) => decoded(name) ?? []);
  }

  /** The number of instances in each state. */
  async countStates(): Promise<Record<InstanceState, number>> {
    const rows = await this.db
      .selectFrom('instances')
      .select((select) => ['state', select.fn.countAll().as('count')])
      .groupBy('state')
      .execute();
    const counts = { pending: 0, ready: 0, failed: 0, removing: 0 };
    for (const { state, count } of rows) counts[state] = Number(count);
    return counts;
  }

  /** The variables of an app or a job that is bound to a ready instance; undefined without any that can be read. */
  async boundVariables(instance: string, kind: StoredBind['kind'], name: string): Promise<Variables | undefined> {
    const query = { ...this.#boundVariables, parameters: [instance, kind, name] };
    const [row] = (await this.db.executeQuery<{ variables: Uint8Array | null }>(query)).rows;
    return row && variablesIn(row.variables);
  }

  /**
   * Checks that the store can be written. Concurrent calls share one write.
   * @throws ServiceError 507 when the disk is full or the write fails, 503 when the database cannot be used
   */
  async ping(): Promise<void> {
    this.#checking ??= this.engine
      .check(async (db) => {
        const row = { id: 1, checked_at: new Date().toISOString() };
        await this.written(
          db
            .insertInto('health')
            .values(row)
            .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
            .execute(),
        );
      })
      .finally(() => {
        this.#checking = undefined;
      });
    await this.#checking;
  }
}

/** Its parameters are the name of the instance, and the kind and the name of the app or job. */
function compileBoundVariables(db: Kysely<Tables>) {
  return db
    .selectFrom('binds')
    .innerJoin('instances', 'instances.id', 'binds.instance_id')
    .select(asBytes(['variables']))
    .where('instances.name', '=', '')
    .where('binds.kind', '=', 'app')
    .where('binds.name', '=', '')
    .where('instances.state', '=', sql.lit('ready'))
    .where('binds.state', '=', sql.lit('bound'))
    .compile();
}
