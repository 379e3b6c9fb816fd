import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { tsuruApi, type TsuruApi } from '../../sandbox/support/tsuru-api.ts';
import { makeProject, PASSWORD, type PublishRun, type TestProject } from './project.ts';

/** A Tsuru, a service that takes the password of the project, and the project. */
export interface Stage {
  sandbox: Sandbox;
  /** With all permissions. */
  api: TsuruApi;
  /** Of the service. */
  endpoint: string;
  project: TestProject;
  /** Publishes with all permissions. */
  publish: (...argv: string[]) => Promise<PublishRun>;
  /** The token of a new user with a role of those permissions in the team `dbas`. */
  userWith: (...permissions: string[]) => Promise<string>;
  close: () => Promise<void>;
}

/** Listens on a free port. @returns its address */
export async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function closed(server: Server): Promise<unknown> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

/** A service with two plans that takes one password. */
export function serviceWith(password: () => string): Server {
  return createServer((request, response) => {
    const expected = `Basic ${Buffer.from(`my-db:${password()}`).toString('base64')}`;
    response.statusCode = request.headers.authorization === expected ? 200 : 401;
    response.end('[{"name":"small","description":""},{"name":"large","description":""}]');
  });
}

export async function makeStage(): Promise<Stage> {
  const service = serviceWith(() => PASSWORD);
  const endpoint = await listening(service);
  const sandbox = await startSandbox({ team: 'dbas' });
  const project = makeProject(endpoint);
  const api = tsuruApi(sandbox.address, sandbox.token);
  return {
    ...{ sandbox, api, endpoint, project },
    publish: (...argv) => project.publish({ TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token }, ...argv),
    async userWith(...permissions) {
      const email = 'ann@example.com';
      await api('POST', '/1.0/users', { email, password: 'a-password' });
      await api('POST', '/1.0/roles', { name: 'ours', context: 'team' });
      for (const permission of permissions) await api('POST', '/1.0/roles/ours/permissions', { permission });
      await api('POST', '/1.0/roles/ours/user', { email, context: 'dbas' });
      const login = await tsuruApi(sandbox.address, '')('POST', `/1.0/users/${email}/tokens`, { password: 'a-password' });
      return (JSON.parse(login.body) as { token: string }).token;
    },
    async close() {
      project.remove();
      await sandbox.close();
      await closed(service);
    },
  };
}
