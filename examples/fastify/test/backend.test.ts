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

  it('creates, binds, unbinds, updates and destroys an instance', async () => {
    const data = (await backend.create(request)) ?? {};
    const created = { ...request, instance: { ...instance, data } };
    const variables = await backend.bindApp({ ...bindRequest, instance: created.instance });
    expect(Object.keys(variables).length).toBeGreaterThan(0);
    await backend.unbindApp({ ...created, app: { name: 'app1' } });
    await backend.update({ ...created, previous: instance });
    await backend.destroy(created);
  });

  it('returns the same variables for the same bind', async () => {
    expect(await backend.bindApp(bindRequest)).toEqual(await backend.bindApp(bindRequest));
  });

  const prefixes = (variables: object) => [
    ...new Set(Object.keys(variables).map((name) => name.replace(/[^_]+$/, ''))),
  ];

  it('uses the env_prefix of the instance in the names of the variables', async () => {
    const named = { ...instance, parameters: { env_prefix: 'OTHER_' } };
    expect(prefixes(await backend.bindApp({ ...bindRequest, instance: named }))).toEqual(['OTHER_']);
  });

  it('prefers the env_prefix of a bind to that of the instance', async () => {
    const named = { ...instance, parameters: { env_prefix: 'OTHER_' } };
    const variables = await backend.bindApp({ ...bindRequest, instance: named, parameters: { env_prefix: 'OWN_' } });
    expect(prefixes(variables)).toEqual(['OWN_']);
  });
});
