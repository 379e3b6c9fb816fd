import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { bsonList } from '../../src/sandbox/events/bson.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

let sandbox: Sandbox;
let api: TsuruApi;

beforeEach(async () => {
  sandbox = await startSandbox({ team: 'team1' });
  api = tsuruApi(sandbox.address, sandbox.token);
  await api('POST', '/1.0/apps', { name: 'a' });
  await api('POST', '/1.0/apps', { name: 'b' });
  await api('POST', '/1.0/apps', { name: 'b' });
  await api('POST', '/1.0/plans', { name: 'p' });
});

afterEach(() => sandbox.close());

interface Event {
  UniqueID: string;
  Target: { Value: string };
  Error: string;
}

async function targets(query: string, by = api): Promise<string[]> {
  const { body } = await by('GET', `/1.1/events?${query}`);
  return body === '' ? [] : (JSON.parse(body) as Event[]).map(({ Target }) => Target.Value);
}

describe('events', () => {
  it.each([
    ['', ['p', 'b', 'b', 'a']],
    ['target.type=app', ['b', 'b', 'a']],
    ['target.type=app&target.value=b', ['b', 'b']],
    ['kindname=plan.create&kindname=app.create&limit=2', ['p', 'b']],
    ['skip=3', ['a']],
    ['erroronly=true', ['b']],
    ['ownername=none@example.com', []],
    ['until=2001-01-01T00:00:00Z', []],
    ['running=true', []],
  ])('are found by "%s", the newest first', async (query, expected) => {
    expect(await targets(query)).toEqual(expected);
  });

  it('are not found by what is no number', async () => {
    const { status, body } = await api('GET', '/1.1/events?limit=few');
    expect([status, body]).toEqual([400, expect.stringContaining(' - could not parse int from "few"\n')]);
  });

  it('are seen by those that may see them in the context', async () => {
    await api('POST', '/1.0/users', { email: 'dev@example.com', password: 'secret1' });
    await api('POST', '/1.0/roles', { name: 'dev', context: 'app' });
    await api('POST', '/1.0/roles/dev/permissions', { permission: 'app.read' });
    await api('POST', '/1.0/roles/dev/user', { email: 'dev@example.com', context: 'a' });
    const { body } = await api('POST', '/1.0/users/dev@example.com/tokens', { password: 'secret1' });
    const dev = tsuruApi(sandbox.address, (JSON.parse(body) as { token: string }).token);
    expect(await targets('target.type=app', dev)).toEqual(['a']);
    const [plan] = JSON.parse((await api('GET', '/1.1/events?target.type=plan')).body) as Event[];
    expect((await dev('GET', `/1.1/events/${plan?.UniqueID}`)).status).toBe(403);
  });

  it('are not cancelled', async () => {
    const [event] = JSON.parse((await api('GET', '/1.1/events')).body) as Event[];
    const path = `/1.1/events/${event?.UniqueID}/cancel`;
    expect(await api('POST', path, {})).toEqual({ status: 400, body: 'reason is mandatory\n' });
    expect(await api('POST', path, { reason: 'too slow' })).toEqual({ status: 400, body: 'event is not cancelable\n' });
    expect(await api('GET', '/1.1/events/none')).toEqual({ status: 400, body: 'uuid parameter is not ObjectId: none\n' });
  });
});

describe('a list in BSON', () => {
  it('has the bytes that the format says', () => {
    const { kind, data } = bsonList([{ name: 'a', value: 'b' }]);
    const field = '02 6e616d6500 02000000 6100 02 76616c756500 02000000 6200';
    expect(kind).toBe(4);
    expect(data.toString('hex')).toBe(`26000000 03 3000 1e000000 ${field} 00 00`.replaceAll(' ', ''));
  });
});
