import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startRecorder, type Recorder } from './support/recorder.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

let sandbox: Sandbox;
let recorder: Recorder;
let api: TsuruApi;
let service: Record<string, string>;

beforeEach(async () => {
  recorder = await startRecorder();
  sandbox = await startSandbox({ team: 'team1' });
  api = tsuruApi(sandbox.address, sandbox.token);
  service = { id: 'db', username: 'db', password: 'p', endpoint: recorder.address, team: 'team1' };
  expect(await api('POST', '/1.0/services', service)).toEqual({ status: 201, body: 'success' });
});

afterEach(async () => {
  await sandbox.close();
  await recorder.close();
});

const MANIFEST = {
  enabled: true,
  strict_actions: true,
  legacy_compat: false,
  operations: [{ method: 'GET', path: '/usage', action: 'usage.show' }, { method: 'POST', path: '/backups/{id}', action: 'backups.create' }],
};

async function setManifest(body: string, type = 'application/json'): Promise<{ status: number; body: string }> {
  const headers = { Authorization: `bearer ${sandbox.token}`, 'Content-Type': type };
  const response = await fetch(`${sandbox.address}/1.31/services/db/manifest`, { method: 'PUT', headers, body });
  return { status: response.status, body: await response.text() };
}

async function manifest(): Promise<unknown> {
  return JSON.parse((await api('GET', '/1.31/services/db/manifest')).body) as unknown;
}

/** A user with one role in the team. */
async function userWith(name: string, ...permissions: string[]): Promise<TsuruApi> {
  const email = `${name}@example.com`;
  await api('POST', '/1.0/users', { email, password: 'password' });
  await api('POST', '/1.0/roles', { name, context: 'team' });
  for (const permission of permissions) expect(await api('POST', `/1.0/roles/${name}/permissions`, { permission })).toMatchObject({ status: 200 });
  await api('POST', `/1.0/roles/${name}/user`, { email, context: 'team1' });
  const { body } = await api('POST', `/1.0/users/${email}/tokens`, { password: 'password' });
  return tsuruApi(sandbox.address, (JSON.parse(body) as { token: string }).token);
}

describe('a service', () => {
  it('keeps its manifest, its document and its encoding in an update', async () => {
    await setManifest(JSON.stringify(MANIFEST));
    await api('PUT', '/1.0/services/db/doc', { doc: 'text' });
    expect((await api('PUT', '/1.0/services/db', { ...service, password: 'q' })).status).toBe(200);
    expect(await manifest()).toEqual(MANIFEST);
    expect((await api('GET', '/1.0/services/db/doc')).body).toBe('text');
  });

  it('cannot be removed as long as it has instances', async () => {
    await api('POST', '/1.0/services/db/instances', { name: 'db1', owner: 'team1' });
    expect(await api('DELETE', '/1.0/services/db')).toEqual({
      status: 403,
      body: 'This service cannot be removed because it has instances.\nPlease remove these instances before removing the service.\n',
    });
    await api('DELETE', '/1.0/services/db/instances/db1');
    expect((await api('DELETE', '/1.0/services/db')).status).toBe(200);
  });

  it('is refused with an encoding that is none, before anything else is looked at', async () => {
    expect(await api('PUT', '/1.0/services/none', { ...service, encoding: 'y"l' })).toEqual({
      status: 400,
      body: 'Invalid encoding "y\\"l", valid options are: form, json\n',
    });
  });

  it('has no plans for a pool that is none', async () => {
    await api('POST', '/1.0/services', { ...service, id: 'mc', 'multi-cluster': 'true' });
    expect((await api('GET', '/1.0/services/mc/plans?pool=none')).body).toBe('[]\n');
  });

  it.each([
    ['http://127.0.0.1:99999', 'parse "http://127.0.0.1:99999": invalid URL'],
    ['the database', 'parse "http://the database": invalid URL'],
    ['https://RECORDER', 'Get "https://RECORDER/resources/plans": http: server gave HTTP response to HTTPS client'],
  ])('says why its address does not do: %s', async (endpoint, problem) => {
    const { host } = new URL(recorder.address);
    await api('PUT', '/1.0/services/db', { ...service, endpoint: endpoint.replace('RECORDER', host) });
    expect(await api('GET', '/1.0/services/db/plans')).toEqual({ status: 500, body: `${problem.replace('RECORDER', host)}\n` });
  });

  it('is listed with its instances to those that provide it', async () => {
    await api('POST', '/1.0/services/db/instances', { name: 'db1', owner: 'team1', tag: 'a' });
    const [provider, user] = [await userWith('provider', 'service'), await userWith('user', 'service-instance')];
    const instance = { name: 'db1', service_name: 'db', plan_name: '', apps: null, jobs: null, teams: null, team_owner: '', description: '', tags: ['a'] };
    expect(JSON.parse((await provider('GET', '/1.0/services')).body)).toEqual([
      { service: 'db', instances: ['db1'], plans: null, service_instances: [instance] },
    ]);
    expect((await user('GET', '/1.0/services')).status).toBe(204);
  });
});

describe('a permissions manifest', () => {
  it.each([
    ['application/yaml', 'enabled: true', { enabled: false, strict_actions: false, legacy_compat: false, operations: [] }],
    ['application/json', '{"operations":[]}', { enabled: false, strict_actions: false, legacy_compat: false, operations: [] }],
    ['application/x-www-form-urlencoded', 'strictactions=1&strict_actions=0', { enabled: false, strict_actions: true, legacy_compat: false, operations: [] }],
  ])('is replaced by what Tsuru reads in a body: %s %s', async (type, body, stored) => {
    await setManifest(JSON.stringify(MANIFEST));
    expect((await setManifest(body, type)).status).toBe(200);
    expect(await manifest()).toEqual(stored);
  });

  it('cannot take the last action of a permission that a role has', async () => {
    await setManifest(JSON.stringify(MANIFEST));
    await userWith('shows', 'service-action.db.usage');
    await userWith('does-all', 'service-action.db');
    const next = (operations: unknown[]) => setManifest(JSON.stringify({ ...MANIFEST, operations }));

    expect(await next(MANIFEST.operations.slice(1))).toEqual({ status: 409, body: '{"service":"db","conflicts":[{"action":"usage.show","roles":["shows"]}]}\n' });
    expect((await next([])).body).toBe(
      '{"service":"db","conflicts":[{"action":"backups.create","roles":["does-all"]},{"action":"usage.show","roles":["does-all","shows"]}]}\n',
    );
    expect((await next([{ method: 'GET', path: '/usage', action: 'usage.list' }])).status).toBe(200);
  });

  it('decides who may do what through the proxy', async () => {
    await setManifest(JSON.stringify(MANIFEST));
    await api('POST', '/1.0/services/db/instances', { name: 'db1', owner: 'team1' });
    const [shows, legacy] = [await userWith('shows', 'service-action.db.usage'), await userWith('legacy', 'service-instance')];
    const path = '/1.20/services/db/resources/db1';
    const reached = async () => {
      const all = [await shows('GET', `${path}/usage`), await shows('GET', `${path}/else`), await legacy('GET', `${path}/usage`), await legacy('GET', `${path}/else`)];
      return all.map(({ status }) => status !== 403);
    };
    expect(await reached()).toEqual([true, false, false, false]);
    await setManifest(JSON.stringify({ ...MANIFEST, legacy_compat: true }));
    expect(await reached()).toEqual([true, false, true, false]);
    await setManifest(JSON.stringify({ ...MANIFEST, strict_actions: false }));
    expect(await reached()).toEqual([true, false, false, true]);
  });
});
