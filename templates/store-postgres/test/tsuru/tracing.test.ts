import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { answers } from '../../src/tsuru/answers.js';
import { startProcess } from './support/process.js';
import { until } from './support/service.js';
import { storePlace, type StorePlace } from './support/store.js';

const PASSWORD = 'a password of the test';
const OLD_PASSWORD = 'the old password of the test';
const HEADERS = {
  authorization: `Basic ${Buffer.from(`svc:${PASSWORD}`).toString('base64')}`,
  connection: 'close',
  'content-type': 'application/x-www-form-urlencoded',
  'x-tsuru-pool-name': 'pool1',
};
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SLOW = 120_000;

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number };
}

interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Attribute[];
  status: { code?: number };
}

interface Batch {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
}

function valuesOf(attributes: readonly Attribute[]): Record<string, string | number | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}

/** A collector of OTLP over HTTP, which keeps every batch; `replies` is false for one that never does. */
async function collector(replies = true) {
  const batches: { path: string; text: string }[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      batches.push({ path: request.url ?? '', text });
      if (replies) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const resources = () => batches.flatMap(({ text }) => (JSON.parse(text) as Batch).resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches,
    text: () => batches.map(({ text }) => text).join('\n'),
    spans: () => resources().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    resource: () => valuesOf(resources()[0]?.resource.attributes ?? []),
  };
}

describe('the service as a process', { timeout: SLOW }, () => {
  let place: StorePlace;
  let started: ReturnType<typeof startProcess> | undefined;
  beforeEach(async () => {
    place = await storePlace();
  });
  afterEach(async () => {
    started?.child.kill('SIGKILL');
    await started?.ended;
    await place.remove();
  });

  function start(environment: Record<string, string>) {
    started = startProcess({
      ...place.environment,
      SERVICE_USERNAME: 'svc',
      SERVICE_PASSWORD: PASSWORD,
      ...environment,
    });
    return started;
  }

  function scratch(): string {
    const directory = mkdtempSync(join(tmpdir(), 'service-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  async function createInstance(address: string, headers: Record<string, string> = {}): Promise<number> {
    const body = 'name=db1&team=t&parameters.token=a-secret-parameter&user=dev@example.com&eventid=e1';
    const reply = await fetch(`${address}/resources?token=a-secret-query`, {
      method: 'POST',
      headers: { ...HEADERS, ...headers },
      body,
    });
    return reply.status;
  }

  it('sends a span for each request and for its call of the backend, in the trace of the client', async () => {
    const { url, batches, spans, resource, text } = await collector();
    const service = start({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' });
    const address = await service.address;
    expect(await createInstance(address, { traceparent: `00-${TRACE}-${PARENT}-01` })).toBe(201);
    await until(async () => (await place.query('select state from instances'))[0]?.['state'] === 'ready');
    expect((await fetch(`${address}/healthcheck`)).status).toBe(200);
    expect((await fetch(`${address}/resources/none`, { headers: HEADERS })).status).toBe(404);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);

    expect(new Set(batches.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    expect(resource()).toMatchObject({ 'service.name': answers.service, 'deployment.environment': 'test' });
    const all = spans();
    expect(all.map(({ name }) => name).sort()).toEqual(['GET /resources/:name', 'POST /resources', 'backend create']);
    const request = all.find(({ name }) => name === 'POST /resources');
    const backend = all.find(({ name }) => name === 'backend create');
    expect(request).toMatchObject({ kind: 2, traceId: TRACE, parentSpanId: PARENT });
    // A creation from the queue may be on another replica, and has a trace of its own.
    const inTrace = answers.provisioning === 'inline' ? { traceId: TRACE, parentSpanId: request?.spanId } : {};
    expect(backend).toMatchObject({ kind: 1, ...inTrace });
    expect(valuesOf(request?.attributes ?? [])).toEqual({
      'http.request.method': 'POST',
      'http.route': '/resources',
      'http.response.status_code': 201,
      'url.path': '/resources',
      'url.scheme': 'http',
      'tsuru.call': 'create',
    });
    expect(valuesOf(backend?.attributes ?? [])).toMatchObject({ 'tsuru.backend.method': 'create' });
    expect(Object.keys(valuesOf(backend?.attributes ?? []))).toEqual(['tsuru.backend.method', 'tsuru.instance.id']);
    for (const secret of ['a-secret', PASSWORD, HEADERS.authorization, 'dev@example.com']) {
      expect(text()).not.toContain(secret);
    }
  });

  it('sends nothing when OpenTelemetry is disabled', async () => {
    const { url, batches } = await collector();
    const service = start({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: 'true' });
    expect(await createInstance(await service.address)).toBe(201);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(batches).toEqual([]);
  });

  it.each([
    ['is down', async () => 'http://127.0.0.1:9'],
    ['never replies', async () => (await collector(false)).url],
  ])('serves, and stops, when the collector %s', async (_, urlOf) => {
    const service = start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${await urlOf()}/v1/traces`,
      OTEL_BSP_SCHEDULE_DELAY: '10',
      OTEL_EXPORTER_OTLP_TIMEOUT: '3600000',
    });
    const address = await service.address;
    expect(await createInstance(address)).toBe(201);
    expect((await fetch(`${address}/resources/plans`, { headers: HEADERS })).status).toBe(200);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).toContain('"stopped"');
  });

  it('loads the libraries of metrics and traces only when they are asked for', async () => {
    const { url } = await collector();
    const loaded = async (environment: Record<string, string>) => {
      const coverage = scratch();
      const service = start({ NODE_V8_COVERAGE: coverage, ...environment });
      expect(await createInstance(await service.address)).toBe(201);
      service.child.kill('SIGTERM');
      expect(await service.ended).toBe(0);
      const text = readdirSync(coverage).map((file) => readFileSync(join(coverage, file), 'utf8')).join('');
      const libraries = ['prom-client', '@opentelemetry/sdk-trace-node', '@opentelemetry/api'];
      return libraries.filter((library) => text.includes(`node_modules/${library}/`));
    };
    expect(await loaded({})).toEqual([]);
    expect(await loaded({ METRICS_PORT: '0' })).toContain('prom-client');
    expect(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toContain('@opentelemetry/sdk-trace-node');
  });

  it('serves the metrics on their own port, without a password', async () => {
    const service = start({ METRICS_PORT: '0' });
    const address = await service.address;
    const port = /"metricsPort":(\d+)/.exec(service.output())?.[1] ?? '';
    const page = `http://127.0.0.1:${port}/metrics`;
    expect(await createInstance(address)).toBe(201);
    const scrape = await fetch(page);
    expect([scrape.status, await scrape.text()]).toEqual([
      200,
      expect.stringContaining('tsuru_service_request_duration_seconds_count{call="create",status="201"} 1'),
    ]);
    expect((await fetch(new URL('/resources/plans', page), { headers: HEADERS })).status).toBe(404);
    expect((await fetch(`${address}/metrics`, { headers: HEADERS })).status).toBe(404);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
  });

  it.each([
    ['METRICS_PASSWORD', PASSWORD, 'must differ from SERVICE_PASSWORD'],
    ['METRICS_PASSWORD', OLD_PASSWORD, 'must differ from SERVICE_PASSWORD and SERVICE_OLD_PASSWORD'],
    ['METRICS_PORT', 'many', 'must be a number'],
  ])('does not start when %s is %s', async (variable, value, problem) => {
    const service = start({ SERVICE_OLD_PASSWORD: OLD_PASSWORD, [variable]: value });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain(`${variable} ${problem}`);
    expect(service.output()).not.toContain(PASSWORD);
    expect(service.output()).not.toContain(OLD_PASSWORD);
  });
});
