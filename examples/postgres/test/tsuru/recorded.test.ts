import { describe, expect, it } from 'vitest';

import { call, recordings, type Recording } from './support/requests.js';
import { testService, until, type TestService } from './support/service.js';
import { listening, sendTo } from './support/socket.js';

const calls = recordings.filter(({ action }) => action !== 'Proxy');

/** A service with the configuration and the instance that a recorded call needs. */
async function serviceFor(recording: Recording, provisioning: 'inline' | 'background'): Promise<TestService> {
  const credentials = Buffer.from(
    (recording.headers['authorization'] ?? '').slice('Basic '.length),
    'base64',
  ).toString();
  const colon = credentials.indexOf(':');
  const basePath = recording.path.startsWith('/base/v1/') ? '/base/v1' : '';
  const test = await testService({
    username: credentials.slice(0, colon),
    password: credentials.slice(colon + 1),
    basePath,
    provisioning,
    multiCluster: usesPools(recording),
  });
  const name = /\/resources\/([\w-]+)/.exec(recording.path)?.[1];
  if (recording.action !== 'Create' && name !== undefined && name !== 'plans') {
    const caller = { requestedBy: { user: 'someone', event: 'e' }, cluster: undefined };
    const asked = { name, team: 'team-a', plan: 'small', description: '', tags: [], parameters: {} };
    await test.service.lifeCycle.instances.create(asked, caller);
    await until(async () => (await test.store.find(name))?.state === 'ready');
    test.backend.asked.length = 0;
  }
  return test;
}

function usesPools({ headers }: Recording): boolean {
  return headers['x-tsuru-pool-name'] !== undefined;
}

function expectedReply({ action, path, id }: Recording): { status: number; body?: unknown } {
  if (path.endsWith('/plans')) {
    return {
      status: 200,
      body: [
        { name: 'small', description: '1 GB' },
        { name: 'large', description: '10 GB' },
      ],
    };
  }
  switch (action) {
    case 'Create':
      // `plans` would hide behind the list of plans.
      return { status: id.endsWith('-create-name-5') ? 400 : 201 };
    case 'BindApp':
      // Tsuru falls back to /bind after a 404; a reply there would hide that the instance is missing.
      return { status: path.endsWith('/bind') ? 404 : 201 };
    case 'BindJob':
      return { status: 201 };
    case 'Status':
      return { status: 204 };
    default:
      return { status: 200 };
  }
}

describe.each(['inline', 'background'] as const)('calls recorded from Tsuru, with %s provisioning', (provisioning) => {
  it.each(calls)('$id: $note', async (recording) => {
    const test = await serviceFor(recording, provisioning);
    const reply = await test.send(recording);
    const { status, body } = expectedReply(recording);
    expect(reply).toMatchObject({ status });
    if (body !== undefined) expect(JSON.parse(reply.body)).toEqual(body);
    if (recording.action.startsWith('Bind') && status === 201) {
      const values = Object.values(JSON.parse(reply.body) as Record<string, unknown>);
      expect(values.length).toBeGreaterThan(0);
      expect(values.every((value) => typeof value === 'string')).toBe(true);
    }
    if (recording.action === 'Info' && status === 200 && !recording.path.endsWith('/plans')) {
      for (const item of JSON.parse(reply.body) as unknown[]) {
        expect(item).toEqual({ label: expect.any(String) as string, value: expect.any(String) as string });
      }
    }
    if (status === 204) expect(reply.body).toBe('');
  });
});

describe('the parameters of recorded calls', () => {
  const withParameters = calls.filter(
    ({ parameters, action, method }) => parameters && action !== 'Info' && method !== 'GET',
  );

  it.each(withParameters)('$id: $note', async (recording) => {
    const test = await serviceFor(recording, 'inline');
    await test.send(recording);
    const [asked] = test.backend.asked;
    const expected =
      recording.encoding === 'json' ? normal(recording.parameters) : normal(asForm(recording.parameters));
    expect(JSON.stringify(normal(asked?.request.parameters))).toBe(JSON.stringify(expected));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  /** A value after form encoding: strings, and `''` for everything that is empty or zero. */
  function asForm(value: unknown, depth = 0): unknown {
    if (Array.isArray(value)) return value.length === 0 ? '' : value.map((item) => asForm(item, depth + 1));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function');
      if (entries.length === 0) return depth === 0 ? {} : '';
      const isList = entries.every(([key], index) => key === String(index));
      if (isList) return entries.map(([, item]) => asForm(item, depth + 1));
      return Object.fromEntries(entries.map(([key, item]) => [key, asForm(item, depth + 1)] as const));
    }
    if (value === null || value === false || value === 0) return '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  /** Numbers in one spelling: a million is `1e+06` in a form when it came to Tsuru as JSON. */

  function normal(value: unknown): unknown {
    if (typeof value === 'string' && /^-?\d/.test(value) && !Number.isNaN(Number(value))) return String(Number(value));
    if (Array.isArray(value)) return value.map(normal);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.create(null) as Record<string, unknown>;
    for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) copy[key] = normal(item);
    return copy;
  }
});

describe('the pool and the cluster of recorded calls', () => {
  const ofClusters = calls.filter((recording) => usesPools(recording) && recording.action === 'Create');

  it.each(ofClusters)('$id: $note', async (recording) => {
    const test = await serviceFor(recording, 'inline');
    const { headers } = recording;
    // Recorded as one text; over the wire each address has a line of its own.
    const addresses = headers['x-tsuru-cluster-addresses']?.split(', ') ?? [];
    const server = await listening(test.service);
    await sendTo(server.port, { ...recording, headers: { ...headers, 'x-tsuru-cluster-addresses': addresses } });
    await server.close();
    const kubeConfig = headers['x-tsuru-cluster-kube-config'];
    expect(test.backend.asked[0]?.request.cluster).toEqual({
      pool: headers['x-tsuru-pool-name'],
      poolProvisioner: headers['x-tsuru-pool-provisioner'] ?? '',
      name: headers['x-tsuru-cluster-name'] ?? '',
      provisioner: headers['x-tsuru-cluster-provisioner'] ?? '',
      addresses,
      ...(kubeConfig !== undefined && {
        kubeConfig: JSON.parse(Buffer.from(kubeConfig, 'base64').toString()) as unknown,
      }),
    });
  });

  it('keep a comma in a pool and in an address', async () => {
    const test = await testService({ multiCluster: true });
    const server = await listening(test.service);
    const { headers, ...request } = call('POST', '/resources', { name: 'db1', team: 't' });
    const addresses = ['https://10.0.0.1,10.0.0.2:6443', 'https://10.0.0.3:6443'];
    const pool = { 'x-tsuru-pool-name': 'east, west', 'X-Tsuru-Cluster-Addresses': addresses };
    await sendTo(server.port, { ...request, headers: { ...headers, ...pool } });
    await server.close();
    expect(test.backend.asked[0]?.request.cluster).toMatchObject({ pool: 'east, west', addresses });
  });

  it('replies that the pool is missing when the plans of a multi-cluster service are requested without one', async () => {
    const test = await testService({ multiCluster: true });
    const reply = await test.call('GET', '/resources/plans');
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body)).toMatchObject({ code: 400, missing_params: ['cluster'] });
  });
});
