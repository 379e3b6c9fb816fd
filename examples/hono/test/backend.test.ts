import { afterAll, describe, expect, it } from 'vitest';

import { BackendTrial, realBackend } from './tsuru/support/backend.js';
import { testStore } from './tsuru/support/store.js';

/** Values for the settings in src/settings.ts. */
const SETTINGS = {};

describe('the backend', () => {
  const backend = realBackend(SETTINGS);
  afterAll(() => backend.close?.());

  it('is healthy', async () => {
    await backend.health?.(AbortSignal.timeout(5000));
  });

  it('creates, binds, updates, unbinds and destroys an instance', async () => {
    const trial = await BackendTrial.of(backend);
    await trial.create('db1');
    await trial.status('db1');
    expect(Object.keys(await trial.bindApp('db1', 'app1'))).not.toEqual([]);
    expect(Object.keys(await trial.bindJob('db1', 'app1'))).not.toEqual([]);
    await trial.update('db1', { description: 'new' });
    await trial.info('db1');
    await trial.unbindJob('db1', 'app1');
    await trial.unbindApp('db1', 'app1');
    await trial.destroy('db1');
  });

  it('destroys an instance that is still bound', async () => {
    const trial = await BackendTrial.of(backend);
    await trial.create('db1');
    await trial.bindApp('db1', 'app1');
    await trial.destroy('db1');
  });

  it('returns the same variables when an app is bound again', async () => {
    const trial = await BackendTrial.of(backend);
    await trial.create('db1');
    const variables = await trial.bindApp('db1', 'app1');
    await trial.unbindApp('db1', 'app1');
    expect(await trial.bindApp('db1', 'app1')).toEqual(variables);
    await trial.destroy('db1');
  });

  it('serves an instance that an earlier run of the service has created', async () => {
    const store = await testStore();
    const next = realBackend(SETTINGS);
    await (await BackendTrial.of(backend, store)).create('db1');
    const trial = await BackendTrial.of(next, store);
    expect(Object.keys(await trial.bindApp('db1', 'app1'))).not.toEqual([]);
    await trial.destroy('db1');
    await next.close?.();
  });

  const without = (prefix: string, variables: object) => Object.keys(variables).filter((name) => !name.startsWith(prefix));

  it('uses the env_prefix of the instance in the names of the variables, unless a bind has its own', async () => {
    const trial = await BackendTrial.of(backend);
    await trial.create('db1', { parameters: { env_prefix: 'OTHER_' } });
    expect(without('OTHER_', await trial.bindApp('db1', 'app1'))).toEqual([]);
    expect(without('OWN_', await trial.bindApp('db1', 'app2', { env_prefix: 'OWN_' }))).toEqual([]);
    await trial.destroy('db1');
  });

  it('refuses an env_prefix that cannot start the name of a variable', async () => {
    const trial = await BackendTrial.of(backend);
    await expect(trial.create('db1', { parameters: { env_prefix: 'MY-' } })).rejects.toThrow(/: 400 .*env_prefix/);
  });
});
