import { execFileSync } from 'node:child_process';
import { on } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import semver from 'semver';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import type { RunFacts } from '../../src/check/report/facts.ts';
import { malformedRequest } from '../support/malformed.ts';
import { npmRun } from '../support/npm.ts';
import { arrange, asSent, expectedStatus, hasBasePath, recordings, untilUp } from '../support/recorded.ts';
import { SEED, seeded } from '../support/seed.ts';
import {
  readEnvironment,
  send,
  sendBytes,
  startService,
  type RunningService,
  type StartOptions,
} from '../support/service.ts';

/** Every framework once, and between them every option that changes the code. */
const PROJECTS = [
  { framework: 'express', flags: ['--provisioning', 'inline', '--encoding', 'form'] },
  { framework: 'fastify', flags: ['--provisioning', 'background', '--encoding', 'json', '--multi-cluster'] },
  {
    framework: 'hono',
    flags: ['--provisioning', 'background', '--plan', 'small=1 GB', '--plan', 'large=10 GB: "fast" & {{big}}'],
  },
] as const;

const MALFORMED_REQUESTS = 4000;
const KILLS = 10;

describe.each(PROJECTS)('a generated $framework service', ({ framework, flags }) => {
  const scratch = mkdtempSync(join(tmpdir(), `generated-${framework}-`));
  const project = join(scratch, 'my-service');
  let generating: string;

  beforeAll(() => {
    generating = execFileSync(inject('bin'), ['my-service', '--yes', '--framework', framework, ...flags], {
      cwd: scratch,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    npmRun(project, 'run', 'build');
  });

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  async function withService<T>(options: StartOptions, use: (service: RunningService) => Promise<T>): Promise<T> {
    const service = await startService(project, options);
    try {
      return await use(service);
    } finally {
      await service.kill();
    }
  }

  it('was checked when it was generated', () => {
    expect(generating).toMatch(/✓ Checking the types/);
    expect(Number(/(\d+) tests passed/.exec(generating)?.[1])).toBeGreaterThan(100);
  });

  it('passes its lint and all of its tests', () => {
    npmRun(project, 'run', 'lint');
    expect(Number(/Tests\s+(\d+) passed/.exec(npmRun(project, 'test'))?.[1])).toBeGreaterThan(500);
  });

  it('keeps the password in files that only their owner reads and git ignores', () => {
    const password = readEnvironment(project)['SERVICE_PASSWORD'] ?? '';
    expect(Buffer.from(password, 'base64url')).toHaveLength(24);
    for (const file of ['.env', 'manifest.yaml']) {
      expect(statSync(join(project, file)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(project, file), 'utf8')).toContain(password);
    }
    expect(generating).not.toContain(password);
    const committed = execFileSync('git', ['ls-files'], { cwd: project, encoding: 'utf8' }).trim().split('\n');
    expect(committed).toContain('src/backend.ts');
    expect(committed.filter((path) => readFileSync(join(project, path), 'utf8').includes(password))).toEqual([]);
  });

  it('installs nothing that runs a script or needs a newer Node', () => {
    const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { engines?: { node?: string }; hasInstallScript?: boolean; optional?: boolean }>;
    };
    const installed = Object.entries(lock.packages).filter(([path]) => path !== '' && existsSync(join(project, path)));
    const wrong = installed.filter(
      ([, { engines, hasInstallScript }]) =>
        hasInstallScript === true ||
        !['20.19.0', '22.13.0', '24.0.0'].every((version) => semver.satisfies(version, engines?.node ?? '*')),
    );
    expect(installed.length).toBeGreaterThan(50);
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  describe.each(['this Node', 'a newer Node'])('on %s', (which) => {
    const node = () => (which === 'this Node' ? process.execPath : inject('newerNode'));

    it.each([
      { below: 'the root', environment: {}, chosen: recordings.filter((recording) => !hasBasePath(recording)) },
      { below: 'a base path', environment: { BASE_PATH: '/base/v1' }, chosen: recordings.filter(hasBasePath) },
    ])('takes every recorded request below $below', async ({ environment, chosen }) => {
      expect(chosen.length).toBeGreaterThan(0);
      await withService({ node: node(), environment }, async (service) => {
        const wrong: string[] = [];
        for (const recording of chosen) {
          await arrange(recording, service);
          const { status, body } = await send(service.port, asSent(recording, service));
          const multiCluster = (flags as readonly string[]).includes('--multi-cluster');
          const needsPool =
            multiCluster && /\/resources\/plans$/.test(recording.path) && !recording.headers['x-tsuru-pool-name'];
          const right =
            recording.action === 'Proxy'
              ? status < 500 && (status < 300 || status >= 400)
              : needsPool
                ? status === 400 && body.includes('"missing_params":["cluster"]')
                : statusFits(recording, status);
          if (!right) wrong.push(`${recording.id}: ${status} ${body}`);
        }
        expect(wrong).toEqual([]);
        expect(service.output()).not.toContain(readEnvironment(project)['SERVICE_PASSWORD']);
      });
    });
  });

  /** In the background a new instance is pending for a moment, which is an answer as good as up. */
  function statusFits(recording: (typeof recordings)[number], status: number): boolean {
    return status === expectedStatus(recording) || (recording.action === 'Status' && status === 202);
  }

  it('leaves an instance and its binds as they are whatever comes through the proxy', async () => {
    await withService({}, async (service) => {
      const { authorization, port } = service;
      const form = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
      const info = () => send(port, { method: 'GET', path: '/resources/db1', headers: { authorization } });
      await send(port, { method: 'POST', path: '/resources', headers: form, body: 'name=db1&team=t' });
      await untilUp(service, '/resources/db1');
      const bind = () =>
        send(port, { method: 'POST', path: '/resources/db1/bind-app', headers: form, body: 'app-name=a1' });
      const bound = await bind();
      expect(bound.status).toBe(201);
      const before = await info();
      for (const recording of recordings.filter(
        (candidate) => candidate.action === 'Proxy' && !hasBasePath(candidate),
      )) {
        await send(port, asSent(recording, service));
        expect({ after: recording.id, body: (await info()).body }).toEqual({ after: recording.id, body: before.body });
      }
      expect(await bind()).toMatchObject({ body: bound.body });
    });
  });

  it(`answers ${MALFORMED_REQUESTS} malformed requests without a 5xx, and goes on`, async () => {
    await withService({}, async (service) => {
      const random = seeded(`${SEED} ${framework} malformed`);
      const headers = { authorization: service.authorization, 'content-type': 'application/x-www-form-urlencoded' };
      await send(service.port, { method: 'POST', path: '/resources', headers, body: 'name=db1&team=t' });
      const failures: string[] = [];
      let answered = 0;
      const worker = async (share: number) => {
        for (let index = 0; index < share; index++) {
          const request = malformedRequest(random, service.authorization);
          // What never ends, such as a body shorter than it says, is cut off: the service must survive that as well.
          const status = await sendBytes(service.port, request, 250);
          if (status !== undefined) answered++;
          if (status !== undefined && status >= 500) failures.push(`${status}: ${request.slice(0, 400)}`);
        }
      };
      await Promise.all(Array.from({ length: 20 }, () => worker(MALFORMED_REQUESTS / 20)));
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(MALFORMED_REQUESTS / 2);
      expect((await send(service.port, { method: 'GET', path: '/healthcheck' })).status).toBe(200);
      expect(
        service
          .output()
          .trim()
          .split('\n')
          .filter((line) => line.includes('unexpected error')),
      ).toEqual([]);
    });
  });

  it(`loses nothing that it acknowledged when it is killed at random moments, ${KILLS} times`, async () => {
    const database = join(scratch, 'killed.db');
    const random = seeded(`${SEED} ${framework} kills`);
    /** What the service said yes to: the app's variables of each instance, by name. */
    const acknowledged = new Map<string, string>();
    const removed = new Set<string>();
    for (let round = 0; round < KILLS; round++) {
      await withService({ database }, async (service) => {
        const { authorization, port } = service;
        const headers = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
        const bind = (name: string) =>
          send(port, { method: 'POST', path: `/resources/${name}/bind-app`, headers, body: `app-name=a-${name}` });
        const wrong: string[] = [];
        for (const [name, variables] of acknowledged) {
          const { status, body } = await bind(name);
          if (status !== 201 || body !== variables) wrong.push(`${name}: ${status} ${body}`);
        }
        for (const name of removed) {
          const { status } = await send(port, {
            method: 'GET',
            path: `/resources/${name}`,
            headers: { authorization },
          });
          if (status !== 404) wrong.push(`${name} came back: ${status}`);
        }
        expect(wrong).toEqual([]);

        let dead = false;
        let replies = 0;
        const write = async (worker: number) => {
          for (let step = 0; !dead; step++) {
            const name = `r${round}-w${worker}-s${step}`;
            const created = await send(port, {
              method: 'POST',
              path: '/resources',
              headers,
              body: `name=${name}&team=t`,
            });
            if (created.status !== 201) throw new Error(created.body);
            replies++;
            await untilUp(service, `/resources/${name}`);
            const bound = await bind(name);
            if (bound.status !== 201) throw new Error(bound.body);
            acknowledged.set(name, bound.body);
            replies++;
            if (step % 3 === 2) {
              // From here on either is right, until the answer is there.
              acknowledged.delete(name);
              const gone = await send(port, {
                method: 'DELETE',
                path: `/resources/${name}`,
                headers,
                body: 'user=&eventid=',
              });
              if (gone.status === 200) removed.add(name);
            }
          }
        };
        const writers = [0, 1, 2, 3].map((worker) =>
          write(worker).catch((error: unknown) => {
            if (!dead) throw error;
          }),
        );
        // By what it has done, and not by time: a slow machine would be killed before it does anything.
        const enough = 8 + Math.floor(random() * 48);
        const busy = async () => {
          while (replies < enough) await new Promise((resolve) => setTimeout(resolve, 1));
        };
        await Promise.race([busy(), ...writers]);
        dead = true;
        await service.kill();
        await Promise.all(writers);
      });
    }
    expect(acknowledged.size).toBeGreaterThan(KILLS);
    expect(removed.size).toBeGreaterThan(0);
  });

  it('keeps every rule that Tsuru has for a service, by its own command', () => {
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', inject('tarball')], { cwd: project });
    const output = execFileSync('npm', ['run', '--silent', 'conformance', '--', '--format', 'json'], {
      cwd: project,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const { checks, ending, left } = JSON.parse(output) as RunFacts;
    const bad = checks.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped');
    expect(bad).toEqual([]);
    expect(checks.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(checks.length / 2);
    expect([ending, left]).toEqual(['complete', []]);
    expect(new Set(checks.map(({ encoding }) => encoding))).toEqual(new Set([null, 'form', 'json']));
  });

  it('finishes what is running when it is asked to stop', async () => {
    const service = await startService(project);
    const body = 'name=last&team=t';
    const socket = connect(service.port, '127.0.0.1').setEncoding('utf8');
    const answer = on(socket, 'data') as AsyncIterableIterator<[string]>;
    socket.write(
      'POST /resources HTTP/1.1\r\nHost: service\r\nConnection: close\r\nExpect: 100-continue\r\n' +
        `Authorization: ${service.authorization}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
        `Content-Length: ${body.length}\r\n\r\n`,
    );
    // With this the service has the request, and waits for its body.
    expect((await answer.next()).value).toEqual([expect.stringMatching(/^HTTP\/1\.1 100 /)]);
    const ended = service.stop();
    while (!service.output().includes('"stopping')) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(body);
    expect((await answer.next()).value).toEqual([expect.stringMatching(/^HTTP\/1\.1 201 /)]);
    expect(await ended).toBe(0);
    expect(service.output()).toContain('"stopped"');
  });
});
