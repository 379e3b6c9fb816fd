import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../../src/sandbox/service/free-port.ts';
import { registrarOf, type Registrar } from '../../src/sandbox/service/keep-registered.ts';
import type { Registration } from '../../src/publish/registration.ts';
import { tsuruApi } from './support/tsuru-api.ts';

const REGISTRATION: Registration = {
  ...{ id: 'my-db', username: 'my-db', password: 'secret', endpoints: { production: 'http://127.0.0.1:1' }, team: 'dbas', isMultiCluster: false },
  ...{ encoding: 'form', permissions: { enabled: true, strict_actions: false, legacy_compat: false, operations: [] }, doc: 'words' },
};

describe('a service that is kept registered', () => {
  let sandbox: Sandbox;
  let files: Registration | Error;
  let registrar: Registrar;
  beforeEach(async () => {
    sandbox = await startSandbox({ team: 'dbas' });
    files = REGISTRATION;
    registrar = registrarOf(sandbox, REGISTRATION, () => {
      if (files instanceof Error) throw files;
      return files;
    });
    expect(await registrar.first()).toEqual([]);
  });
  afterEach(() => sandbox.close());

  const becomes = (next: Registration | Error) => {
    files = next;
    return registrar.again();
  };

  it('is multi-cluster or not as it was created, which is said only while its manifest says otherwise', async () => {
    const refusal = [expect.stringContaining('An update does not change multi-cluster') as string];
    expect(await becomes({ ...REGISTRATION, isMultiCluster: true })).toEqual(refusal);
    expect(await becomes({ ...REGISTRATION, isMultiCluster: true, team: 'dbas ' })).toEqual([expect.stringContaining('Team owner') as string]);
    expect(await becomes({ ...REGISTRATION, isMultiCluster: true })).toEqual(refusal);
    expect(await becomes(REGISTRATION)).toEqual([]);
  });

  it('is created again, with all that belongs to it, after it was removed', async () => {
    const api = tsuruApi(sandbox.address, sandbox.token);
    await api('DELETE', '/1.0/services/my-db');
    expect(await becomes({ ...REGISTRATION, isMultiCluster: true })).toEqual(['The service my-db is registered again.']);
    expect((await api('GET', '/1.0/services/my-db/doc')).body).toBe('words');
    expect((await api('GET', '/1.31/services/my-db/manifest')).body).toContain('"enabled":true');
  });

  it('is said to be registered once its files can be read again', async () => {
    expect(await becomes(new Error('half a file'))).toEqual(['half a file']);
    expect(await becomes(REGISTRATION)).toEqual(['The service my-db is registered again.']);
    expect(await becomes(REGISTRATION)).toEqual([]);
  });

  it('is refused in the words of Tsuru, whatever its id contains', async () => {
    expect(await becomes({ ...REGISTRATION, id: 'Böse/ #' })).toEqual([expect.stringContaining('Invalid service id') as string]);
  });
});

describe('the port of a service', () => {
  it('is not that of another one that is still starting', async () => {
    const over = new AbortController();
    const wanted = await freePort(0, over.signal);
    expect(await freePort(wanted, over.signal)).toBe(wanted);
    expect(await freePort(wanted, over.signal)).not.toBe(wanted);
    over.abort();
    expect(await freePort(wanted, over.signal)).toBe(wanted);
  });
});
