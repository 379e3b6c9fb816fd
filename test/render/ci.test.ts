import { execFileSync, spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { PACKAGE_MANAGERS, type Answers } from '../../src/answers/answers.ts';
import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  on: unknown;
  permissions: unknown;
  jobs: Record<string, { if?: string; needs?: string; permissions?: unknown; env?: Record<string, string>; steps: Step[] }>;
}

interface GitLabJob {
  rules: { if: string; variables?: Record<string, string> }[];
  stage?: string;
  environment?: { name: string; action: string };
  needs?: unknown;
  before_script?: string[];
  script: string[];
}

async function made(more: Partial<Answers>, version = templates.version) {
  const tree = await render(answersWith(more), { ...templates, version });
  const text = (path: string) => tree.get(path)?.content.toString() ?? '';
  return {
    text,
    ci: parse(text('.github/workflows/ci.yaml')) as Workflow,
    update: parse(text('.github/workflows/update.yaml')) as Workflow,
    gitlab: parse(text('.gitlab-ci.yml')) as Record<'default' | 'test' | 'publish' | 'make' | 'try' | 'request', GitLabJob> & { variables: unknown },
  };
}

const scriptsOf = (steps: readonly Step[]) => steps.flatMap(({ run }) => run ?? []);

describe.each(PACKAGE_MANAGERS)('the CI files of a project with %s', (packageManager) => {
  it('check types, lint, tests and the rules of Tsuru, the same way on GitHub and on GitLab', async () => {
    const { ci, gitlab } = await made({ packageManager });
    const run = packageManager === 'npm' ? 'npm run' : `${packageManager} run`;
    const github = scriptsOf(ci.jobs['test']?.steps ?? []);
    expect(github.slice(-4)).toEqual([`${run} types`, `${run} lint`, expect.stringMatching(/ test$/), `${run} conformance`]);
    expect(gitlab.test.script).toEqual(github.slice(-5));
  });

  it('publish after the tests, from the default branch, and only show what would change for a pull or merge request', async () => {
    const { ci, gitlab } = await made({ packageManager });
    const { publish } = ci.jobs;
    expect(publish).toMatchObject({ needs: 'test', env: { TSURU_TOKEN: '${{ secrets.TSURU_TOKEN }}', SERVICE_PASSWORD: '${{ secrets.SERVICE_PASSWORD }}' } });
    // An update could change what is run: it gets no secret before it is merged.
    expect(publish?.if).toMatch(/^vars\.TSURU_TARGET && \(.*pull_request' && github\.head_ref != 'create-tsuru-service-update' \|\| .*default_branch\)\)$/);
    expect(publish?.env?.['DRY_RUN']).toContain("== 'pull_request' && '--dry-run'");
    expect(gitlab.publish.stage).toBe('deploy');
    const [merge, push] = gitlab.publish.rules;
    expect(merge).toMatchObject({ if: expect.stringMatching(/merge_request_event" && \$CI_MERGE_REQUEST_SOURCE_BRANCH_NAME != "create-tsuru-service-update"$/) as string, variables: { DRY_RUN: '--dry-run' } });
    expect(push?.if).toContain('$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH');
    for (const rule of gitlab.publish.rules) expect(rule.if).toMatch(/^\$TSURU_TARGET && /);
    expect(gitlab.publish.script).toEqual(['if [ -n "$TSURU_TOKEN" ]; then npm run publish:tsuru -- $DRY_RUN; fi']);
  });

  it('give no job more than it needs, and put nothing of GitHub into a script', async () => {
    const { ci, update, text } = await made({ packageManager });
    for (const { permissions, jobs } of [ci, update]) {
      expect(permissions).toEqual({ contents: 'read' });
      for (const [name, job] of Object.entries(jobs)) {
        expect({ name, permissions: job.permissions }).toEqual({
          name,
          permissions: name === 'request' ? { contents: 'write', 'pull-requests': 'write' } : undefined,
        });
        const checkout = job.steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
        expect({ name, keeps: checkout?.with?.['persist-credentials'] }).toEqual({ name, keeps: name === 'request' ? undefined : false });
        for (const script of scriptsOf(job.steps)) {
          expect(script).not.toContain('${{');
          execFileSync('bash', ['-n', '-c', script]);
        }
      }
    }
    expect(scriptsOf(update.jobs['request']?.steps ?? [])).toEqual(['sh ci/update.sh request "$RUNNER_TEMP/update"']);
    execFileSync('sh', ['-n'], { input: text('ci/update.sh') });
  });

  it('refuse on GitLab to run code of dependencies where it sees a secret, and give each secret to one job that runs none', async () => {
    const { gitlab } = await made({ packageManager });
    const [refusal = ''] = gitlab.default.before_script ?? [];
    const start = (environment: Record<string, string>) => spawnSync('sh', ['-ec', refusal], { env: environment, encoding: 'utf8' });
    expect(start({ TSURU_TARGET: 'https://tsuru.example.com' })).toMatchObject({ status: 0, stdout: '' });
    for (const name of ['UPDATE_TOKEN', 'TSURU_TOKEN', 'SERVICE_PASSWORD']) {
      const { status, stdout } = start({ [name]: 'a-secret' });
      expect({ name, status, stdout }).toEqual({ name, status: 1, stdout: expect.stringMatching(/must not see UPDATE_TOKEN.*\nIn Settings, .* environment update, .* publish\.\n$/) as string });
    }
    for (const job of ['test', 'make', 'try'] as const) expect(gitlab[job]).toEqual(expect.not.objectContaining({ before_script: expect.anything() as unknown, environment: expect.anything() as unknown }));
    expect(gitlab.publish).toMatchObject({ environment: { name: 'publish', action: 'access' }, before_script: [] });
    expect(gitlab.request).toMatchObject({ environment: { name: 'update', action: 'access' }, before_script: [], needs: ['make', { job: 'try', artifacts: false }], script: ['sh ci/update.sh request create-tsuru-service-update'] });
    expect(gitlab.variables).toEqual({ GIT_STRATEGY: 'clone' });
  });

  it('do not change with the version of the program or of the package manager: GitHub lets no workflow change its own files', async () => {
    const [one, other] = [await made({ packageManager }), await made({ packageManager, packageManagerVersion: `${packageManager}@${packageManager === 'yarn' ? '1.21.0' : '10.0.0'}` }, '9.9.9')];
    expect(other.text('package.json')).not.toBe(one.text('package.json'));
    for (const path of ['.github/workflows/ci.yaml', '.github/workflows/update.yaml']) expect(other.text(path)).toBe(one.text(path));
  });

  it('publish with the version that made the project, wherever it is not installed', async () => {
    const { text } = await made({ packageManager }, '9.9.9');
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    expect(scripts['publish:tsuru']).toBe('npx --yes create-tsuru-service@9.9.9 publish');
  });
});

it('the weekly update changes the lock file without any script, which pnpm and newer Yarns must be told in CI', async () => {
  const locked = async (more: Partial<Answers>) => /^ {2}(.+) && git add [\w.-]+ \|\|/m.exec((await made(more)).text('ci/update.sh'))?.[1];
  expect(await locked({ packageManager: 'npm' })).toBe('npm install --package-lock-only --ignore-scripts');
  expect(await locked({ packageManager: 'pnpm' })).toBe('pnpm install --lockfile-only --no-frozen-lockfile --ignore-scripts');
  expect(await locked({ packageManager: 'yarn' })).toBe('yarn install --ignore-scripts');
  expect(await locked({ packageManager: 'yarn', packageManagerVersion: 'yarn@2.4.2' })).toBe('yarn install --no-immutable --skip-builds');
  expect(await locked({ packageManager: 'yarn', packageManagerVersion: 'yarn@4.9.1' })).toBe('yarn install --no-immutable --mode=update-lockfile');
  expect(await locked({ packageManager: 'bun' })).toBe('bun install --lockfile-only --ignore-scripts');
});
