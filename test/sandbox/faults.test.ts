import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FAULTS, BREAKABLE_STEPS, type Fault, type Step } from '../../src/sandbox/faults.ts';
import { startPlace, type Place } from './support/place.ts';
import { isDone, type TsuruApi } from './support/tsuru-api.ts';

const INSTANCE = '/1.0/services/db/instances/db1';
const APP = '/1.13/services/db/instances/db1/apps/app1';
const JOB = '/1.13/services/db/instances/db1/jobs/job1';

/** How each change is asked for, and what must be there before. */
const CHANGES: Record<Step, { needs: Step[]; ask: (api: TsuruApi) => ReturnType<TsuruApi> }> = {
  create: { needs: [], ask: (api) => api('POST', '/1.0/services/db/instances', { name: 'db1', planname: 'small', teamowner: 'team1' }) },
  update: { needs: ['create'], ask: (api) => api('PUT', INSTANCE, { plan: 'large', teamowner: 'team1' }) },
  remove: { needs: ['create'], ask: (api) => api('DELETE', INSTANCE) },
  'bind-app': { needs: ['create'], ask: (api) => api('PUT', APP, {}) },
  'unbind-app': { needs: ['create', 'bind-app'], ask: (api) => api('DELETE', APP) },
  'bind-job': { needs: ['create'], ask: (api) => api('PUT', JOB, {}) },
  'unbind-job': { needs: ['create', 'bind-job'], ask: (api) => api('DELETE', JOB) },
};

/** What is known of the instance: its plan, what it is bound to, and of Tsuru also what has its variables; null for nothing. */
type Known = string | null;

interface Outcome {
  tsuru: Known;
  service: Known;
  /** What the service was asked for. */
  calls: string[];
}

const [CREATE, DESTROY, STATUS] = ['POST /resources', 'DELETE /resources/db1', 'GET /resources/db1/status'];
const [BIND_APP, UNBIND_APP] = ['POST /resources/db1/bind-app', 'DELETE /resources/db1/bind-app'];
const [BIND_JOB, UNBIND_JOB] = ['PUT /resources/db1/binds/jobs/job1', 'DELETE /resources/db1/binds/jobs/job1'];
const UPDATE = 'PUT /resources/db1';

const UNANSWERED: Record<Step, Outcome> = {
  create: { tsuru: null, service: 'small', calls: [CREATE] },
  update: { tsuru: 'large', service: 'large', calls: [UPDATE] },
  remove: { tsuru: 'small', service: null, calls: [DESTROY] },
  'bind-app': { tsuru: 'small', service: 'small app1', calls: [BIND_APP, STATUS] },
  'unbind-app': { tsuru: 'small app1 $app1', service: 'small', calls: [UNBIND_APP] },
  'bind-job': { tsuru: 'small', service: 'small job1', calls: [BIND_JOB, STATUS] },
  'unbind-job': { tsuru: 'small job1 $job1', service: 'small', calls: [UNBIND_JOB] },
};

const OUTCOMES: Record<Fault, Partial<Record<Step, Outcome>>> = {
  lost: UNANSWERED,
  timeout: UNANSWERED,
  crash: {
    create: { tsuru: null, service: 'small', calls: [CREATE] },
    update: { tsuru: 'large', service: 'small', calls: [] },
    remove: { tsuru: 'small', service: null, calls: [DESTROY] },
    'bind-app': { tsuru: 'small app1', service: 'small app1', calls: [BIND_APP] },
    'unbind-app': { tsuru: 'small $app1', service: 'small', calls: [UNBIND_APP] },
    'bind-job': { tsuru: 'small job1', service: 'small job1', calls: [BIND_JOB] },
    'unbind-job': { tsuru: 'small $job1', service: 'small', calls: [UNBIND_JOB] },
  },
  store: {
    create: { tsuru: null, service: null, calls: [CREATE, DESTROY] },
    remove: { tsuru: 'small', service: null, calls: [DESTROY] },
    'bind-app': { tsuru: 'small', service: 'small', calls: [BIND_APP, UNBIND_APP, STATUS] },
    'unbind-app': { tsuru: 'small app1 $app1', service: 'small app1', calls: [UNBIND_APP, BIND_APP] },
    'bind-job': { tsuru: 'small', service: 'small', calls: [BIND_JOB, UNBIND_JOB, STATUS] },
    'unbind-job': { tsuru: 'small job1 $job1', service: 'small job1', calls: [UNBIND_JOB, BIND_JOB] },
  },
  restart: {
    // Tsuru has the variables already, and does not take them back.
    'bind-app': { tsuru: 'small $app1', service: 'small', calls: [BIND_APP, UNBIND_APP, STATUS] },
    'unbind-app': { tsuru: 'small app1', service: 'small app1', calls: [UNBIND_APP, BIND_APP] },
    'bind-job': { tsuru: 'small', service: 'small', calls: [BIND_JOB, UNBIND_JOB, STATUS] },
    'unbind-job': { tsuru: 'small job1', service: 'small job1', calls: [UNBIND_JOB, BIND_JOB] },
  },
};

let place: Place;

beforeEach(async () => {
  place = await startPlace();
});

afterEach(() => place.close());

async function make(step: Step): Promise<void> {
  for (const needed of CHANGES[step].needs) expect(isDone(await CHANGES[needed].ask(place.api))).toBe(true);
  place.service.calls.length = 0;
}

function tsuruKnows(): Known {
  const { instances, apps, jobs } = place.world.state;
  const [instance] = instances;
  const holders = [...apps, ...jobs].filter(({ bound }) => bound.length > 0).map(({ name }) => `$${name}`);
  return instance === undefined ? null : [instance.plan, ...instance.apps, ...instance.jobs, ...holders].join(' ');
}

function serviceKnows(): Known {
  const instance = place.service.instances.get('db1');
  return instance === undefined ? null : [instance.plan, ...instance.apps, ...instance.jobs].join(' ');
}

const CASES = (Object.keys(FAULTS) as Fault[]).flatMap((fault) => BREAKABLE_STEPS.map((step) => ({ fault, step, outcome: OUTCOMES[fault][step] })));

describe('a fault', () => {
  it.each(CASES.filter(({ outcome }) => outcome !== undefined))('leaves behind what it does in production: $fault in $step', async ({ fault, step, outcome }) => {
    await make(step);
    place.world.faults.arm(fault, step);
    const answer = await CHANGES[step].ask(place.api);

    expect([isDone(answer), answer.status === undefined]).toEqual([false, fault === 'crash']);
    expect({ tsuru: tsuruKnows(), service: serviceKnows(), calls: place.service.calls }).toEqual(outcome);
    expect(place.world.faults.list()).toEqual([]);
    expect(place.world.state.events.filter(({ Running }) => Running)).toEqual([]);
  });

  it.each(CASES.filter(({ outcome }) => outcome === undefined))('is refused where it cannot happen: $fault in $step', ({ fault, step }) => {
    expect(() => { place.world.faults.arm(fault, step); }).toThrow(`The fault "${fault}" cannot happen in "${step}"`);
    expect(place.world.faults.list()).toEqual([]);
  });

  it('happens once, so that the same change can be tried again', async () => {
    place.world.faults.arm('lost', 'create');
    expect(isDone(await CHANGES.create.ask(place.api))).toBe(false);
    expect(isDone(await CHANGES.create.ask(place.api))).toBe(true);
    expect([tsuruKnows(), serviceKnows()]).toEqual(['small', 'small']);
  });

  it('is kept for a change in which it can happen: without a restart, there is none that fails', async () => {
    await make('bind-app');
    place.world.faults.arm('restart', 'bind-app');
    expect(isDone(await place.api('PUT', APP, { noRestart: 'true' }))).toBe(true);
    expect(place.world.faults.list()).toEqual([{ fault: 'restart', step: 'bind-app' }]);
  });

  it('shows the call whose answer was lost, with the answer', async () => {
    place.world.faults.arm('lost', 'create');
    await CHANGES.create.ask(place.api);
    expect(place.world.traffic.list()).toMatchObject([{ fault: 'lost', failure: 'ECONNRESET', reply: { status: 201 }, request: { method: 'POST' } }]);
  });

  it('of a time-out hangs up on a service that is still at work', async () => {
    place.world.settings.callTimeout = 50;
    place.service.before = (_, hungUp) => hungUp;
    place.world.faults.arm('timeout', 'create');
    const answer = await CHANGES.create.ask(place.api);
    expect(answer.body).toContain('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
    await expect.poll(serviceKnows).toBe('small');
    expect(tsuruKnows()).toBe(null);
  });
});
