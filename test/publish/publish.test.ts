import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from '../sandbox/support/tsuru-api.ts';
import { makeProject, PASSWORD, type TestProject } from './support/project.ts';

let sandbox: Sandbox;
let service: Server;
let project: TestProject;
let api: TsuruApi;
let endpoint: string;

beforeEach(async () => {
  service = createServer((request, response) => {
    const expected = `Basic ${Buffer.from(`my-db:${PASSWORD}`).toString('base64')}`;
    response.statusCode = request.headers.authorization === expected ? 200 : 401;
    response.end('[{"name":"small","description":""},{"name":"large","description":""}]');
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  sandbox = await startSandbox({ team: 'dbas' });
  project = makeProject(endpoint);
  api = tsuruApi(sandbox.address, sandbox.token);
});

afterEach(async () => {
  project.remove();
  await sandbox.close();
  service.closeAllConnections();
  service.close();
});

const publish = (...argv: string[]) => project.publish({ TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token }, ...argv);

describe('publish', () => {
  it('creates a service with its documentation and permissions, and shows that Tsuru reaches it', async () => {
    const { code, output } = await publish();
    expect(output).toContain('plans small, large');
    expect(code).toBe(0);
    expect((await api('GET', '/1.0/services/my-db/doc')).body).toBe('# my-db\n\nIt holds data.\n');
    expect(JSON.parse((await api('GET', '/1.31/services/my-db/manifest')).body)).toEqual({
      ...{ enabled: true, strict_actions: false, legacy_compat: true },
      operations: [{ method: 'GET', path: '/usage', action: 'usage.show' }, { method: 'POST', path: '/backups/{id}', action: 'backups.create' }],
    });
  });

  it('finds nothing to change the second time, and sends the password again', async () => {
    await publish();
    const { code, output } = await publish();
    expect(code).toBe(0);
    expect(output).toContain('my-db in ' + sandbox.address + ' is up to date.');
    expect(output).toContain('password        sent each time');
    expect(output).not.toContain('Documentation sent');
    expect(output).not.toContain('Permissions sent');
    expect((await publish('--check')).code).toBe(0);
  });
});
