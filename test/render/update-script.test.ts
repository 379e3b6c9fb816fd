import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';
import { outputsOf } from '../support/pipeline.ts';

const BRANCH = 'create-tsuru-service-update';
const GITLAB = { GITLAB_CI: 'true', CI_COMMIT_BRANCH: 'trunk', CI_PIPELINE_URL: 'https://gitlab.example.com/5' };
const GITHUB = { GITHUB_REPOSITORY: 'o/r', GITHUB_REF_NAME: 'trunk', GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '5' };

let scratch: string;
let environment: Record<string, string>;
let weeks = 0;
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'update-script-'));
  const script = (await render(answersWith({}), templates)).get('ci/update.sh')?.content ?? '';
  environment = { PATH: `${place('bin')}${delimiter}${process.env['PATH'] ?? ''}`, HOME: scratch, GIT_CONFIG_GLOBAL: place('gitconfig'), GIT_CONFIG_NOSYSTEM: '1' };
  for (const path of ['bin', 'first/ci', 'first/.tsuru-service']) mkdirSync(place(path), { recursive: true });
  // The newest version, which says what the test wants; the package manager; and GitHub, whose client there is no other way to run.
  program('npx', 'while [ "$1" != --report ]; do shift; done; cp "$HOME/report" "$2"; cp "$HOME/version" new.txt; echo "{\\"generator\\":\\"$(cat "$HOME/version")\\"}" >.tsuru-service/lock.json');
  program('npm', 'case "$*" in *--ignore-scripts) cp "$HOME/version" package-lock.json;; test) cat "$HOME/tests"; exit "$(wc -l <"$HOME/tests")";; *) echo evil | tee new.txt >evil.txt; git add --all;; esac');
  program('gh', 'echo "$*" >>"$HOME/asked"; case "$*" in *state=all*) cat "$HOME/known";; esac');
  for (const [path, text] of Object.entries({ gitconfig: '[user]\nname = Ana\nemail = ana@example.com\n', 'first/ci/update.sh': script, 'first/.tsuru-service/lock.json': '{}\n', report: '# Report\n', known: '', tests: '' })) write(path, text);
  git('.', 'init', '--quiet', '--bare', '--initial-branch=trunk', 'origin');
  git('first', 'init', '--quiet', '--initial-branch=trunk');
  commit('first');
  git('first', 'push', '--quiet', place('origin'), 'HEAD');
});
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const place = (path: string) => join(scratch, path);
const write = (path: string, text: string | Buffer) => {
  writeFileSync(place(path), text);
};
const program = (name: string, text: string) => {
  writeFileSync(place(join('bin', name)), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
};
const git = (directory: string, ...args: string[]) => execFileSync('git', args, { cwd: place(directory), env: environment, encoding: 'utf8' }).trim();
const commit = (directory: string) => {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'mine');
};
/** A commit of somebody on the branch of the update, in the clone `mine`. */
const addCommit = () => {
  git('.', 'clone', '--quiet', '--branch', BRANCH, place('origin'), 'mine');
  write('mine/own.txt', 'own\n');
  commit('mine');
  git('mine', 'push', '--quiet', 'origin', `HEAD:refs/heads/${BRANCH}`);
};
const headOf = (branch: string) => git('origin', 'rev-parse', branch);

/** Runs each step in a clone of its own, as CI does. @param after what the dependencies do at the end of `try` */
function week(version: string, { variables = GITHUB, after = () => undefined }: { variables?: Record<string, string>; after?: () => void } = {}) {
  rmSync(place('update'), { recursive: true, force: true });
  environment['GIT_COMMITTER_DATE'] = new Date(2026, 0, 5 + 7 * weeks++).toISOString();
  for (const [path, text] of Object.entries({ version, asked: '', outputs: '' })) write(path, text);
  const run = (step: string, more: Record<string, string>) => {
    rmSync(place('clone'), { recursive: true, force: true });
    git('.', 'clone', '--quiet', ...(step === 'request' ? [] : ['--depth=1']), `file://${place('origin')}`, 'clone');
    return spawnSync('sh', ['ci/update.sh', step, place('update')], { cwd: place('clone'), env: { ...environment, ...variables, ...more }, encoding: 'utf8' });
  };
  const made = run('make', { GITHUB_OUTPUT: place('outputs') });
  expect([made.status, made.stderr.replace(/^warning: .* CRLF .*\n/gm, '')]).toEqual([0, '']);
  const tried = run('try', {});
  expect(tried.stderr).toBe('');
  after();
  const { commit: COMMIT = '' } = outputsOf(readFileSync(place('outputs'), 'utf8'));
  const { status: code, stdout, stderr } = run('request', { COMMIT, RESULT: tried.status === 0 ? 'success' : 'failure' });
  return { code, output: stdout + stderr, tried: tried.stdout, asked: readFileSync(place('asked'), 'utf8').trim().split('\n'), body: existsSync(place('update/body.md')) ? readFileSync(place('update/body.md'), 'utf8') : '' };
}

describe('the weekly update', { timeout: 60_000 }, () => {
  it('asks for a merge of what changes, with the lock file and without what the code of dependencies writes', () => {
    const { code, asked, body } = week('2.0.0');
    expect([code, asked.at(-1)]).toEqual([0, expect.stringContaining(`head=${BRANCH} -f base=trunk -f title=Update to create-tsuru-service 2.0.0 -F`)]);
    for (const path of ['new.txt', 'package-lock.json']) expect(git('origin', 'show', `${BRANCH}:${path}`)).toBe('2.0.0');
    expect(git('origin', 'diff', '--name-only', 'trunk', BRANCH).split('\n')).toEqual(['.tsuru-service/lock.json', 'new.txt', 'package-lock.json']);
    expect(body).toMatch(/checks pass: https:\/\/github\.com\/o\/r\/actions\/runs\/5\n\s+# Report\s+$/);
  });

  it('says that checks fail, and shows nothing that code of dependencies wrote', () => {
    write('tests', '@everyone\n# Mine\n');
    const { asked, body, tried } = week('2.0.0');
    expect(asked.at(-1)).toContain('title=Update to create-tsuru-service 2.0.0 (checks fail) ');
    expect(tried).toMatch(/@everyone\n# Mine\nFailed: npm test; see above\.\n$/);
    expect(body).toMatch(/checks \*\*fail\*\*: https:\/\/github\.com\/o\/r\/actions\/runs\/5\n\s+# Report\s+$/);
  });

  it('pushes no commit but that of the job that runs no code of dependencies', () => {
    week('2.0.0');
    git('origin', 'branch', '-D', BRANCH);
    cpSync(place('update/commit'), place('other'));
    const { code, output } = week('3.0.0', { after: () => { cpSync(place('other'), place('update/commit')); } });
    expect([code, output, git('origin', 'branch', '--list', BRANCH)]).toEqual([128, expect.stringContaining('fatal: bad object'), '']);
  });

  it.each([
    ['its branch deleted', () => { git('origin', 'branch', '--quiet', '-D', BRANCH); }, 'Update to create-tsuru-service 2.0.0'],
    ['its title edited', () => {}, 'chore: update'],
    ['its checks failing', () => { git('origin', 'branch', '--quiet', '-D', BRANCH); }, 'Update to create-tsuru-service 2.0.0 (checks fail)'],
    ['its lock file changed since', () => { program('npm', 'case "$*" in *--ignore-scripts) date +%N >package-lock.json;; esac'); }, 'chore: update'],
  ])('makes no proposal again before the next version that was closed with %s', (_, change, title) => {
    week('2.0.0');
    write('known', `closed 7 ${headOf(BRANCH)} null ${JSON.stringify(title)}\n`);
    change();
    const before = git('origin', 'branch', '--list', '--verbose', BRANCH);
    expect(week('2.0.0').output).toBe('This proposal was closed, so it is not made again.\n');
    expect(git('origin', 'branch', '--list', '--verbose', BRANCH)).toBe(before);
    expect(week('2.0.0-rc.1').asked.at(-1)).toContain('title=Update to create-tsuru-service 2.0.0-rc.1 ');
  });

  it('makes no proposal of what differs before the update, such as line ends', () => {
    write('first/.gitattributes', '*.txt text\n');
    for (const [path, text] of Object.entries({ 'notes.txt': 'a\r\n', 'new.txt': '1.0.0', '.tsuru-service/lock.json': '{"generator":"1.0.0"}\n' })) write(`first/${path}`, text);
    git('first', 'config', 'core.autocrlf', 'false');
    git('first', 'update-index', '--add', '--cacheinfo', `100644,${git('first', 'hash-object', '-w', '--no-filters', 'notes.txt')},notes.txt`);
    git('first', 'add', 'new.txt', '.gitattributes', '.tsuru-service');
    git('first', 'commit', '--quiet', '--message', 'mine');
    git('first', 'push', '--quiet', place('origin'), 'HEAD');
    expect(week('1.0.0')).toMatchObject({ code: 0, asked: [''] });
    expect(git('origin', 'branch', '--list', BRANCH)).toBe('');
  });

  it('keeps its own name as the committer, whatever that of the runner is', () => {
    environment['GIT_COMMITTER_EMAIL'] = 'runner@example.com';
    week('2.0.0');
    expect(week('3.0.0').asked.at(-1)).toContain('title=Update to create-tsuru-service 3.0.0 ');
  });

  it('replaces nothing if git cannot say whose commits there are', () => {
    week('2.0.0');
    const before = headOf(BRANCH);
    program('git', `case "$*" in *--format=%ce*) exit 1;; esac; PATH=\${PATH#*:} exec git "$@"`);
    const { code } = week('3.0.0');
    rmSync(place('bin/git'));
    expect([code, headOf(BRANCH)]).toEqual([1, before]);
  });

  it('proposes what is left of a version whose proposal was merged', () => {
    write('known', 'closed 7 0123abc 2026-01-05T05:23:00Z "Update to create-tsuru-service 2.0.0"\n');
    expect(week('2.0.0').asked.at(-1)).toContain('title=Update to create-tsuru-service 2.0.0 ');
  });

  it('proposes the next version after a squash of an update that had commits of others', () => {
    week('2.0.0');
    addCommit();
    git('mine', 'checkout', '--quiet', 'trunk');
    git('mine', 'merge', '--quiet', '--squash', BRANCH);
    git('mine', 'commit', '--quiet', '--message', 'squashed');
    git('mine', 'push', '--quiet', 'origin', 'trunk');
    write('known', `closed 7 ${headOf(BRANCH)} 2026-01-05T05:23:00Z "Update to create-tsuru-service 2.0.0"\n`);
    expect(week('3.0.0').asked.at(-1)).toContain('title=Update to create-tsuru-service 3.0.0 ');
    expect(git('origin', 'diff', '--name-only', 'trunk', BRANCH).split('\n')).toEqual(['.tsuru-service/lock.json', 'new.txt', 'package-lock.json']);
  });

  it('updates the request that is open, whatever the titles of others are', () => {
    week('2.0.0');
    write('known', `closed 9 0123abc null "\\nopen 1 0123abc null"\nopen 8 ${headOf(BRANCH)} null "Update to create-tsuru-service 2.0.0"\nclosed 7 0123abc null "Update to create-tsuru-service 3.0.0"\n`);
    expect(week('3.0.0').asked.at(-1)).toContain('--method PATCH repos/o/r/pulls/8 -f title=Update to create-tsuru-service 3.0.0 ');
  });

  it('leaves the commits of others on its branch', () => {
    week('2.0.0');
    addCommit();
    const own = headOf(BRANCH);
    expect(week('3.0.0')).toMatchObject({ code: 0, output: expect.stringContaining('has commits of others') as string });
    expect(headOf(BRANCH)).toBe(own);
  });

  it.each([
    ['short', 'é\n'.repeat(60_000)],
    ['long', `${'é'.repeat(60_000)}\n`],
  ])('sends GitLab what git can send of a report with %s lines', (_, report) => {
    write('report', report);
    git('origin', 'config', 'receive.advertisePushOptions', 'true');
    writeFileSync(place('origin/hooks/pre-receive'), '#!/bin/sh\nprintf %s "$GIT_PUSH_OPTION_3" >"$HOME/description"\n', { mode: 0o755 });
    expect(week('2.0.0', { variables: GITLAB }).code).toBe(0);
    const description = readFileSync(place('description'), 'utf8');
    expect(description).toMatch(/^merge_request\.description=This is a proposal[^\n]*\\n$/);
    // No character is cut.
    expect(description).not.toContain('\ufffd');
  });

  it('tells GitLab each week whether checks fail, and creates a request for each version once', () => {
    git('origin', 'config', 'receive.advertisePushOptions', 'true');
    writeFileSync(place('origin/hooks/pre-receive'), '#!/bin/sh\nenv | grep -c merge_request.create >"$HOME/created"\necho "$GIT_PUSH_OPTION_2" >"$HOME/title"\n', { mode: 0o755 });
    const told = (version: string) => {
      expect(week(version, { variables: GITLAB }).code).toBe(0);
      return [readFileSync(place('created'), 'utf8'), readFileSync(place('title'), 'utf8')].join('');
    };
    expect(told('2.0.0')).toBe('1\nmerge_request.title=Update to create-tsuru-service 2.0.0\n');
    write('tests', 'broken\n');
    expect(told('2.0.0')).toBe('0\nmerge_request.title=Update to create-tsuru-service 2.0.0 (checks fail)\n');
    expect(told('3.0.0')).toBe('1\nmerge_request.title=Update to create-tsuru-service 3.0.0 (checks fail)\n');
  });
});
