import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { basicAuth } from '../../src/tsuru/auth.js';
import { ServiceError } from '../../src/tsuru/errors.js';
import type { MetricsPage } from '../../src/tsuru/observer.js';
import { Metrics } from '../../src/tsuru/telemetry/metrics.js';
import { AUTHORIZATION, call, recordings } from './support/requests.js';
import { gate, testService, until } from './support/service.js';
import { testStore } from './support/store.js';

const PASSWORD = 'a password of the metrics';
const SCRAPER = { authorization: `Basic ${Buffer.from(`metrics:${PASSWORD}`).toString('base64')}` };

type Counts = ConstructorParameters<typeof Metrics>[0];

/** A service with metrics of its own store; `counts` replaces the store's counts of instances. */
async function measured(options: Parameters<typeof testService>[0] & { counts?: Counts } = {}) {
  const store = await testStore();
  const { counts = store, ...others } = options;
  const metrics = new Metrics(counts, others.provisioning === 'background');
  const page: MetricsPage = { authenticate: basicAuth('metrics', PASSWORD), read: () => metrics.read() };
  const test = await testService({ store, observer: metrics, metrics: page, ...others });
  const scrape = () => test.send({ ...call('GET', '/metrics'), headers: SCRAPER });
  /** The samples of a metric, without the buckets of a histogram: `{'call="plans",status="200"': 1}`. */
  const samples = async (name: string) => {
    const found: Record<string, number> = {};
    for (const [, labels = '', value] of (await scrape()).body.matchAll(
      new RegExp(`^${name}(?:\\{(.*)\\})? (.+)$`, 'gm'),
    )) {
      found[labels] = Number(value);
    }
    return found;
  };
  return { ...test, scrape, samples };
}

const REQUESTS = 'tsuru_service_request_duration_seconds_count';
const BACKEND = 'tsuru_service_backend_call_duration_seconds_count';

describe('GET /metrics', () => {
  it('has a password of its own, which opens nothing else', async () => {
    const { send, scrape } = await measured();
    const page = await scrape();
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const authorization of [AUTHORIZATION, '', `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`]) {
      expect((await send({ ...call('GET', '/metrics'), headers: { authorization } })).status).toBe(401);
    }
    expect((await send({ ...call('GET', '/resources/plans'), headers: SCRAPER })).status).toBe(401);
    expect((await send({ ...call('GET', '/resources/metrics'), headers: SCRAPER })).status).toBe(401);
  });

  it('does not exist unless it is asked for', async () => {
    const { call: send } = await testService();
    expect((await send('GET', '/metrics')).status).toBe(404);
  });

  it('counts requests by call and status, and names no instance, app or job', async () => {
    const endpoint = { name: 'backups', method: 'POST', path: '/backups/:id', handle: () => ({ status: 202 }) } as const;
    const { call: send, samples, scrape } = await measured({ endpoints: [endpoint] });
    await send('GET', '/resources/plans');
    await send('POST', '/resources', { name: 'secret-instance', team: 't' });
    await send('POST', '/resources', { name: 'secret-instance', team: 'other' });
    await send('PUT', '/resources/secret-instance', { team: 't' });
    await send('GET', '/resources/secret-instance');
    await send('GET', '/resources/secret-instance/status');
    await send('POST', '/resources/secret-instance/backups/secret-backup');
    await send('POST', '/resources/secret-instance/bind-app', { 'app-name': 'secret-app' });
    await send('PUT', '/resources/secret-instance/binds/jobs/secret-job', { 'job-name': 'secret-job' });
    await send('DELETE', '/resources/secret-instance/binds/jobs/secret-job', {});
    await send('DELETE', '/resources/secret-instance/bind-app', { 'app-name': 'secret-app' });
    await send('DELETE', '/resources/secret-instance', {});
    await send('GET', '/resources/secret-instance');
    await send('GET', '/healthcheck');
    await send('GET', '/resources/secret-instance/no/such/path');
    expect(await samples(REQUESTS)).toEqual({
      'call="plans",status="200"': 1,
      'call="create",status="201"': 1,
      'call="create",status="422"': 1,
      'call="update",status="200"': 1,
      'call="info",status="200"': 1,
      'call="info",status="404"': 1,
      'call="status",status="204"': 1,
      'call="endpoint:backups",status="202"': 1,
      'call="bind_app",status="201"': 1,
      'call="bind_job",status="201"': 1,
      'call="unbind_job",status="200"': 1,
      'call="unbind_app",status="200"': 1,
      'call="destroy",status="200"': 1,
      'call="healthcheck",status="200"': 1,
    });
    expect((await scrape()).body).not.toContain('secret-');
  });

  it('counts the requests with a wrong password', async () => {
    const { send, samples } = await measured();
    await send({ ...call('GET', '/resources/plans'), headers: {} });
    await send({ ...call('GET', '/resources/plans'), headers: SCRAPER });
    expect(await samples('tsuru_service_unauthorized_requests_total')).toEqual({ '': 2 });
  });

  it('counts the calls of the backend by method and outcome', async () => {
    const { call: send, samples, backend } = await measured();
    await send('POST', '/resources', { name: 'db1', team: 't' });
    backend.instead.bindApp = () => Promise.reject(new ServiceError(400, 'No.'));
    await send('POST', '/resources/db1/bind-app', { 'app-name': 'app1' });
    backend.instead.bindApp = () => Promise.reject(new Error('the server is down'));
    await send('POST', '/resources/db1/bind-app', { 'app-name': 'app1' });
    backend.instead.update = () => Promise.reject(new ServiceError(503, 'Later.'));
    await send('PUT', '/resources/db1', { team: 't' });
    const counted = await samples(BACKEND);
    expect(counted).toMatchObject({
      'method="create",outcome="ok"': 1,
      'method="bindApp",outcome="refused"': 1,
      'method="bindApp",outcome="failed"': 1,
      'method="update",outcome="failed"': 1,
    });
  });

  it('counts a call that ended because of its time limit as aborted', async () => {
    const { call: send, samples, backend } = await measured({ timeouts: { background: 20 } });
    backend.instead.create = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    await send('POST', '/resources', { name: 'db1', team: 't' });
    expect(await samples(BACKEND)).toEqual({ 'method="create",outcome="aborted"': 1 });
  });

  it('shows the calls of the backend that run', async () => {
    const { call: send, samples, backend } = await measured();
    const [started, ended] = [gate(), gate()];
    backend.instead.create = async () => {
      started.open();
      await ended.opened;
    };
    const reply = send('POST', '/resources', { name: 'db1', team: 't' });
    await started.opened;
    expect(await samples('tsuru_service_backend_calls_in_progress')).toEqual({ 'method="create"': 1 });
    ended.open();
    await reply;
    expect(await samples('tsuru_service_backend_calls_in_progress')).toEqual({ 'method="create"': 0 });
  });
});

describe('the instances in the metrics', () => {
  it('are those in the store, by state, and the queue those that wait', async () => {
    const { call: send, samples, backend, service, store } = await measured({ provisioning: 'background' });
    await send('POST', '/resources', { name: 'db1', team: 't' });
    await until(async () => (await store.find('db1'))?.state === 'ready');
    const ended = gate();
    backend.instead.create = () => ended.opened;
    await send('POST', '/resources', { name: 'db2', team: 't' });
    expect(await samples('tsuru_service_instances')).toMatchObject({ 'state="pending"': 1, 'state="failed"': 0 });
    expect(await samples('tsuru_service_background_creations')).toEqual({ '': 1 });
    expect(await samples('tsuru_service_store_up')).toEqual({ '': 1 });
    ended.open();
    await service.lifeCycle.stop(Promise.resolve(), 1000);
  });

  it('are counted once for scrapes in the same seconds', async () => {
    let queries = 0;
    const countStates = () => {
      queries++;
      return Promise.resolve({ pending: 0, ready: 7, failed: 0, removing: 0 });
    };
    const { samples } = await measured({ counts: { countStates } });
    const all = await Promise.all([1, 2, 3].map(() => samples('tsuru_service_instances')));
    expect(all.map((found) => found['state="ready"'])).toEqual([7, 7, 7]);
    expect(queries).toBe(1);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('the database is away'))],
    ['does not reply', () => new Promise<never>(() => {})],
  ])('are left out when the store %s, and the rest is served', async (_, countStates) => {
    const { samples, call: send } = await measured({ counts: { countStates } });
    await send('GET', '/resources/plans');
    expect(await samples('tsuru_service_instances')).toEqual({});
    expect(await samples('tsuru_service_background_creations')).toEqual({});
    expect(await samples('tsuru_service_store_up')).toEqual({ '': 0 });
    expect(await samples(REQUESTS)).toMatchObject({ 'call="plans",status="200"': 1 });
  });
});

interface Panel {
  title: string;
  datasource?: { uid: string };
  targets?: { expr: string }[];
}

describe('docs/grafana-dashboard.json', () => {
  const text = readFileSync('docs/grafana-dashboard.json', 'utf8');
  const dashboard = JSON.parse(text) as {
    schemaVersion: number;
    templating: { list: { name: string; type: string }[] };
    panels: Panel[];
  };
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  it('queries only metrics and labels that the service has', async () => {
    const { send, scrape } = await measured();
    for (const request of recordings.slice(0, 20)) await send(request);
    await send({ ...call('GET', '/resources/plans'), headers: {} });
    const page = (await scrape()).body;
    const samples = new Set([...page.matchAll(/^(\w+)(?:\{| )/gm)].map(([, name]) => name));
    const labels = new Set([...page.matchAll(/[{,](\w+)="/g)].map(([, name]) => name));
    const queried = queries.flatMap((query) => query.match(/\b(?:tsuru_service|process|nodejs)_\w+/g) ?? []);
    expect(queried.length).toBeGreaterThan(10);
    expect(queried.filter((name) => !samples.has(name))).toEqual([]);
    // Prometheus itself adds the labels of the target.
    const used = queries.flatMap((query) => [
      ...[...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/)),
      ...[...query.matchAll(/[{,](\w+)[=!]~?"/g)].map(([, name]) => name),
    ]);
    expect(used.filter((name) => name !== 'job' && name !== 'instance' && !labels.has(name))).toEqual([]);
  });

  it('asks for its data source, and every panel uses it', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(dashboard.templating.list).toContainEqual(expect.objectContaining({ name: 'datasource', type: 'datasource' }));
    const charts = dashboard.panels.filter(({ targets }) => targets !== undefined);
    expect(charts.filter(({ datasource }) => datasource?.uid !== '${datasource}')).toEqual([]);
    expect(queries.filter((query) => !query.includes('job=~"$job"'))).toEqual([]);
  });
});
