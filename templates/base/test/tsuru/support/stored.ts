import { randomUUID } from 'node:crypto';

import type { LockedStore } from '../../../src/tsuru/store-locked.js';
import type { StoredBind, StoredInstance } from '../../../src/tsuru/store-rows.js';
import type { Store } from '../../../src/tsuru/store.js';

/** A row of each table. */
export const instance: StoredInstance = {
  id: 'id1',
  name: 'db1',
  state: 'ready',
  team: 't',
  plan: '',
  description: 'ü',
  tags: ['a b'],
  parameters: { 'a.b': [1, null] },
  data: {},
  error: '',
  requestedBy: { user: 'u', event: 'e' },
  cluster: undefined,
  damaged: [],
};

export const bind: StoredBind = {
  kind: 'app',
  name: 'a1',
  state: 'bound',
  secret: 's',
  variables: { A: '1' },
  parameters: { p: 'x' },
  unboundAt: undefined,
};

/** The store for a change by the test. It holds a lock that nothing else asks for. */
export async function writable(store: Store): Promise<LockedStore> {
  const lock = await store.coordination.tryLock(`test/${randomUUID()}`);
  if (lock === undefined) throw new Error('the lock is held');
  return store.under(lock);
}
