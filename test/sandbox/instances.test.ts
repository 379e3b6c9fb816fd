import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startPlace, type Place } from './support/place.ts';
import { isDone, tsuruApi } from './support/tsuru-api.ts';

const INSTANCES = '/1.0/services/db/instances';
const INSTANCE = `${INSTANCES}/db1`;

let place: Place;

beforeEach(async () => {
  place = await startPlace();
  place.world.state.teams.push({ name: 'team2', tags: [] });
});

afterEach(() => place.close());

async function add(fields: Record<string, string> = {}): Promise<void> {
  expect(await place.api('POST', INSTANCES, { name: 'db1', planname: 'small', teamowner: 'team1', ...fields })).toEqual({ status: 201, body: '' });
}

/** The body of the last call to the service. */
function lastBody(): string {
  return place.world.traffic.list().at(-1)?.request.body.replace(/eventid=\w+&|&user=[^&]+/g, '') ?? '';
}

const recorded = () => place.world.state.instances[0];

describe('an instance', () => {
  it('takes the names of fields of today in JSON, and no others', async () => {
    await place.api('POST', INSTANCES, JSON.stringify({ name: 'db1', team_owner: 'team1', plan_name: 'small', planname: 'no', teamowner: 'no' }));
    expect(recorded()).toMatchObject({ teamOwner: 'team1', plan: 'small' });
  });

  it('has clean tags from the first, which the service gets too', async () => {
    await add({ 'tags.0': ' a ', 'tags.1': 'b', 'tags.2': 'a', 'tags.3': ' ' });
    expect([recorded()?.tags, lastBody()]).toEqual([['a', 'b'], 'name=db1&plan=small&tags=a&tags=b&team=team1']);
  });

  it('is refused in words of Go where a field cannot be decoded', async () => {
    const answer = await place.api('POST', INSTANCES, { name: 'db1', teamowner: 'team1', tags: 'a' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatch(/^unable to decode form: url\.Values\{":mux-path-template":.*\} - {2}is not a valid index for type \[\]string\n$/);
    expect(place.service.calls).toEqual([]);
  });

  it('tells parameters that were left out from none', async () => {
    await place.api('POST', INSTANCES, JSON.stringify({ name: 'db1', team_owner: 'team1', parameters: {} }));
    expect([lastBody(), recorded()?.parameters]).toEqual(['name=db1&parameters.=&team=team1', {}]);
  });

  it('is locked while it is being created', async () => {
    const second = new Promise<{ status: number | undefined; body: string }>((resolve) => {
      place.service.before = async () => {
        resolve(await place.api('POST', INSTANCES, { name: 'db1', teamowner: 'team1' }));
      };
    });
    await add();
    expect((await second).body).toMatch(/^event locked: service-instance\(db\/db1\) running "service-instance.create" start by user root@example.com at /);
  });
});

describe('an update', () => {
  it('that the service refuses stays in the record, without the new owner among the teams', async () => {
    await add();
    const update = { description: 'new', plan: 'large', teamowner: 'team2', 'tags.0': 'a', 'tags.1': 'a', 'parameters.size': '2' };
    place.world.faults.arm('lost', 'update');
    expect((await place.api('PUT', INSTANCE, update)).status).toBe(500);
    expect(recorded()).toMatchObject({ description: 'new', plan: 'large', teamOwner: 'team2', teams: ['team1'], tags: ['a', 'a'], parameters: { size: '2' } });
  });

  it('adds the new owner to the teams, and sends the tags as they were given', async () => {
    await add();
    expect(isDone(await place.api('PUT', INSTANCE, { teamowner: 'team2', 'tags.0': 'a', 'tags.1': 'a' }))).toBe(true);
    expect([recorded()?.teams, recorded()?.tags, recorded()?.plan]).toEqual([['team1', 'team2'], ['a'], '']);
    expect(lastBody()).toBe('description=&plan=&tags=a&tags=a&team=team2');
  });

  it('needs a permission for each field that differs, and one that is left out does, also from nothing', async () => {
    await add();
    const { state } = place.world;
    state.roles.push({ name: 'planner', context: 'team', description: '', permissions: ['service-instance.update.plan'], actions: [] });
    state.users.push({ email: 'a@example.com', password: 'x', tokens: ['of-a'], roles: [{ name: 'planner', value: 'team1' }] });
    const api = tsuruApi(place.address, 'of-a');
    const fields = { teamowner: 'team1', plan: 'large', tags: [], parameters: {} };
    expect((await api('PUT', INSTANCE, JSON.stringify({ ...fields, tags: undefined }))).status).toBe(403);
    expect((await api('PUT', INSTANCE, JSON.stringify({ ...fields, parameters: undefined }))).status).toBe(403);
    expect((await api('PUT', INSTANCE, JSON.stringify(fields))).status).toBe(200);
    expect((await api('PUT', INSTANCE, JSON.stringify(fields))).body).toContain('You must define at least one.');
  });
});

describe('a bind', () => {
  it('is refused in words of Go where a switch cannot be read', async () => {
    await add();
    const { status, body } = await place.api('PUT', '/1.13/services/db/instances/db1/apps/app1', { noRestart: 'maybe' });
    expect([status, body]).toEqual([400, expect.stringContaining('could not parse bool from "maybe"') as string]);
  });

  it('lets an instance be used by the role that names it without its service', async () => {
    await add();
    const { state } = place.world;
    const role = { name: 'binder', context: 'service-instance' as const, description: '', permissions: ['service-instance.update.bind'], actions: [] };
    state.roles.push(role, { ...role, name: 'apps', context: 'team', permissions: ['app'] });
    const user = (value: string) => ({ email: `${value}@example.com`, password: 'x', tokens: [value], roles: [{ name: 'binder', value }, { name: 'apps', value: 'team1' }] });
    state.users.push(user('db1'), user('db/db1'));
    const bind = (token: string) => tsuruApi(place.address, token)('PUT', '/1.13/services/db/instances/db1/apps/app1', {});
    expect((await bind('db/db1')).status).toBe(403);
    expect((await bind('db1')).status).toBe(200);
  });
});

describe('a bind that waits for its app', () => {
  it.each([
    ['the instance is removed', 'DELETE /resources/db2', `${INSTANCES}/db2`, { status: 500, body: 'app is already bound to this service instance ("db2" is not implemented for this service)\n' }],
    ['the app is removed', 'DELETE /resources/db1/bind-app', '/1.0/apps/app1', { status: 404, body: 'App not found\n' }],
  ])('leaves nothing behind if meanwhile %s', async (_, call, path, answer) => {
    await add();
    await add({ name: 'db2' });
    await place.api('PUT', '/1.13/services/db/instances/db1/apps/app1', {});
    const second = new Promise<Awaited<ReturnType<Place['api']>>>((resolve) => {
      place.service.before = async (made) => {
        if (made !== call) return;
        const bind = place.api('PUT', '/1.13/services/db/instances/db2/apps/app1', {});
        // By then, the bind has found the instance and the app.
        for (let count = 0; count < 3; count++) await place.api('GET', INSTANCES);
        resolve(bind);
      };
    });
    await place.api('DELETE', path);

    expect(await second).toEqual(answer);
    expect(place.service.instances.get('db2')?.apps.size ?? 0).toBe(0);
    const { apps, instances } = place.world.state;
    expect([...apps.flatMap(({ bound }) => bound.map((variable) => variable.instance)), ...instances.flatMap((one) => one.apps)]).not.toContain('db2');
  });
});
