import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EXIT, ExpectedError } from '../../src/errors.ts';
import { parseSandboxRequest } from '../../src/sandbox/options.ts';
import { registrationAt } from '../../src/sandbox/service/registration.ts';

let directory: string;
let manifest: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'request-'));
  manifest = join(directory, 'manifest.yaml');
  writeFileSync(manifest, 'id: my-db\npassword: 12345\nteam: dbas\nendpoint:\n  production: db.example.com/base/\nmulti-cluster: true\n');
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function registration(argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { address, given } = parseSandboxRequest(argv, environment, false);
  if (address === undefined) throw new Error('There is no address.');
  return registrationAt(address, given, environment);
}

describe('the arguments of sandbox', () => {
  it('take the service from a manifest', () => {
    expect(registration(['--manifest', manifest])).toEqual({
      ...{ id: 'my-db', username: 'my-db', password: '12345', endpoints: { production: 'http://db.example.com/base' }, team: 'dbas' },
      ...{ isMultiCluster: true, encoding: 'form' },
    });
  });

  it('come before the manifest, and the manifest before the environment', () => {
    const environment = { SERVICE_USERNAME: 'env', SERVICE_PASSWORD: 'env' };
    expect(registration(['http://127.0.0.1:1', '--manifest', manifest, '--username', 'me', '--team', 'mine'], environment)).toMatchObject({
      ...{ id: 'my-db', username: 'me', password: '12345', team: 'mine', endpoints: { production: 'http://127.0.0.1:1' } },
    });
    expect(registration(['http://127.0.0.1:1'], environment)).toMatchObject({ id: 'env', username: 'env', password: 'env', team: 'my-team' });
  });

  it('have an id and a team for a service that says none', () => {
    const password = { SERVICE_PASSWORD: 'secret' };
    expect(registration(['http://127.0.0.1:1', '--encoding', 'json', '--multi-cluster'], password)).toMatchObject({
      ...{ id: 'my-service', username: 'my-service', team: 'my-team', encoding: 'json', isMultiCluster: true },
    });
    // Not every user name can be an id.
    expect(registration(['http://127.0.0.1:1', '--username', 'My_Db'], password)).toMatchObject({ id: 'my-service', username: 'My_Db' });
  });

  it('take the service of a project, unless an address is given', () => {
    expect(parseSandboxRequest([], {}, true).address).toBeUndefined();
    expect(parseSandboxRequest(['--manifest', manifest], {}, true).address).toBeUndefined();
    expect(parseSandboxRequest(['localhost:8888'], {}, true).address?.href).toBe('http://localhost:8888/');
  });

  it.each([
    [[], /^There is no service\.$/],
    [['http://a:b@c', '--password', 'x'], /contains a user name/],
    [['http://a', '--password', 'x', '--host', ''], /^The --host is empty\.$/],
    [['http://a'], /^The password is missing\.$/],
    [['http://a', 'http://b'], /only one URL/],
    [['--port', 'x'], /^--port must be a number up to 65535, not "x"\.$/],
    [['--ca', 'x', '--insecure', 'http://a'], /exclude each other/],
  ])('are refused: %j', (argv, message) => {
    expect(() => registration(argv)).toThrow(expect.toSatisfy((error) => error instanceof ExpectedError && error.exitCode === EXIT.usage && message.test(error.message)));
  });
});
