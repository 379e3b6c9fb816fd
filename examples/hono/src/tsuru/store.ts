import { sql, type CompiledQuery, type Kysely } from 'kysely';

import type { Variables } from './backend.js';
import type { Coordination, StoreEngine } from './store-engine.js';
import {
  asBytes,
  BIND_COLUMNS,
  bindOf,
  bindRow,
  decoded,
  INSTANCE_COLUMNS,
  instanceOf,
  instanceRow,
  type InstanceState,
  type OtherBind,
  type StoredBind,
  type StoredInstance,
  variablesIn,
} from './store-rows.js';
import type { Tables } from './store-tables.js';

/**
 * The service's own data: its instances and their binds. Once a method has returned, its change is on the disk. A
 * change that cannot be written is a ServiceError 503 or 507.
 */
export class Store {
  readonly coordination: Coordination;
  readonly #engine: StoreEngine;
  readonly #db: Kysely<Tables>;
  /** The query of {@link boundVariables}, built once: that costs as much as its run. */
  readonly #boundVariables: CompiledQuery;
  #checking: Promise<void> | undefined;

  constructor(engine: StoreEngine) {
    this.#engine = engine;
    this.#db = engine.db;
    this.coordination = engine.coordination;
    this.#boundVariables = compileBoundVariables(engine.db);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /**
   * Claims a new store for a service.
   * @throws Error when it belongs to another one
   */
  async claim(service: string): Promise<void> {
    const row = { id: 1, service };
    await this.#db
      .insertInto('owner')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { service: owner } = await this.#db.selectFrom('owner').select('service').executeTakeFirstOrThrow();
    if (owner === service) return;
    throw new Error(
      `The store belongs to the service "${owner}", and each service needs its own. If "${owner}" is now "${service}", execute on the store: UPDATE owner SET service = '${service}'`,
    );
  }

  async find(name: string): Promise<StoredInstance | undefined> {
    const row = await this.#db
      .selectFrom('instances')
      .select(asBytes(INSTANCE_COLUMNS))
      .where('name', '=', name)
      .executeTakeFirst();
    return row && instanceOf(row);
  }

  /** The names of the pending instances, oldest first. */
  async pending(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('state', '=', 'pending')
      .orderBy('created_at')
      .execute();
    return rows.flatMap(({ name }) => decoded(name) ?? []);
  }

  /** The number of instances in each state. */
  async countStates(): Promise<Record<InstanceState, number>> {
    const rows = await this.#db
      .selectFrom('instances')
      .select((select) => ['state', select.fn.countAll().as('count')])
      .groupBy('state')
      .execute();
    const counts = { pending: 0, ready: 0, failed: 0, removing: 0 };
    for (const { state, count } of rows) counts[state] = Number(count);
    return counts;
  }

  /** Inserts an instance, or updates the one with its id. */
  async save(instance: StoredInstance): Promise<void> {
    const row = instanceRow(instance);
    await this.#written(
      this.#db
        .insertInto('instances')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
    this.#engine.scrubIfDue();
  }

  /** Changes the state of an instance, and clears its error. */
  async setState(id: string, state: InstanceState): Promise<void> {
    await this.#written(this.#db.updateTable('instances').set({ state, error: '' }).where('id', '=', id).execute());
  }

  /** Removes an instance with its binds. */
  async remove(id: string): Promise<void> {
    await this.#written(this.#db.deleteFrom('instances').where('id', '=', id).execute());
    this.#engine.scrub();
  }

  /**
   * Saves an instance that is no longer being created, without the secret that its creation needed: the kube config.
   */
  async saveSettled(instance: StoredInstance): Promise<void> {
    const { cluster } = instance;
    if (cluster?.kubeConfig === undefined) return this.save(instance);
    const { kubeConfig: _secret, ...withoutSecret } = cluster;
    await this.save({ ...instance, cluster: withoutSecret });
    this.#engine.scrub();
  }

  async findBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<StoredBind | undefined> {
    const row = await this.#db
      .selectFrom('binds')
      .select(asBytes(BIND_COLUMNS))
      .where('instance_id', '=', instanceId)
      .where('kind', '=', kind)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && bindOf(row);
  }

  /** The variables of an app or a job that is bound to a ready instance; undefined without any that can be read. */
  async boundVariables(instance: string, kind: StoredBind['kind'], name: string): Promise<Variables | undefined> {
    const query = { ...this.#boundVariables, parameters: [instance, kind, name] };
    const [row] = (await this.#db.executeQuery<{ variables: Uint8Array | null }>(query)).rows;
    return row && variablesIn(row.variables);
  }

  /** The binds that have or may have access, `bound` and `binding`, oldest first. */
  async activeBinds(instanceId: string): Promise<StoredBind[]> {
    const rows = await this.#db
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
    const rows = await this.#db
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
    const row = await this.#db
      .selectFrom('instances')
      .select(asBytes(['name']))
      .where('id', '=', instanceId)
      .executeTakeFirst();
    return decoded(row?.name ?? null) ?? '';
  }

  /** Forgets the variables of a bind, unless it is being made again. */
  async forgetVariables({ instanceId, bind }: OtherBind): Promise<void> {
    await this.#written(
      this.#db
        .updateTable('binds')
        .set({ variables: '{}' })
        .where('instance_id', '=', instanceId)
        .where('kind', '=', bind.kind)
        .where('name', '=', bind.name)
        .where('state', '=', 'unbound')
        .execute(),
    );
    this.#engine.scrub();
  }

  async saveBind(instanceId: string, bind: StoredBind): Promise<void> {
    const row = bindRow(instanceId, bind);
    await this.#written(
      this.#db
        .insertInto('binds')
        .values(row)
        .onConflict((conflict) => conflict.columns(['instance_id', 'kind', 'name']).doUpdateSet(row))
        .execute(),
    );
  }

  async removeBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<void> {
    await this.#written(
      this.#db
        .deleteFrom('binds')
        .where('instance_id', '=', instanceId)
        .where('kind', '=', kind)
        .where('name', '=', name)
        .execute(),
    );
    this.#engine.scrub();
  }

  /** Saves a bind in place of a forgotten one, whose secret must not stay on the disk. */
  async replaceBind(instanceId: string, bind: StoredBind): Promise<void> {
    await this.saveBind(instanceId, bind);
    this.#engine.scrub();
  }

  /** Forgets the binds that were unbound before that time, with their secrets. */
  async forgetUnbound(before: Date): Promise<void> {
    const { numDeletedRows } = await this.#written(
      this.#db.deleteFrom('binds').where('unbound_at', '<', before.toISOString()).executeTakeFirst(),
    );
    if (numDeletedRows > 0n) this.#engine.scrub();
  }

  /** Remembers that the removal of an instance ended after its reply. */
  async rememberRemoval(name: string): Promise<void> {
    await this.#written(
      this.#db
        .insertInto('late_removals')
        .values({ name })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  /** Forgets such a removal. @returns whether there was one */
  async forgetRemoval(name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#written(
      this.#db.deleteFrom('late_removals').where('name', '=', name).executeTakeFirst(),
    );
    return numDeletedRows > 0n;
  }

  /**
   * Checks that the store can be written. Concurrent calls share one write.
   * @throws ServiceError 507 when the disk is full or the write fails, 503 when the database cannot be used
   */
  async ping(): Promise<void> {
    this.#checking ??= this.#engine
      .check(async () => {
        const row = { id: 1, checked_at: new Date().toISOString() };
        await this.#written(
          this.#db
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

  async #written<T>(write: Promise<T>): Promise<T> {
    try {
      return await write;
    } catch (error) {
      throw this.#engine.failure(error);
    }
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
