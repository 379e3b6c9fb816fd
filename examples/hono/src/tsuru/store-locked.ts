import { StoreQueries } from './store-queries.js';
import { bindRow, instanceRow, type InstanceState, type OtherBind, type StoredBind, type StoredInstance } from './store-rows.js';

/**
 * The store for the holder of a lock. It alone can change instances, and binds that are not forgotten; each change is
 * refused once the lock is lost.
 */
export class LockedStore extends StoreQueries {
  /** Inserts an instance, or updates the one with its id. */
  async save(instance: StoredInstance): Promise<void> {
    const row = instanceRow(instance);
    await this.written(
      this.db
        .insertInto('instances')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute(),
    );
    this.engine.scrubIfDue();
  }

  /** Changes the state of an instance, and clears its error. */
  async setState(id: string, state: InstanceState): Promise<void> {
    await this.written(this.db.updateTable('instances').set({ state, error: '' }).where('id', '=', id).execute());
  }

  /**
   * Saves an instance that is no longer being created, without the secret that its creation needed: the kube config.
   */
  async saveSettled(instance: StoredInstance): Promise<void> {
    const { cluster } = instance;
    if (cluster?.kubeConfig === undefined) return this.save(instance);
    const { kubeConfig: _secret, ...withoutSecret } = cluster;
    await this.save({ ...instance, cluster: withoutSecret });
    this.engine.scrub();
  }

  /** Removes an instance with its binds. */
  async remove(id: string): Promise<void> {
    await this.written(this.db.deleteFrom('instances').where('id', '=', id).execute());
    this.engine.scrub();
  }

  async saveBind(instanceId: string, bind: StoredBind): Promise<void> {
    const row = bindRow(instanceId, bind);
    await this.written(
      this.db
        .insertInto('binds')
        .values(row)
        .onConflict((conflict) => conflict.columns(['instance_id', 'kind', 'name']).doUpdateSet(row))
        .execute(),
    );
  }

  /** Saves a bind in place of a forgotten one, whose secret must not stay on the disk. */
  async replaceBind(instanceId: string, bind: StoredBind): Promise<void> {
    await this.saveBind(instanceId, bind);
    this.engine.scrub();
  }

  async removeBind(instanceId: string, kind: StoredBind['kind'], name: string): Promise<void> {
    await this.written(
      this.db
        .deleteFrom('binds')
        .where('instance_id', '=', instanceId)
        .where('kind', '=', kind)
        .where('name', '=', name)
        .execute(),
    );
    this.engine.scrub();
  }

  /** Forgets the variables of a bind, unless it is being made again. */
  async forgetVariables({ instanceId, bind }: OtherBind): Promise<void> {
    await this.written(
      this.db
        .updateTable('binds')
        .set({ variables: '{}' })
        .where('instance_id', '=', instanceId)
        .where('kind', '=', bind.kind)
        .where('name', '=', bind.name)
        .where('state', '=', 'unbound')
        .execute(),
    );
    this.engine.scrub();
  }

  /** Remembers that the removal of an instance ended after its reply. */
  async rememberRemoval(name: string): Promise<void> {
    await this.written(
      this.db
        .insertInto('late_removals')
        .values({ name })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  /** Forgets such a removal. @returns whether there was one */
  async forgetRemoval(name: string): Promise<boolean> {
    const { numDeletedRows } = await this.written(
      this.db.deleteFrom('late_removals').where('name', '=', name).executeTakeFirst(),
    );
    return numDeletedRows > 0n;
  }
}
