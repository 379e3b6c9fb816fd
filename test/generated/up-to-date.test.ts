import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';

import { templates } from '../support/answers.ts';
import { online } from '../support/cli.ts';
import { outputsOf, PullRequests, runScript, startGitServer, type StepRun } from '../support/pipeline.ts';
import { Workshop } from '../support/project.ts';
import { startRegistry, type Registry } from '../support/registry.ts';

const BRANCH = 'create-tsuru-service-update';
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string; bin: Record<string, string> };
const TITLE = `Update to create-tsuru-service ${manifest.version}`;

const scratch = mkdtempSync(join(tmpdir(), 'up-to-date-'));
const workshop = new Workshop();
let registry: Registry;
/** A project that an older version made, with its lock file. */
let older: string;

beforeAll(async () => {
  registry = await startRegistry(inject('tarball'), manifest);
  const directory = join(scratch, 'templates');
  cpSync(templates.directory, directory, { recursive: true });
  const replace = (path: string, from: string, to: string) => {
    const text = readFileSync(join(directory, path), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(directory, path), text.replace(from, to));
  };
  replace('base/README.md.hbs', '## Endpoints', '## Old news\n\nThis was there once.\n\n## Endpoints');
  replace('base/src/main.ts', 'const GRACE = 20_000;', 'const GRACE = 19_000;');
  replace('base/package.json.hbs', '"scripts": {', '"scripts": {\n    "old": "echo old",');
  older = await workshop.project({}, { directory, version: '0.0.9' });
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: older, env: { ...online(), npm_config_cache: join(scratch, 'npm-cache') }, stdio: 'pipe' });
  rmSync(join(older, 'node_modules'), { recursive: true });
});

afterAll(async () => {
  await registry.close();
  workshop.close();
  rmSync(scratch, { recursive: true, force: true });
});

let home: string;
let remote: string;
let pulls: PullRequests;
let count = 0;

beforeEach(() => {
  home = join(scratch, String(++count));
  remote = join(home, 'remote.git');
  mkdirSync(home);
  const seed = join(home, 'seed');
  cpSync(older, seed, { recursive: true });
  for (const args of [['init', '-q', '-b', 'main'], ['add', '-A'], ['commit', '-qm', 'my service'], ['clone', '-q', '--bare', '.', remote]]) git(seed, ...args);
  git(remote, 'config', 'receive.advertisePushOptions', 'true');
  pulls = new PullRequests(home, remote);
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=A Person', '-c', 'user.email=person@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
}

const has = (branch: string) => git(remote, 'branch', '--list', branch) !== '';
const shaOf = (branch: string) => git(remote, 'rev-parse', branch);
const fileIn = (branch: string, path: string) => git(remote, 'show', `${branch}:${path}`);

/** What a person commits on a branch. */
function commit(branch: string, edits: Record<string, (text: string) => string>): void {
  const clone = mkdtempSync(join(home, 'person-'));
  git(clone, 'clone', '-q', '--branch', branch, remote, '.');
  for (const [path, edit] of Object.entries(edits)) {
    const file = join(clone, path);
    writeFileSync(file, edit(existsSync(file) ? readFileSync(file, 'utf8') : ''));
  }
  git(clone, 'add', '-A');
  git(clone, 'commit', '-qm', 'what a person did');
  git(clone, 'push', '-q', 'origin', branch);
}

const withScripts = (scripts: Record<string, string>) => (text: string) => {
  const value = JSON.parse(text) as { scripts: Record<string, string> };
  return `${JSON.stringify({ ...value, scripts: { ...value.scripts, ...scripts } }, undefined, 2)}\n`;
};

/** Checks that take no time, as the real ones are run once. */
const quick = withScripts({ types: 'true', lint: 'true', test: 'true' });

/** A checkout of the default branch. */
function checkOut(): string {
  const clone = mkdtempSync(join(home, 'checkout-'));
  git(clone, 'clone', '-q', '--branch', 'main', remote, '.');
  return clone;
}

function environment(): NodeJS.ProcessEnv {
  const prefix = join(scratch, 'global');
  return {
    ...online(),
    ...{ HOME: home, TMPDIR: home, npm_config_registry: registry.url, npm_config_prefix: prefix, npm_config_cache: join(scratch, 'npm-cache') },
    ...{ npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false', CI: 'true' },
    PATH: `${pulls.bin}:${join(prefix, 'bin')}:${String(process.env['PATH'])}`,
  };
}

let hasPackageManager = false;

/** Without the installation of the package manager from the second time on: it takes seconds, and all jobs find that of the first one. */
function withoutInstallation(script: string): string {
  if (!script.startsWith('npm install --global')) return script;
  const isFirst = !hasPackageManager;
  hasPackageManager = true;
  return isFirst ? script : 'true';
}

interface Job {
  if?: string;
  steps: { id?: string; if?: string; run?: string; uses?: string; env?: Record<string, string> }[];
}

interface GitHubRun {
  make: StepRun;
  request: StepRun | undefined;
}

/**
 * Runs the shell steps of the workflow for GitHub, each job in a checkout of its own, with the artifact of the first one.
 * @param tries whether the job with the checks runs; otherwise it counts as done, as it installs for seconds
 */
async function runOnGitHub({ tries = false } = {}): Promise<GitHubRun> {
  const { jobs } = parse(fileIn('main', '.github/workflows/update.yaml')) as { jobs: Record<'make' | 'try' | 'request', Job> };
  const values: Record<string, string> = { 'secrets.UPDATE_TOKEN || github.token': 'token-of-the-job', 'needs.try.result': 'success' };
  let artifact: string | undefined;
  const run = async (name: keyof typeof jobs): Promise<StepRun> => {
    const [checkout, temporary] = [checkOut(), mkdtempSync(join(home, 'runner-'))];
    if (artifact !== undefined) cpSync(artifact, join(temporary, 'update'), { recursive: true });
    const outputs = join(temporary, 'outputs');
    writeFileSync(outputs, '');
    const result: StepRun = { code: 0, output: '' };
    for (const { run: script, env = {} } of jobs[name].steps) {
      if (script === undefined || result.code !== 0) continue;
      const own = Object.entries(env).map(([key, value]) => [key, value.replace(/\$\{\{ (.*) \}\}/, (_, expression: string) => values[expression] ?? expect.fail(expression))]);
      const { code, output } = await runScript(withoutInstallation(script), checkout, {
        ...environment(),
        ...{ GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'me/my-service', GITHUB_REF_NAME: 'main', GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '5' },
        ...{ GITHUB_OUTPUT: outputs, RUNNER_TEMP: temporary, ...(Object.fromEntries(own) as NodeJS.ProcessEnv) },
      });
      Object.assign(result, { code, output: result.output + output });
    }
    for (const [key, value] of Object.entries(outputsOf(readFileSync(outputs, 'utf8')))) values[`needs.${name}.outputs.${key}`] = value;
    values[`needs.${name}.result`] = result.code === 0 ? 'success' : 'failure';
    artifact ??= join(temporary, 'update');
    return result;
  };
  const make = await run('make');
  if (values['needs.make.outputs.commit'] === undefined) return { make, request: undefined };
  if (tries) await run('try');
  return { make, request: await run('request') };
}

describe('the weekly update of a project on GitHub', () => {
  it('proposes the newest version in one pull request, with the real checks, and keeps what its owner wrote', async () => {
    // A new project passes all of its tests elsewhere.
    const test = 'vitest run test/backend.test.ts test/tsuru/recorded.test.ts';
    commit('main', { 'package.json': withScripts({ test }), 'src/main.ts': (text) => `// What I wrote.\n${text}` });
    const before = shaOf('main');
    const { make, request } = await runOnGitHub({ tries: true });
    expect([make.code, request?.code]).toEqual([0, 0]);
    expect(shaOf('main')).toBe(before);
    expect(git(remote, 'rev-parse', `${BRANCH}^`)).toBe(before);
    expect(fileIn(BRANCH, 'src/main.ts')).toMatch(/^\/\/ What I wrote\.\n[^]*GRACE = 20_000/);
    expect(fileIn(BRANCH, 'README.md')).not.toContain('Old news');
    expect(JSON.parse(fileIn(BRANCH, '.tsuru-service/lock.json'))).toMatchObject({ generator: manifest.version });
    const [pull, ...others] = pulls.all();
    expect(others).toEqual([]);
    expect(pull).toMatchObject({ title: TITLE, base: 'main', head: BRANCH, state: 'open' });
    expect(pull?.body).toContain('checks pass: https://github.com/me/my-service/actions/runs/5\n');
    expect(pull?.body).toContain(`create-tsuru-service 0.0.9 → ${manifest.version}: `);
    expect(pull?.body).toContain('\n- merged `src/main.ts`\n');
    expect(git(remote, 'diff', '--name-only', 'main', BRANCH).split('\n')).toEqual(expect.arrayContaining(['README.md', 'src/main.ts']));
    expect(git(remote, 'ls-tree', '-r', '--name-only', BRANCH)).not.toMatch(/node_modules|\/backup\/|report\.md|^\.env$/m);
  }, 900_000);

  it('leaves the branch as it is while the proposal stays the same, and brings the pull request up to date', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitHub();
    const first = shaOf(BRANCH);
    commit('main', { 'notes.txt': () => 'not about the update\n' });
    const { request } = await runOnGitHub();
    expect([request?.code, shaOf(BRANCH)]).toEqual([0, first]);
    expect(pulls.all()).toHaveLength(1);
    const evil = 'touch .github/workflows/evil.yaml && npm pkg set evil=true && git add --all && git -c user.name=A -c user.email=a@example.com commit --quiet --message evil';
    commit('main', { 'package.json': withScripts({ postinstall: evil, test: 'echo 1 wrong && exit 1' }) });
    expect((await runOnGitHub({ tries: true })).request?.code).toBe(0);
    expect(pulls.all()).toEqual([expect.objectContaining({ number: 1, title: `${TITLE} (checks fail)` })]);
    expect(pulls.all()[0]?.body).toContain('checks **fail**: https:');
    expect(pulls.all()[0]?.body).not.toContain('1 wrong');
    expect(git(remote, 'show', '--format=', '--name-only', BRANCH)).not.toContain('evil');
    expect(JSON.parse(fileIn(BRANCH, 'package.json'))).not.toHaveProperty('evil');
    expect(git(remote, 'rev-parse', `${BRANCH}^`)).toBe(shaOf('main'));
  });

  it('does nothing once it is merged', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitHub();
    git(remote, 'update-ref', 'refs/heads/main', shaOf(BRANCH));
    git(remote, 'branch', '-D', BRANCH);
    pulls.close(1);
    const { make, request } = await runOnGitHub();
    expect([make.code, request, has(BRANCH), pulls.all().length]).toEqual([0, undefined, false, 1]);
    expect(make.output).toContain('Nothing has changed.');
  });

  it('does not make a proposal again that was closed, until there is another version', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitHub();
    pulls.close(1);
    expect((await runOnGitHub()).request?.output).toContain('This proposal was closed');
    expect(pulls.all()).toHaveLength(1);
    commit('main', { 'src/main.ts': (text) => text.replace('GRACE = 19_000', 'GRACE = 20_000') });
    expect((await runOnGitHub()).request?.output).toContain('This proposal was closed');
    expect(pulls.all()).toHaveLength(1);
    pulls.change(1, { title: 'Update to create-tsuru-service 0.0.10' });
    git(remote, 'branch', '-D', BRANCH);
    expect((await runOnGitHub()).request?.code).toBe(0);
    expect(pulls.all().map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('never replaces the commits of a person on its branch', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitHub();
    commit(BRANCH, { 'src/backend.ts': (text) => `// Adapted by a person.\n${text}` });
    const theirs = shaOf(BRANCH);
    commit('main', { 'src/main.ts': (text) => `// Something else.\n${text}` });
    const { request } = await runOnGitHub();
    expect([request?.code, shaOf(BRANCH)]).toEqual([0, theirs]);
    expect(request?.output).toContain(`The branch ${BRANCH} has commits of others`);
  });

  it('does not even replace commits that arrive while it pushes', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitHub();
    commit('main', { 'src/main.ts': (text) => `// Something else.\n${text}` });
    // As if a person pushed at that moment, between the look at the branch and its replacement.
    pulls.beforePush(`cd "$(mktemp -d)" && git clone -q --branch ${BRANCH} ${remote} . && git -c user.name=A -c user.email=a@example.com commit -q --allow-empty -m mine && git push -q`);
    const { request } = await runOnGitHub();
    expect(request?.code).toBe(1);
    expect(git(remote, 'log', '-1', '--format=%s', BRANCH)).toBe('mine');
  });

  it('says with markers and in the pull request what conflicts', async () => {
    commit('main', { 'package.json': quick, 'src/main.ts': (text) => text.replace('GRACE = 19_000', 'GRACE = 5_000') });
    const { make, request } = await runOnGitHub();
    expect([make.code, request?.code]).toEqual([0, 0]);
    expect(fileIn(BRANCH, 'src/main.ts')).toMatch(/^<<<<<<< yours\n.*GRACE = 5_000/m);
    const [pull] = pulls.all();
    expect(pull?.title).toBe(`${TITLE} (conflicts)`);
    expect(pull?.body).toMatch(/\n### Conflicts\n\n- `src\/main\.ts`: .*; resolve and remove the markers at line \d+\n/);
  });

  it('fails with what the program says when that refuses, and proposes nothing', async () => {
    commit('main', { '.tsuru-service/lock.json': (text) => text.replace('"generator": "0.0.9"', '"generator": "99.0.0"') });
    const { make, request } = await runOnGitHub();
    expect([make.code, request, has(BRANCH)]).toEqual([5, undefined, false]);
    expect(make.output).toContain('was written by create-tsuru-service 99.0.0');
  });

  it('says what token it needs when GitHub refuses the push, and opens no pull request', async () => {
    commit('main', { 'package.json': quick });
    writeFileSync(join(remote, 'hooks/pre-receive'), '#!/bin/sh\necho "refusing to allow a GitHub App to update workflows"\nexit 1\n');
    chmodSync(join(remote, 'hooks/pre-receive'), 0o755);
    const { request } = await runOnGitHub();
    expect([request?.code, has(BRANCH), pulls.all()]).toEqual([1, false, []]);
    expect(request?.output).toMatch(/refusing to allow[^]*UPDATE_TOKEN/);
  });
});

describe('the weekly update of a project on GitLab', () => {
  interface GitLabJob {
    extends?: string;
    environment?: { name: string };
    variables?: Record<string, string>;
    before_script?: string[];
    script: string[];
  }

  /**
   * Runs the jobs for GitLab, each in one shell and a checkout of its own, with the artifact of the first one.
   * @param scoped the variables of each environment
   * @returns what the last one ended with, and the options of each push
   */
  async function runOnGitLab({ tries = false, url = 'https://gitlab.example.com', scoped = {} }: { tries?: boolean; url?: string; scoped?: Record<string, NodeJS.ProcessEnv> } = {}): Promise<StepRun & { options: string[] }> {
    const record = join(home, 'options');
    rmSync(record, { force: true });
    const hook = join(remote, 'hooks/post-receive');
    writeFileSync(hook, `#!/bin/sh\ni=0\nwhile [ $i -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >>${record}; i=$((i + 1)); done\n`);
    chmodSync(hook, 0o755);
    const jobs = parse(fileIn('main', '.gitlab-ci.yml')) as Record<string, GitLabJob>;
    const variables = { GITLAB_CI: 'true', CI_COMMIT_BRANCH: 'main', CI_SERVER_URL: url, CI_PROJECT_URL: `${url}/me/my-service`, CI_PIPELINE_URL: `${url}/me/my-service/-/pipelines/5` };
    let artifact: string | undefined;
    const run = async (name: string): Promise<StepRun> => {
      const own = jobs[name] as GitLabJob;
      const base = jobs[own.extends ?? 'default'] as GitLabJob;
      const job = { ...base, ...own };
      const checkout = checkOut();
      const place = join(checkout, BRANCH);
      if (artifact !== undefined) cpSync(artifact, place, { recursive: true });
      artifact ??= place;
      return runScript([...(job.before_script ?? []), ...job.script].map(withoutInstallation).join('\n'), checkout, { ...environment(), ...variables, ...base.variables, ...own.variables, ...scoped[job.environment?.name ?? ''] });
    };
    const make = await run('make');
    if (make.code !== 0) return { ...make, options: [] };
    const isTried = !tries || (await run('try')).code === 0;
    const request = await run(isTried ? 'request' : 'request-failing');
    return { ...request, options: existsSync(record) ? readFileSync(record, 'utf8').trimEnd().split('\n') : [] };
  }

  it('proposes the newest version with the options of one push', async () => {
    commit('main', { 'package.json': quick });
    const { code, options } = await runOnGitLab();
    expect(code).toBe(0);
    expect(options.slice(0, 3)).toEqual(['merge_request.remove_source_branch', 'merge_request.target=main', `merge_request.title=${TITLE}`]);
    expect(options.slice(4)).toEqual(['merge_request.create']);
    const description = options[3]?.replace('merge_request.description=', '').replaceAll('\\n', '\n');
    expect(description).toContain('checks pass: https://gitlab.example.com/me/my-service/-/pipelines/5\n');
    expect(description).toContain(`create-tsuru-service 0.0.9 → ${manifest.version}: `);
    const again = await runOnGitLab();
    expect([again.code, again.options]).toEqual([0, options.slice(0, 4)]);
  });

  it('pushes with its own token, which no other program, argument or file gets, and says that checks fail', async () => {
    commit('main', { 'package.json': withScripts({ types: 'env >../seen', lint: 'true', test: 'exit 1' }) });
    const secret = 'token-for-updates';
    const server = await startGitServer(remote, `oauth2:${secret}`);
    const trace = join(home, 'trace');
    const scoped = { update: { UPDATE_TOKEN: secret, GIT_TRACE: trace }, publish: { TSURU_TOKEN: secret, SERVICE_PASSWORD: secret } };
    const { code, output, options } = await runOnGitLab({ tries: true, url: server.url, scoped });
    server.close();
    expect([code, output, has(BRANCH)]).toEqual([0, '', true]);
    expect(options[2]).toBe(`merge_request.title=${TITLE} (checks fail)`);
    expect(readFileSync(join(home, 'seen'), 'utf8')).toContain('CI_PROJECT_URL=');
    expect(readFileSync(trace, 'utf8')).toContain(' push ');
    expect(spawnSync('grep', ['-rlF', secret, home], { encoding: 'utf8' })).toMatchObject({ status: 1, stdout: '' });
  });

  it('never replaces the commits of a person on its branch', async () => {
    commit('main', { 'package.json': quick });
    await runOnGitLab();
    commit(BRANCH, { 'notes.txt': () => 'mine\n' });
    const theirs = shaOf(BRANCH);
    commit('main', { 'src/main.ts': (text) => `// Something else.\n${text}` });
    expect([(await runOnGitLab()).code, shaOf(BRANCH)]).toEqual([0, theirs]);
  });
});
