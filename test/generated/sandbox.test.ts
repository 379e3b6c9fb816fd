import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { boundVariables, LIFE, live } from '../sandbox/support/life.ts';
import { isDone, tsuruApi } from '../sandbox/support/tsuru-api.ts';
import { online } from '../support/cli.ts';
import { readEnvironment } from '../support/service.ts';

const PROJECTS = [
  { framework: 'express', provisioning: 'inline', encoding: 'form' },
  { framework: 'fastify', provisioning: 'background', encoding: 'json' },
  { framework: 'hono', provisioning: 'background', encoding: 'form' },
] as const;

describe.each(PROJECTS)('the sandbox in a generated $framework project', ({ framework, provisioning, encoding }) => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), `generated-sandbox-${framework}-`));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  it(`starts the service, and leads it through a whole life (${provisioning}, ${encoding})`, async () => {
    const options = ['--framework', framework, '--provisioning', provisioning, '--encoding', encoding, '--team', 'dbas'];
    execFileSync(inject('bin'), ['my-service', '--yes', '--no-verify', '--no-git', ...options], { cwd: scratch, env: online(), stdio: 'pipe' });
    const project = join(scratch, 'my-service');
    const child = spawn(inject('bin'), ['sandbox', '--json', '--port', '0'], { cwd: project, env: { ...online(), PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'close');
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    try {
      const started = new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
      const line = await Promise.race([started, ended.then(() => Promise.reject(new Error(output)))]);
      const { target, token } = JSON.parse(line) as { target: string; token: string };
      const api = tsuruApi(target, token);
      expect((await api('GET', '/1.0/services')).body).toContain('"my-service"');
      expect((await api('GET', '/1.31/services/my-service/manifest')).body).toContain('"usage.show"');

      const address = /The service listens at (\S+)\./.exec(output)?.[1] ?? '';
      const { SERVICE_USERNAME: username = '', SERVICE_PASSWORD: password = '' } = readEnvironment(project);
      const sandbox = { address: target, token, team: 'dbas', app: 'app1', job: 'job1' };
      const life = await live({ sandbox, service: { id: 'again', address, username, password }, encoding });
      expect(LIFE.filter((step) => !isDone(life[step])).map((step) => ({ step, ...life[step] }))).toEqual([]);
      expect(life.status.body).toContain('is up');
      for (const env of [life['app env'], life['job env']]) {
        expect(boundVariables(env)).toMatchObject({ MY_SERVICE_PASSWORD: 'again/life1' });
      }
      for (const env of [life['app env after'], life['job env after']]) expect(boundVariables(env)).toEqual({});
      expect(output).not.toContain(password);
    } finally {
      child.kill('SIGINT');
      await ended;
    }
    expect(child.exitCode).toBe(130);
  });
});
