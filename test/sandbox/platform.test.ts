import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { permissionNames } from '../../src/sandbox/permissions/permission-names.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

let sandbox: Sandbox;
let api: TsuruApi;

beforeEach(async () => {
  sandbox = await startSandbox({ team: 'team1' });
  api = tsuruApi(sandbox.address, sandbox.token);
});

afterEach(() => sandbox.close());

/** Makes a user that has a role for a team. @returns requests with its token */
async function developer(...permissions: string[]): Promise<TsuruApi> {
  await api('POST', '/1.0/users', { email: 'dev@example.com', password: 'secret1' });
  await api('POST', '/1.0/roles', { name: 'dev', context: 'team' });
  for (const permission of permissions) await api('POST', '/1.0/roles/dev/permissions', { permission });
  await api('POST', '/1.0/roles/dev/user', { email: 'dev@example.com', context: 'team1' });
  const { body } = await api('POST', '/1.0/users/dev@example.com/tokens', { password: 'secret1' });
  return tsuruApi(sandbox.address, (JSON.parse(body) as { token: string }).token);
}

describe('a login', () => {
  it('of the first user gives the token of the sandbox, which stays after a logout', async () => {
    expect((await api('DELETE', '/1.0/users/tokens')).status).toBe(200);
    const { body } = await api('POST', '/1.0/users/root@example.com/tokens', { password: sandbox.token });
    expect(JSON.parse(body)).toEqual({ token: sandbox.token });
    expect((await api('GET', '/1.0/users/info')).status).toBe(200);
  });

  it('of others gives a token that a logout ends', async () => {
    const dev = await developer('app');
    expect((await dev('GET', '/1.0/users/info')).status).toBe(200);
    await dev('DELETE', '/1.0/users/tokens');
    expect((await dev('GET', '/1.0/users/info')).status).toBe(401);
  });

  it.each([
    ['no address', { password: 'secret1' }, 400, 'invalid email'],
    ['none@example.com', { password: 'secret1' }, 404, 'user not found'],
    ['root@example.com', {}, 400, 'you must provide a password to login'],
    ['root@example.com', { password: 'short' }, 400, 'Password length should be least 6 characters and at most 50 characters.'],
    ['root@example.com', { password: 'wrong-one' }, 401, 'Authentication failed, wrong password.'],
  ])('of %s with %o is refused', async (email, fields, status, text) => {
    expect(await api('POST', `/1.0/users/${encodeURIComponent(email)}/tokens`, fields)).toEqual({ status, body: `${text}\n` });
  });
});

describe('a user', () => {
  it('is made by those that may, and removes itself', async () => {
    const dev = await developer('app');
    expect((await dev('POST', '/1.0/users', { email: 'x@example.com', password: 'secret1' })).status).toBe(401);
    expect((await api('POST', '/1.0/users', { email: 'dev@example.com', password: 'secret1' })).status).toBe(409);
    expect((await dev('DELETE', '/1.0/users?user=root@example.com')).status).toBe(403);
    expect((await dev('DELETE', '/1.0/users')).status).toBe(200);
    expect((await dev('GET', '/1.0/users/info')).status).toBe(401);
  });

  it('sees of others only roles that permit no more than its own', async () => {
    const dev = await developer('app');
    const { body } = await dev('GET', '/1.0/users');
    expect((JSON.parse(body) as { Email: string }[]).map(({ Email }) => Email)).toEqual(['dev@example.com']);
  });
});

describe('a role', () => {
  it.each([
    ['nope', 400, 'permission named "nope" not found'],
    ['pool.read', 409, 'permission "pool.read" not allowed with context of type "team"'],
    ['*', 409, 'permission "" not allowed with context of type "team"'],
    ['', 400, 'invalid permission name'],
    ['service-action.db.backup', 400, 'permission named "service-action.db.backup" not found'],
  ])('does not get the permission "%s"', async (permission, status, text) => {
    await api('POST', '/1.0/roles', { name: 'dev', context: 'team' });
    expect(await api('POST', '/1.0/roles/dev/permissions', { permission })).toEqual({ status, body: `${text}\n` });
  });

  it('is assigned only by those that have what it permits', async () => {
    const dev = await developer('app');
    await api('POST', '/1.0/roles', { name: 'assigner', context: 'global' });
    await api('POST', '/1.0/roles/assigner/permissions', { permission: 'role.update.assign' });
    await api('POST', '/1.0/roles/assigner/user', { email: 'dev@example.com', context: '' });
    expect(await dev('POST', '/1.0/roles/AllowAll/user', { email: 'dev@example.com' })).toMatchObject({ status: 403 });
    expect(await dev('POST', '/1.0/roles/dev/user', { email: 'root@example.com', context: 'team1' })).toMatchObject({ status: 200 });
  });

  it('is not removed while a user has it', async () => {
    await developer('app');
    expect((await api('DELETE', '/1.0/roles/dev')).status).toBe(412);
    await api('DELETE', '/1.0/roles/dev/user/dev@example.com?context=team1');
    expect((await api('DELETE', '/1.0/roles/dev')).status).toBe(200);
  });

  it('is assigned only for a context that is there', async () => {
    await developer('app');
    expect(await api('POST', '/1.0/roles/dev/user', { email: 'dev@example.com', context: 'none' })).toEqual({ status: 400, body: 'team not found\n' });
    expect(await api('POST', '/1.0/roles/dev/user', { email: 'dev@example.com' })).toEqual({
      status: 400,
      body: 'Global context value is not valid for role with context type team\n',
    });
  });
});

describe('the permissions', () => {
  it('have the contexts of those above them, unless they have their own', () => {
    const contexts = Object.fromEntries(permissionNames().map((one) => [one.name, one.contexts]));
    expect(contexts['']).toEqual(['global']);
    expect(contexts['app.update.unit.autoscale.swap']).toEqual(['global', 'app', 'team', 'pool']);
    expect(contexts['app.create']).toEqual(['global', 'team']);
    expect(contexts['team.create']).toEqual(['global']);
    expect(contexts['service-instance.update.proxy']).toEqual(['global', 'service-instance', 'team']);
    expect(contexts['job.unit.kill']).toEqual(['global', 'team', 'pool', 'job']);
    expect(Object.keys(contexts)).toHaveLength(218);
  });

  it('are listed by name to those that change roles', async () => {
    const dev = await developer('app');
    expect((await dev('GET', '/1.0/permissions')).status).toBe(403);
    const names = (JSON.parse((await api('GET', '/1.0/permissions')).body) as { Name: string }[]).map(({ Name }) => Name);
    expect(names).toEqual([...names].sort());
  });
});

describe('a pool', () => {
  it('is the default until another takes that over by force', async () => {
    expect(await api('POST', '/1.0/pools', { name: 'pool2', default: 'true' })).toEqual({ status: 409, body: 'Default pool already exists.\n' });
    expect((await api('POST', '/1.0/pools', { name: 'pool2', default: 'true', force: 'true' })).status).toBe(201);
    const pools = JSON.parse((await api('GET', '/1.0/pools')).body) as { Name: string; Default: boolean }[];
    expect(pools.map(({ Name, Default }) => [Name, Default])).toEqual([['pool1', false], ['pool2', true]]);
  });
});
