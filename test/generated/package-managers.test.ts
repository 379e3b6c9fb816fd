import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import semver from 'semver';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';

import { PACKAGE_MANAGER_VERSIONS } from '../../src/render/versions.ts';
import { filesBelow, online } from '../support/cli.ts';
import { send, startService } from '../support/service.ts';

const BERRY = '4.18.1';
const { pnpm, yarn, bun } = PACKAGE_MANAGER_VERSIONS;

/** Each package manager with its version, the package that has it, and its program there. */
const MANAGERS = [
  { name: 'pnpm', version: pnpm, from: 'pnpm', program: 'bin/pnpm.cjs' },
  { name: 'yarn', version: yarn, from: 'yarn', program: 'bin/yarn.js' },
  { name: 'yarn', version: BERRY, from: '@yarnpkg/cli-dist', program: 'bin/yarn.js' },
  { name: 'bun', version: bun, from: 'bun', program: 'bin/bun.exe' },
];

const scratch = mkdtempSync(join(tmpdir(), 'package-managers-'));

beforeAll(() => {
  const packages = MANAGERS.map(({ from, version }) => `${from}@${version}`);
  const flags = ['--no-save', '--no-audit', '--no-fund', '--prefix', scratch];
  execFileSync('npm', ['install', ...flags, ...packages], { cwd: scratch, env: online(), stdio: 'pipe' });
  // Npm may leave out what Bun does at its installation: to fetch the program.
  execFileSync(process.execPath, ['install.js'], { cwd: join(scratch, 'node_modules/bun'), stdio: 'pipe' });
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe.each(MANAGERS)('with $name $version, Fastify on this Node', ({ name, version, from, program }) => {
  const home = join(scratch, `${name}-${version}`);
  const project = join(home, 'my-service');
  const environment = () => ({
    ...online(),
    PATH: `${join(home, 'bin')}:${String(process.env['PATH'])}`,
    npm_config_user_agent: `${name}/${version} npm/? node/${process.version}`,
    YARN_ENABLE_TELEMETRY: '0',
  });
  const sh = (script: string) =>
    execFileSync('sh', ['-c', script], { cwd: project, env: environment(), encoding: 'utf8', stdio: 'pipe' });

  it('installs, checks the project, installs frozen as in CI, builds, and runs with what the Dockerfile keeps', async () => {
    mkdirSync(join(home, 'bin'), { recursive: true });
    const file = join(scratch, 'node_modules', from, program);
    const start = program.endsWith('.exe') ? `"${file}"` : `"${process.execPath}" "${file}"`;
    writeFileSync(join(home, 'bin', name), `#!/bin/sh\nexec ${start} "$@"\n`, { mode: 0o755 });
    const made = execFileSync(inject('bin'), ['my-service', '--yes'], { cwd: home, env: environment(), encoding: 'utf8' });
    expect(Number(/(\d+) tests passed/.exec(made)?.[1])).toBeGreaterThan(100);
    const { packageManager } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(packageManager).toBe(`${name}@${version}`);

    const { jobs } = parse(readFileSync(join(project, '.github/workflows/ci.yaml'), 'utf8')) as {
      jobs: { test: { steps: { run?: string }[] } };
    };
    const install = jobs.test.steps.find(({ run }) => run?.startsWith('if ['))?.run ?? '';
    const before = sh('git ls-files');
    sh(`rm -rf node_modules && ${install}`);
    expect([sh('git ls-files'), sh('git status --porcelain')]).toEqual([before, '']);
    expect(wrongEngines(project)).toEqual([]);
    sh(`${name} run build`);

    const slim = /^RUN (rm -rf node_modules && .+)$/m.exec(readFileSync(join(project, 'Dockerfile'), 'utf8'))?.[1];
    sh(String(slim));
    const service = await startService(project);
    try {
      expect((await send(service.port, { method: 'GET', path: '/healthcheck' })).status).toBe(200);
    } finally {
      await service.stop();
    }
  });
});

/** The packages that are installed and do not promise to run on the oldest Node that a project runs on. */
function wrongEngines(project: string): string[] {
  const manifests = filesBelow(join(project, 'node_modules')).filter((path) =>
    /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(path),
  );
  expect(manifests.length).toBeGreaterThan(50);
  return manifests.flatMap((path) => {
    const { version, engines } = JSON.parse(readFileSync(join(project, 'node_modules', path), 'utf8')) as {
      version?: string;
      engines?: { node?: string };
    };
    const isRight = version === undefined || semver.satisfies('20.19.0', engines?.node ?? '*');
    return isRight ? [] : [`${path} ${version}`];
  });
}
