import { execFileSync } from 'node:child_process';

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
  script: string[];
}

async function made(more: Partial<Answers>, version = templates.version) {
  const tree = await render(answersWith(more), { ...templates, version });
  const text = (path: string) => tree.get(path)?.content.toString() ?? '';
  return {
    text,
    ci: parse(text('.github/workflows/ci.yaml')) as Workflow,
    update: parse(text('.github/workflows/update.yaml')) as Workflow,
    gitlab: parse(text('.gitlab-ci.yml')) as Record<'test' | 'publish' | 'update', GitLabJob>,
  };
}

const scriptsOf = (steps: readonly Step[]) => steps.flatMap(({ run }) => run ?? []);

describe.each(PACKAGE_MANAGERS)('the CI files of a project with %s', (packageManager) => {
  it('check types, lint, tests and the rules of Tsuru, the same way on GitHub and on GitLab', async () => {
    const { ci, gitlab } = await made({ packageManager });
    const run = packageManager === 'npm' ? 'npm run' : `${packageManager} run`;
    const github = scriptsOf(ci.jobs['test']?.steps ?? []);
    expect(github.slice(-4)).toEqual([`${run} types`, `${run} lint`, expect.stringMatching(/ test$/), `${run} conformance`]);
    expect(gitlab.test.script.slice(-5)).toEqual(github.slice(-5));
  });

  it('publish after the tests, from the default branch, and only show what would change for a pull or merge request', async () => {
    const { ci, gitlab } = await made({ packageManager });
    const { publish } = ci.jobs;
    expect(publish).toMatchObject({ needs: 'test', env: { TSURU_TOKEN: '${{ secrets.TSURU_TOKEN }}', SERVICE_PASSWORD: '${{ secrets.SERVICE_PASSWORD }}' } });
    expect(publish?.if).toMatch(/^vars\.TSURU_TARGET && \(.*pull_request.*default_branch\)\)$/);
    expect(publish?.env?.['DRY_RUN']).toContain("== 'pull_request' && '--dry-run'");
    expect(gitlab.publish.stage).toBe('deploy');
    const [merge, push] = gitlab.publish.rules;
    expect(merge).toMatchObject({ if: expect.stringContaining('merge_request_event') as string, variables: { DRY_RUN: '--dry-run' } });
    expect(push?.if).toContain('$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH');
    for (const rule of gitlab.publish.rules) expect(rule.if).toMatch(/^\$TSURU_TARGET && \$TSURU_TOKEN && /);
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

it('the weekly update may change the lock file, which pnpm and newer Yarns refuse in CI', async () => {
  const installed = async (more: Partial<Answers>) => /^ {2}check (\w+ install.*)$/m.exec((await made(more)).text('ci/update.sh'))?.[1];
  expect(await installed({ packageManager: 'npm' })).toBe('npm install');
  expect(await installed({ packageManager: 'pnpm' })).toBe('pnpm install --no-frozen-lockfile');
  expect(await installed({ packageManager: 'yarn' })).toBe('yarn install');
  expect(await installed({ packageManager: 'yarn', packageManagerVersion: 'yarn@4.9.1' })).toBe('yarn install --no-immutable');
  expect(await installed({ packageManager: 'bun' })).toBe('bun install');
});
