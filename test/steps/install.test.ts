import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ExpectedError } from '../../src/errors.ts';
import { install } from '../../src/steps/install.ts';
import { unreachable } from '../../src/steps/registry.ts';
import { terminalOf } from '../../src/terminal/terminal.ts';
import { runProgram } from '../support/programs.ts';

const STOP = 4000;

describe('an install with npm', { timeout: 120_000 }, () => {
  let directory: string;
  let servers: Server[];
  let sockets: Socket[];
  let written: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'install-'));
    servers = [];
    sockets = [];
    written = '';
    writeFileSync(join(directory, 'package.json'), '{"name":"x","private":true,"dependencies":{"small":"1.0.0"}}');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function listen(server: Server): Promise<string> {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.push(socket.on('error', () => {}));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const run = (registry: string) => {
    const output = { write: (text: string) => (written += text) };
    const environment = { ...process.env, npm_config_registry: registry, npm_config_cache: join(directory, 'cache') };
    const terminal = terminalOf(output, output, {});
    const { signal } = new AbortController();
    return install(
      { directory, packageManager: 'npm', environment, terminal, signal, runProgram },
      { say: 500, stop: STOP },
    );
  };

  it('says that it waits for a registry that never answers, and gives up on it', async () => {
    const error = await run(await listen(createServer())).then(
      () => undefined,
      (reason: unknown) => reason as ExpectedError,
    );
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error?.message).toContain('the package registry cannot be reached');
    expect(error?.hint).toMatch(/^No reply for 4 seconds\.\n.*--no-install.*npm install$/);
    expect(written).toContain('Still waiting for a reply from the package registry.');
  });

  it('is never stopped by a registry that is slow, and says that it goes on', async () => {
    const tarball = packed(directory);
    let url = '';
    const registry = createHttpServer((request, response) => {
      void (async () => {
        if (!request.url?.endsWith('.tgz')) {
          const dist = { tarball: `${url}/small.tgz`, shasum: createHash('sha1').update(tarball).digest('hex') };
          const versions = { '1.0.0': { name: 'small', version: '1.0.0', dist } };
          response.end(JSON.stringify({ name: 'small', 'dist-tags': { latest: '1.0.0' }, versions }));
          return;
        }
        response.writeHead(200, { 'content-length': tarball.length });
        for (const [index, byte] of tarball.entries()) {
          response.write(Uint8Array.of(byte));
          if (index % Math.ceil(tarball.length / 20) === 0) await sleep((STOP * 1.5) / 20);
        }
        response.end();
      })();
    });
    url = await listen(registry);
    await run(url);
    expect(existsSync(join(directory, 'node_modules/small/package.json'))).toBe(true);
    expect(written).toContain('npm has printed nothing for a while, but is still running.');
  });
});

it.each([
  ['npm error FetchError: request to http://x/y failed, reason: connect ECONNREFUSED 127.0.0.1:9', true],
  ['npm http fetch GET http://registry.invalid/hono attempt 3 failed with EAI_AGAIN', true],
  [' ERR_PNPM_META_FETCH_FAIL  GET http://x/y: request to http://x/y failed, reason: getaddrinfo ENOTFOUND x', true],
  ['error Error: http://127.0.0.1:1/hono: ESOCKETTIMEDOUT', true],
  ['error: ConnectionRefused downloading package manifest hono', true],
  ['npm error code ENOSPC\nnpm error nospc There appears to be insufficient space', false],
  ['npm error code ETARGET\nnpm error notarget No matching version found for hono@^99', false],
])('tells an unreachable registry from what else fails an install: %s', (output, isUnreachable) => {
  expect(unreachable(`before\n${output}\nafter`)).toBe(isUnreachable ? output.trim() : undefined);
});

/** The bytes of a package of one file. */
function packed(directory: string): Buffer {
  const source = join(directory, 'small');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), '{"name":"small","version":"1.0.0"}');
  execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: source });
  return readFileSync(join(directory, 'small-1.0.0.tgz'));
}
