import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { PACKAGE_MANAGER_VERSIONS } from '../../src/render/versions.ts';
import { PACKAGE_MANAGERS, type Answers } from '../../src/answers/answers.ts';
import { render } from '../../src/render/render.ts';
import { versionStartedBy } from '../../src/render/package-manager.ts';
import { answersWith, templates } from '../support/answers.ts';

async function made(more: Partial<Answers>) {
  const tree = await render(answersWith(more), templates);
  const text = (path: string) => tree.get(path)?.content.toString() ?? '';
  const { jobs } = parse(text('.github/workflows/ci.yaml')) as {
    jobs: { test: { steps: { run?: string; uses?: string; with?: Record<string, unknown> }[] } };
  };
  return {
    manifest: JSON.parse(text('package.json')) as Record<string, unknown>,
    dockerfile: text('Dockerfile'),
    steps: jobs.test.steps.map(({ run, uses }) => run ?? uses ?? ''),
    ignored: text('.gitignore').split('\n'),
  };
}

describe('the package manager of a project', () => {
  it.each(PACKAGE_MANAGERS)('is one that is known to work where no version was answered: %s', async (packageManager) => {
    const { manifest } = await made({ packageManager });
    expect(manifest['packageManager']).toBe(`${packageManager}@${PACKAGE_MANAGER_VERSIONS[packageManager]}`);
  });

  it('has the version that was answered, unless that is of another one', async () => {
    const packageManagerVersion = 'yarn@4.9.1';
    expect((await made({ packageManager: 'yarn', packageManagerVersion })).manifest['packageManager']).toBe('yarn@4.9.1');
    expect((await made({ packageManager: 'pnpm', packageManagerVersion })).manifest['packageManager']).toMatch(/^pnpm@/);
  });

  it.each([
    ['pnpm/10.34.8 npm/? node/v20.20.2 linux x64', 'pnpm@10.34.8'],
    ['yarn/1.22.22 npm/? node/v20.20.2 linux x64', 'yarn@1.22.22'],
    ['yarn/4.0.0-rc.48 npm/? node/v20.20.2 linux x64', 'yarn@4.0.0-rc.48'],
    ['bun/1.4.5 npm/? node/v24.3.0 linux x64', 'bun@1.4.5'],
    ['npm/12.2.0 node/v24.15.0 linux x64 workspaces/false', undefined],
    ['cnpm/9.2.0 npminstall/7.3.1 node/v20.20.2', undefined],
    ['', undefined],
  ])('is that of the package manager that started the program: "%s" is %s', (agent, version) => {
    expect(versionStartedBy({ npm_config_user_agent: agent })).toBe(version);
  });

  it.each([
    [
      'npm@11.19.1',
      'RUN npm install --global npm@11.19.1',
      `npm install --global "$(node -p 'require("./package.json").packageManager')"`,
      'if [ -s package-lock.json ]; then npm ci; else npm install; fi',
      'npm ci --omit=dev',
    ],
    [
      'pnpm@10.34.8',
      'RUN corepack enable',
      'corepack enable',
      'if [ -s pnpm-lock.yaml ]; then pnpm install --frozen-lockfile; else pnpm install; fi',
      'pnpm install --prod --frozen-lockfile',
    ],
    [
      'yarn@1.22.22',
      'RUN corepack enable',
      'corepack enable',
      'if [ -s yarn.lock ]; then yarn install --frozen-lockfile; else yarn install; fi',
      'yarn install --production --frozen-lockfile',
    ],
    [
      'yarn@4.9.1',
      'RUN corepack enable',
      'corepack enable',
      'if [ -s yarn.lock ]; then yarn install --immutable; else yarn install; fi',
      'yarn workspaces focus --production',
    ],
    [
      'yarn@3.8.7',
      'RUN corepack enable',
      'corepack enable',
      'if [ -s yarn.lock ]; then yarn install --immutable; else yarn install; fi',
      'yarn plugin import workspace-tools && yarn workspaces focus --production',
    ],
    [
      'bun@1.4.5',
      'COPY --from=oven/bun:1.4.5 /usr/local/bin/bun /usr/local/bin/',
      'oven-sh/setup-bun@v2',
      'if [ -s bun.lock ]; then bun install --frozen-lockfile; else bun install; fi',
      'bun install --production --frozen-lockfile',
    ],
  ])('%s is brought by Dockerfile and CI, and installs what the lock file says', async (pin, image, step, install, slim) => {
    const packageManager = pin.split('@')[0] as Answers['packageManager'];
    const { dockerfile, steps } = await made({ packageManager, packageManagerVersion: pin });
    expect(dockerfile).toContain(`${image}\nCOPY package.json`);
    expect(dockerfile).toContain(`\nRUN ${install}\n`);
    expect(dockerfile).toContain(`\nRUN rm -rf node_modules && ${slim}\n`);
    expect(steps.slice(2, 4)).toEqual([step, install]);
  });

  it('has its own state ignored by git, for Yarn', async () => {
    expect((await made({ packageManager: 'yarn' })).ignored).toEqual(
      expect.arrayContaining(['.pnp.*', '.yarn/*', '!.yarn/releases']),
    );
    expect((await made({ packageManager: 'pnpm' })).ignored.join('\n')).not.toContain('.yarn');
  });
});
