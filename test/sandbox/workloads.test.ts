import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from './support/tsuru-api.ts';

let sandbox: Sandbox;
let api: TsuruApi;

beforeEach(async () => {
  sandbox = await startSandbox({ team: 'team1' });
  api = tsuruApi(sandbox.address, sandbox.token);
});

afterEach(() => sandbox.close());

interface Variable {
  name: string;
  value: string;
  managedBy?: string;
}

async function environment(path: string): Promise<Record<string, string>> {
  const { body } = await api('GET', path);
  return Object.fromEntries((JSON.parse(body) as Variable[]).map(({ name, value }) => [name, value]));
}

describe('an app', () => {
  it('gets the only team, the default pool and the default plan, and an address', async () => {
    expect(await api('POST', '/1.0/apps', { name: 'shop' })).toEqual({ status: 201, body: '{"ip":"shop.fakerouter.com","status":"success"}' });
    const { body } = await api('GET', '/1.0/apps/shop');
    expect(JSON.parse(body)).toMatchObject({ teamowner: 'team1', pool: 'pool1', plan: { name: 'c0.1m0.2', default: true }, ip: 'shop.fakerouter.com' });
  });

  it.each([
    [{ name: 'app1' }, 409, 'tsuru failed to create the app "app1": there is already an app with this name'],
    [{ name: 'x', pool: 'none' }, 500, 'Pool does not exist.'],
    [{ name: 'x', plan: 'none' }, 500, 'plan not found'],
    [{ name: 'x', teamOwner: 'none' }, 400, 'team not found'],
    [{ name: 'x', router: 'none2' }, 500, 'router "none2" not found'],
    [{ name: 'x', platform: 'python' }, 500, "Invalid platform"],
  ])('is refused as %o', async (fields, status, text) => {
    expect(await api('POST', '/1.0/apps', fields)).toEqual({ status, body: `${text}\n` });
  });

  it.each([
    ['{"name":1}', 'json: cannot unmarshal number into Go struct field inputApp.Name of type string'],
    ['{"tags":"a"}', 'json: cannot unmarshal string into Go struct field inputApp.Tags of type []string'],
  ])('is refused as the JSON %s', async (body, text) => {
    const headers = { Authorization: `bearer ${sandbox.token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${sandbox.address}/1.0/apps`, { method: 'POST', headers, body });
    expect([answer.status, await answer.text()]).toEqual([400, `unable to parse as json: ${JSON.stringify(body)} - ${text}\n`]);
  });

  it('keeps the plan that it was made with when another becomes the default', async () => {
    await api('POST', '/1.0/plans', { name: 'small', cpumilli: '100', memory: '134217728', default: 'true' });
    const { body } = await api('GET', '/1.0/apps/app1');
    expect(JSON.parse(body)).toMatchObject({ plan: { name: 'c0.1m0.2', memory: 268_435_456, cpumilli: 100, default: true } });
  });
});

describe('variables', () => {
  const set = (variables: Record<string, string>, more: Record<string, string> = {}) =>
    api('POST', '/1.0/apps/app1/env', {
      ...Object.fromEntries(Object.entries(variables).flatMap(([name, value], index) => [[`Envs.${index}.Name`, name], [`Envs.${index}.Value`, value]])),
      ...more,
    });

  it('of Tsuru, and those with a name of another form, are refused together', async () => {
    expect(await set({ 'A-B': '1', TSURU_SERVICES: '{}' })).toEqual({
      status: 400,
      body:
        'There were errors validating environment variables: multiple errors reported (2): ' +
        'error 0: "A-B" is not valid environment variable name: a valid environment variable name must consist of alphabetic characters, digits, ' +
        "'_' and must not start with a digit: invalid environment variable name - " +
        'error 1: cannot change an internal environment variable (TSURU_SERVICES): write-protected environment variable\n',
    });
  });

  it('that are private do not show in the event', async () => {
    await set({ PUBLIC: 'seen', SECRET: 'hidden' }, { 'Envs.1.Private': 'true' });
    const events = JSON.parse((await api('GET', '/1.1/events?kindname=app.update.env.set')).body) as { UniqueID: string }[];
    const { body } = await api('GET', `/1.1/events/${events[0]?.UniqueID}`);
    expect(body).toContain('seen');
    expect(body).not.toContain('hidden');
  });

  it('of a job are set and unset as those of an app are', async () => {
    await api('POST', '/1.13/jobs/job1/env', { 'Envs.0.Name': 'A', 'Envs.0.Value': '1' });
    expect(await environment('/1.16/jobs/job1/env')).toEqual({ A: '1', TSURU_SERVICES: '{}' });
    expect((await api('DELETE', '/1.13/jobs/job1/env?env=A')).body).toContain('---- Unsetting 1 environment variables ----');
    expect(await environment('/1.16/jobs/job1/env')).toEqual({ TSURU_SERVICES: '{}' });
  });
});

describe('a job', () => {
  it.each([
    [{ name: 'job1', pool: 'pool1', schedule: '@daily' }, 400, 'tsuru failed to create job "job1": a job with the same name already exists'],
    [{ name: 'x', schedule: '@daily' }, 400, 'tsuru failed to create job "x": Pool does not exist.'],
    [{ name: 'x', pool: 'pool1', schedule: 'soon' }, 400, 'invalid schedule'],
    [{ name: 'x', pool: 'pool1', schedule: '@daily', manual: 'true' }, 409, "you can't set schedule and manual job at the same time"],
  ])('is refused as %o', async (fields, status, text) => {
    expect(await api('POST', '/1.13/jobs', fields)).toEqual({ status, body: `${text}\n` });
  });

  it('that is started by hand has a schedule that never comes', async () => {
    await api('POST', '/1.13/jobs', { name: 'x', pool: 'pool1', manual: 'true' });
    expect((await api('GET', '/1.13/jobs/x')).body).toContain('"schedule":"* * 31 2 *","manual":true');
  });

  it.each(['0 3 * * *', '*/5 0-6 1,15 jan-mar mon', '@daily', '@every 1h30m', 'TZ=UTC 0 3 * * ?'])('may have the schedule %s', async (schedule) => {
    expect((await api('POST', '/1.13/jobs', { name: 'x', pool: 'pool1', schedule })).status).toBe(201);
  });

  it.each(['', 'soon', '0 3 * *', '@sometimes'])('may not have the schedule "%s"', async (schedule) => {
    expect((await api('POST', '/1.13/jobs', { name: 'x', pool: 'pool1', schedule })).body).toBe('invalid schedule\n');
  });
});

describe('what services do not need', () => {
  it.each([
    ['POST', '/1.0/apps/app1/deploy', 'deploys'],
    ['POST', '/1.0/apps/app1/restart', 'units'],
    ['PUT', '/1.0/apps/app1', 'changes of apps', { plan: 'c1m1' }],
    ['PUT', '/1.6/teams/team1', 'changes of apps, jobs, teams'],
    ['GET', '/1.7/provisioner', 'provisioners'],
    ['GET', '/1.0/apps/app1/log', 'logs'],
    ['POST', '/1.4/volumes', 'volumes'],
  ])('is refused in words: %s %s', async (method, path, topic, fields?: Record<string, string>) => {
    const { status, body } = await api(method, path, fields);
    expect(status).toBe(501);
    expect(body).toContain(`The sandbox has no ${topic}`);
  });

  it('is an empty list where there would be one', async () => {
    expect(await api('GET', '/1.0/platforms')).toEqual({ status: 204, body: '' });
  });

  it('is not found where Tsuru has nothing either', async () => {
    expect((await api('POST', '/1.0/apps/app1/nope')).status).toBe(404);
  });
});
