import { describe, expect, it } from 'vitest';

import { createBackend } from '../src/backend.js';
import type { BindAppRequest, Instance, Request } from '../src/tsuru/backend.js';

const instance: Instance = {
  id: 'id1',
  name: 'db1',
  team: 't',
  plan: 'small',
  description: '',
  tags: [],
  parameters: {},
  data: {},
};

const request: Request = {
  instance,
  plan: { name: 'small', description: '' },
  parameters: {},
  requestedBy: { user: 'dev@example.com', event: 'e1' },
  cluster: undefined,
  signal: new AbortController().signal,
};

const bindRequest: BindAppRequest = {
  ...request,
  secret: 'a-secret',
  previous: undefined,
  app: {
    name: 'app1',
    hosts: [],
    internalHosts: [],
    pool: '',
    poolProvisioner: '',
    cluster: '',
    clusterProvisioner: '',
    clusterAddresses: [],
  },
};

describe('the backend', () => {
  const backend = createBackend();

  it('goes through a whole life', async () => {
    const data = (await backend.create(request)) ?? {};
    const created = { ...request, instance: { ...instance, data } };
    const variables = await backend.bindApp({ ...bindRequest, instance: created.instance });
    expect(Object.keys(variables).length).toBeGreaterThan(0);
    await backend.unbindApp({ ...created, app: { name: 'app1' } });
    await backend.update({ ...created, previous: instance });
    await backend.destroy(created);
  });

  it('gives the same variables for the same bind', async () => {
    expect(await backend.bindApp(bindRequest)).toEqual(await backend.bindApp(bindRequest));
  });

  it('can be told to name the variables otherwise', async () => {
    const variables = await backend.bindApp({ ...bindRequest, parameters: { env_prefix: 'OTHER_' } });
    expect(Object.keys(variables).every((name) => name.startsWith('OTHER_'))).toBe(true);
  });
});
