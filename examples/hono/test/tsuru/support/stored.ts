import type { StoredBind, StoredInstance } from '../../../src/tsuru/store-rows.js';

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
