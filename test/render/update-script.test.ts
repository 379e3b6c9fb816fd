import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

const BRANCH = 'create-tsuru-service-update';

let scratch: string;
let environment: Record<string, string>;
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'update-script-'));
  const script = (await render(answersWith({}), templates)).get('ci/update.sh')?.content ?? '';
  environment = { PATH: `${place('bin')}${delimiter}${process.env['PATH'] ?? ''}`, HOME: scratch, GIT_CONFIG_GLOBAL: place('gitconfig'), GIT_CONFIG_NOSYSTEM: '1' };
  for (const path of ['bin', 'first/ci', 'first/.tsuru-service']) mkdirSync(place(path), { recursive: true });
  // The newest version, which says what the test wants; the package manager; and GitHub, whose client there is no other way to run.
  program('npx', 'while [ "$1" != --report ]; do shift; done; cp "$HOME/report" "$2"; cp "$HOME/version" new.txt; echo "{\\"generator\\":\\"$(cat "$HOME/version")\\"}" >.tsuru-service/lock.json');
  program('npm', 'mkdir -p .git/hooks; printf "#!/bin/sh\\nexit 1\\n" >.git/hooks/pre-push; chmod +x .git/hooks/pre-push');
  program('gh', 'echo "$*" >>"$HOME/asked"; case "$*" in *state=all*) cat "$HOME/known";; esac');
  for (const [path, text] of Object.entries({ gitconfig: '[user]\nname = Ana\nemail = ana@example.com\n', 'first/ci/update.sh': script, 'first/.tsuru-service/lock.json': '{}\n', report: '# Report\n', known: '', asked: '' })) write(path, text);
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
const headOf = (branch: string) => git('origin', 'rev-parse', branch);

/** Runs both steps in one clone, as on GitLab. */
function week(version: string, variables: Record<string, string> = { GITHUB_REPOSITORY: 'o/r', GITHUB_REF_NAME: 'trunk' }) {
  for (const path of ['clone', 'update']) rmSync(place(path), { recursive: true, force: true });
  write('version', version);
  write('asked', '');
  git('.', 'clone', '--quiet', place('origin'), 'clone');
  const runs = ['make', 'request'].map((step) => spawnSync('sh', ['ci/update.sh', step, place('update')], { cwd: place('clone'), env: { ...environment, ...variables }, encoding: 'utf8' }));
  expect([runs[0]?.status, runs[0]?.stderr]).toEqual([0, '']);
  return { code: runs[1]?.status, output: `${runs[1]?.stdout ?? ''}${runs[1]?.stderr ?? ''}`, asked: readFileSync(place('asked'), 'utf8').trim().split('\n') };
}

describe('the weekly update', { timeout: 60_000 }, () => {
  it('asks for a merge of what changes, whatever hook an installed package brings', () => {
    const { code, asked } = week('2.0.0');
    expect([code, asked.at(-1)]).toEqual([0, expect.stringContaining(`head=${BRANCH} -f base=trunk -f title=Update to create-tsuru-service 2.0.0 `)]);
    expect(git('origin', 'show', `${BRANCH}:new.txt`)).toBe('2.0.0');
  });

  it('makes no proposal again that was closed, even if its branch is deleted or its title edited', () => {
    week('2.0.0');
    write('known', `closed 7 ${headOf(BRANCH)}\nnull chore: update\n`);
    expect(week('2.0.0').output).toBe('This proposal was closed, so it is not made again.\n');
    write('known', `closed 7 ${headOf(BRANCH)}\nnull Update to create-tsuru-service 2.0.0\n`);
    git('origin', 'branch', '--quiet', '-D', BRANCH);
    expect(week('2.0.0').output).toBe('This proposal was closed, so it is not made again.\n');
    expect(git('origin', 'branch', '--list', BRANCH)).toBe('');
    expect(week('3.0.0').asked.at(-1)).toContain('title=Update to create-tsuru-service 3.0.0 ');
  });

  it('proposes what is left of a version whose proposal was merged', () => {
    write('known', 'closed 7 0123abc\n2026-01-05T05:23:00Z Update to create-tsuru-service 2.0.0\n');
    expect(week('2.0.0').asked.at(-1)).toContain('title=Update to create-tsuru-service 2.0.0 ');
  });

  it('updates the request that is open', () => {
    week('2.0.0');
    write('known', `open 8 ${headOf(BRANCH)}\nnull Update to create-tsuru-service 2.0.0\nclosed 7 0123abc\nnull Update to create-tsuru-service 3.0.0\n`);
    expect(week('3.0.0').asked.at(-1)).toContain('--method PATCH repos/o/r/pulls/8 -f title=Update to create-tsuru-service 3.0.0 ');
  });

  it('leaves the commits of others on its branch', () => {
    week('2.0.0');
    git('.', 'clone', '--quiet', '--branch', BRANCH, place('origin'), 'mine');
    write('mine/own.txt', 'own\n');
    commit('mine');
    git('mine', 'push', '--quiet', 'origin', `HEAD:refs/heads/${BRANCH}`);
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
    expect(week('2.0.0', { GITLAB_CI: 'true', CI_COMMIT_BRANCH: 'trunk' }).code).toBe(0);
    const description = readFileSync(place('description'), 'utf8');
    expect(description).toMatch(/^merge_request\.description=This is a proposal[^\n]*\\n$/);
    // No character is cut.
    expect(description).not.toContain('\ufffd');
  });
});
