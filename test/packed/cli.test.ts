import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { FRAMEWORKS } from '../../src/answers/answers.ts';
import { openArchive } from '../../src/archive/archive.ts';
import { render } from '../../src/render/render.ts';
import { COMMANDS } from '../../src/terminal/commands.ts';
import { completionScript } from '../../src/terminal/completion.ts';
import { answersWith, templates } from '../support/answers.ts';
import { ANSWERED, filesBelow, quiet, runCli, type RunOptions } from '../support/cli.ts';
import { needs } from '../support/needs.ts';

const BARE = ['--yes', '--no-install', '--no-git'];

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

describe('the packed command line', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'cli-'));
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  const run = (args: readonly string[], options: Partial<RunOptions> = {}) => runCli(args, { cwd, ...options });

  it('is one package, that depends on nothing and brings its licences', () => {
    const root = dirname(dirname(inject('bin')));
    expect(readdirSync(root).filter((name) => !name.startsWith('.'))).toEqual(['create-tsuru-service']);
    const { dependencies, scripts } = JSON.parse(
      readFileSync(join(root, 'create-tsuru-service/package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    expect(dependencies).toBeUndefined();
    expect(Object.keys(scripts ?? {}).filter((name) => /install$/.test(name))).toEqual([]);
    const licences = readFileSync(join(root, 'create-tsuru-service/THIRD-PARTY-LICENSES.md'), 'utf8');
    for (const name of ['diff', 'execa', 'handlebars', 'node-plop', 'prompts']) expect(licences).toContain(`## ${name} `);
    expect(licences).not.toContain('## inquirer ');
    expect(statSync(inject('tarball')).size).toBeLessThan(325 * 1024);
  });

  it('helps, and says its version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(await run(['--help'])).toMatchObject({ code: 0, stderr: '' });
    expect((await run(['-h'])).stdout).toContain('--framework express|fastify|hono');
  });

  it('loads little for the help: no YAML, prompts, plop or templates', async () => {
    const coverage = join(cwd, 'coverage');
    expect(await run(['--help'], { environment: { NODE_V8_COVERAGE: coverage } })).toMatchObject({ code: 0 });
    const [file = ''] = readdirSync(coverage);
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string; functions: { ranges: { endOffset: number }[] }[] }[] };
    const loaded = result.filter(({ url }) => url.startsWith('file:'));
    expect(loaded.map(({ url }) => basename(url))).toEqual(expect.arrayContaining(['cli.js', 'options.cjs']));
    const bytes = loaded.map(({ functions }) => functions[0]?.ranges[0]?.endOffset ?? 0).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(30_000);
    expect(bytes).toBeLessThan(40_000);
  });

  it('has modules that can each be loaded first: none needs another one that waits for it', () => {
    const dist = pathToFileURL(`${dirname(realpathSync(inject('bin')))}/`);
    const { code, expand } = openArchive(new URL('package.br', dist));
    const modules = code.filter((_, index) => index % 2 === 0).map((name) => String(expand(name))).filter((name) => !['page', './cli.cjs'].includes(name));
    expect(modules).toEqual(expect.arrayContaining(['./create.cjs', './prompts.cjs', './regenerate.cjs']));
    for (const name of modules) {
      const load = `const [load] = Object.values(await import(${JSON.stringify(new URL('load.js', dist).href)})); load(${JSON.stringify(name)});`;
      expect(() => execFileSync(process.execPath, ['--input-type=module', '--eval', load], { stdio: 'pipe' })).not.toThrow();
    }
  });

  it.each([
    [['--framwork', 'hono'], 2, 'Did you mean --framework?'],
    [['--framework', 'koa', '--yes'], 2, 'express, fastify, hono'],
    [['--framework'], 2, 'needs a value'],
    [['a', 'b'], 2, 'only one directory can be given'],
    [[], 2, '[directory], --name, --framework, --backend, --provisioning, --team, --endpoint, --plan'],
    [['dir', '--framework', 'hono'], 2, '--name, --backend, --provisioning'],
  ])('ends %j with %i and writes nothing', async (args, code, text) => {
    const result = await run(args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(text);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each(['ignore', 'pipe'] as const)(
    'never waits for an answer that cannot come: standard input is %s',
    async (stdin) => {
      expect(await run(['dir'], { stdin })).toMatchObject({ code: 2 });
    },
  );

  it('needs no --yes when every answer is given', async () => {
    expect(await run(['dir', '--name', 'db', ...ANSWERED])).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, 'dir/package.json'))).toBe(true);
  });

  it('writes a whole project, with a password that it does not show', async () => {
    const { code, stdout } = await run(['my-db', ...BARE, '--', '--framework', 'express']);
    expect(code).toBe(0);
    const files = filesBelow(join(cwd, 'my-db'));
    expect(files).toEqual(
      expect.arrayContaining([
        '.env',
        '.gitignore',
        '.dockerignore',
        '.tsuru-service/lock.json',
        'manifest.yaml',
        'src/backend.ts',
        'tsuru-service.yaml',
      ]),
    );
    const password = /SERVICE_PASSWORD=(.+)/.exec(readFileSync(join(cwd, 'my-db/.env'), 'utf8'))?.[1] ?? '';
    expect(Buffer.from(password, 'base64url')).toHaveLength(24);
    expect(stdout).not.toContain(password);
    const having = files.filter((path) => readFileSync(join(cwd, 'my-db', path), 'utf8').includes(password));
    expect(having).toEqual(['.env', 'manifest.yaml']);
    for (const path of having) expect(statSync(join(cwd, 'my-db', path)).mode & 0o777).toBe(0o600);
    for (const line of ['  cd my-db', '  npm install', '  npm run dev', '  npx create-tsuru-service sandbox', '  npm run publish:tsuru']) {
      expect(stdout).toContain(`${line}\n`);
    }
  });

  it.each(FRAMEWORKS)('writes what the templates of the repository say, for %s', async (framework) => {
    await run(['my-service', '--framework', framework, '--pm', 'yarn', '--provisioning', 'background', ...BARE]);
    const answers = answersWith({ framework, packageManager: 'yarn', provisioning: 'background' });
    for (const [path, { content }] of await render(answers, { ...templates, version })) {
      expect({ path, text: readFileSync(join(cwd, 'my-service', path), 'utf8') }).toEqual({
        path,
        text: content.toString(),
      });
    }
  });

  it('prints the line that makes the same project again', async () => {
    const { stdout } = await run([
      "it's here",
      '--framework',
      'hono',
      '--plan',
      `a b='1' "2" $x \`y\``,
      '--multi-cluster',
      '--encoding',
      'json',
      ...BARE,
    ]);
    const line = stdout.trimEnd().split('\n').at(-1) ?? '';
    expect(line).toMatch(/^ {2}npm create tsuru-service@latest /);
    const again = line.trim().replace('npm create tsuru-service@latest', `'${inject('bin')}'`);
    const other = join(cwd, 'other');
    mkdirSync(other);
    execFileSync('sh', ['-c', again], { cwd: other, env: quiet() });
    const both = [cwd, other].map((directory) =>
      filesBelow(join(directory, "it's here")).filter((path) => path !== '.env' && path !== 'manifest.yaml'),
    );
    expect(both[0]).toContain('package.json');
    expect(both[0]).toEqual(both[1]);
    for (const path of both[0] ?? []) {
      expect(readFileSync(join(other, "it's here", path))).toEqual(readFileSync(join(cwd, "it's here", path)));
    }
  });

  it('writes into a directory with nothing but the empty folder of a killed run', async () => {
    mkdirSync(join(cwd, 'dir/.tsuru-service'), { recursive: true });
    expect(await run(['dir', ...BARE])).toMatchObject({ code: 0 });
    expect(readdirSync(join(cwd, 'dir/.tsuru-service'))).toContain('lock.json');
  });

  it('makes a valid id of a name with spaces and capitals, keeps the directory, and says so', async () => {
    const { stdout } = await run(['My Great DB', ...BARE]);
    expect(stdout).toContain('The directory is "My Great DB"');
    expect(stdout).toContain(`cd 'My Great DB'`);
    expect(JSON.parse(readFileSync(join(cwd, 'My Great DB/package.json'), 'utf8'))).toMatchObject({
      name: 'my-great-db',
    });
  });

  it('shows in a dry run what it would write, and writes nothing', async () => {
    const { code, stdout } = await run(['dir', '--dry-run', ...BARE]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^src\/backend\.ts +seeded +\d+ bytes$/m);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('writes nothing if npm kept --dry-run to itself', async () => {
    const environment = { npm_config_dry_run: 'true', npm_lifecycle_event: 'npx' };
    expect(await run(['dir', '--yes'], { environment })).toMatchObject({ code: 2, stderr: expect.stringContaining('npm create tsuru-service -- --dry-run') as string });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('fills a directory that has no more than harmless files', async () => {
    mkdirSync(join(cwd, '.git'));
    mkdirSync(join(cwd, '.vscode'));
    writeFileSync(join(cwd, 'LICENSE'), 'mine');
    expect(await run(['.', ...BARE])).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, 'LICENSE'), 'utf8')).toBe('mine');
    expect(existsSync(join(cwd, 'src/main.ts'))).toBe(true);
    expect(existsSync(join(cwd, '.tsuru-service/stage'))).toBe(false);
  });

  it('refuses any other directory, and names what would be overwritten', async () => {
    writeFileSync(join(cwd, 'README.md'), 'mine');
    writeFileSync(join(cwd, 'thesis.doc'), 'mine');
    const { code, stderr } = await run(['.', ...BARE]);
    expect(code).toBe(4);
    expect(stderr).toContain('README.md');
    expect(stderr).toContain('thesis.doc');
    expect(filesBelow(cwd)).toEqual(['README.md', 'thesis.doc']);
    expect(readFileSync(join(cwd, 'README.md'), 'utf8')).toBe('mine');
  });

  it('keeps what a new repository has: a README in a backup, the lines of a .gitignore, a licence', async () => {
    const mine = { 'README.md': '# my-db\n', '.gitignore': '*.tmp\nnode_modules/\n', LICENSE: 'MIT' };
    for (const [path, text] of Object.entries(mine)) writeFileSync(join(cwd, path), text);
    const { code, stdout } = await run(['.', ...BARE]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/The existing README\.md is kept[^]*The replaced files are kept in \S+0001:\n {2}README\.md\n/);
    expect(readFileSync(join(cwd, '.tsuru-service/backup/0001/README.md'), 'utf8')).toBe('# my-db\n');
    expect(readFileSync(join(cwd, 'README.md'), 'utf8')).toContain('src/backend.ts');
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toMatch(/^\*\.tmp\nnode_modules\/\n[^]*^manifest\.yaml$/m);
    expect(readFileSync(join(cwd, 'LICENSE'), 'utf8')).toBe('MIT');
    const check = await run(['regenerate', '--check']);
    expect([check.code, check.stderr]).toEqual([0, '']);
  });

  it('with --overwrite writes into any directory, and keeps what it replaces', async () => {
    mkdirSync(join(cwd, 'src'));
    for (const path of ['package.json', 'src/main.ts', '.env', 'thesis.doc']) writeFileSync(join(cwd, path), 'mine');
    const dry = await run(['.', '--overwrite', '--dry-run', ...BARE]);
    expect([dry.code, readFileSync(join(cwd, '.env'), 'utf8')]).toEqual([0, 'mine']);
    expect(dry.stdout).toMatch(/The replaced files would be kept in \.tsuru-service\/backup\/0001:\n {2}\.env\n/);
    expect(await run(['.', '--overwrite', ...BARE])).toMatchObject({ code: 0, stderr: '' });
    for (const path of ['package.json', 'src/main.ts', '.env']) {
      expect(readFileSync(join(cwd, '.tsuru-service/backup/0001', path), 'utf8')).toBe('mine');
      expect(readFileSync(join(cwd, path), 'utf8')).not.toBe('mine');
    }
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(cwd, 'thesis.doc'), 'utf8')).toBe('mine');
  });

  it('writes over no link and through none, with --overwrite neither', async () => {
    mkdirSync(join(cwd, 'elsewhere'));
    mkdirSync(join(cwd, 'dir'));
    symlinkSync('../elsewhere', join(cwd, 'dir/src'));
    const { code, stderr } = await run(['dir', '--overwrite', ...BARE]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/symbolic links or not regular files:\n {2}src\n/);
    expect([readdirSync(join(cwd, 'dir')), readdirSync(join(cwd, 'elsewhere'))]).toEqual([['src'], []]);
  });

  it.each(['regenrate', 'regenerate', 'endpoints', 'chek', 'sandbx', 'help'])(
    'makes no project of the word %s, before or behind a flag',
    async (word) => {
      for (const args of [['--yes', word], ...(['regenerate', 'help'].includes(word) ? [] : [[word]])]) {
        const { code, stderr } = await run(args);
        expect(code).toBe(2);
        expect(stderr).toMatch(/looks like a command.*\nDid you mean create-tsuru-service .*use \.\/\w+\.\n$/);
      }
      expect(readdirSync(cwd)).toEqual([]);
    },
  );

  it('makes a project of such a name when it is meant, and the command for it says so', async () => {
    const { code, stdout } = await run(['./regenrate', ...BARE]);
    expect(code).toBe(0);
    expect(stdout).toContain('npm create tsuru-service@latest ./regenrate --');
    expect(existsSync(join(cwd, 'regenrate/package.json'))).toBe(true);
  });

  it.each([[['-v']], [['regenerate', '--version']], [['endpoint', 'list', '-v']], [['check', '-v']]])(
    'says its version for %j',
    async (args) => {
      expect(await run(args)).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    },
  );

  it.each([
    [['endpoint', '-h'], 'create-tsuru-service endpoint list'],
    [['endpoint', 'add', '-h'], '--method'],
    [['endpoint', 'remove', '--help'], 'endpoint remove [name] [options]'],
    [['regenerate', '--help'], '--set key=value'],
    [['check', '-h'], '--manifest FILE'],
    [['sandbox', '-h'], '--state FILE'],
    [['completion', '-h'], 'create-tsuru-service completion fish | source'],
  ])('helps with %j', async (args, text) => {
    const { code, stdout } = await run(args);
    expect([code, stdout]).toEqual([0, expect.stringContaining(text)]);
  });

  it('prints a completion script, and nothing else', async () => {
    const script = completionScript('bash', COMMANDS);
    expect(await run(['completion', 'bash'])).toMatchObject({ code: 0, stdout: script, stderr: '' });
    for (const [args, text] of [
      [['completion'], 'Give one of: bash, zsh, fish.'],
      [['completion', 'fis'], 'Did you mean fish? Valid values: bash, zsh, fish.'],
      [['completion', 'bash', 'zsh'], 'only one shell'],
    ] as const) {
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(text)]);
    }
  });

  it('says that its output is incomplete when the disk is full, and fails', (context) => {
    needs(context, '/dev/full', existsSync('/dev/full'));
    const run = (to: string) =>
      spawnSync('sh', ['-c', `"$0" completion bash ${to}`, inject('bin')], { cwd, encoding: 'utf8', env: quiet() });
    expect(run('>/dev/full')).toMatchObject({ status: 1, stderr: 'The output is incomplete: ENOSPC: no space left on device, write\n' });
    expect(run('>/dev/full 2>&1').status).toBe(1);
  });

  it('refuses a file where the directory should be', async () => {
    writeFileSync(join(cwd, 'dir'), 'mine');
    expect(await run(['dir', ...BARE])).toMatchObject({ code: 4 });
    expect(readFileSync(join(cwd, 'dir'), 'utf8')).toBe('mine');
  });

  it('uses colour only where that is wanted', async () => {
    expect((await run(['a', ...BARE])).stdout).not.toContain('\x1b');
    expect((await run(['b', ...BARE], { environment: { FORCE_COLOR: '1' } })).stdout).toContain('\x1b[');
    expect((await run(['c', ...BARE], { environment: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain(
      '\x1b',
    );
  });

  it.each([
    ['pnpm/10.0.0 npm/? node/v20', 'pnpm install', 'pnpm create tsuru-service@latest dir --name'],
    ['yarn/1.22.22 npm/? node/v20', 'yarn install', 'yarn create tsuru-service dir --name'],
    ['bun/1.3.0 npm/? node/v20', 'bun install', 'bun create tsuru-service@latest dir --name'],
    ['npm/11.0.0 node/v20', 'npm install', 'npm create tsuru-service@latest dir -- --name'],
  ])('speaks the words of %s', async (agent, install, again) => {
    const { stdout } = await run(['dir', ...BARE], { environment: { npm_config_user_agent: agent } });
    expect(stdout).toContain(`  ${install}\n`);
    expect(stdout).toContain(again);
    expect(readFileSync(join(cwd, 'dir/README.md'), 'utf8')).toContain(install);
  });

  describe('when the install fails', () => {
    /** A package manager that is no more than a script. */
    function fakeNpm(script: string): Record<string, string> {
      const bin = join(cwd, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, 'npm'), 0o755);
      return { PATH: [bin, process.env['PATH'] ?? ''].join(delimiter) };
    }

    it('shows its whole output, leaves the project, and says how to go on', async () => {
      const environment = fakeNpm('for i in 1 2 3 4 5 6; do echo "line $i"; done; echo "the disk is full" >&2; exit 7');
      const { code, stderr } = await run(['dir', '--yes'], { environment });
      expect(code).toBe(1);
      for (const text of ['line 1', 'line 6', 'the disk is full', 'ended with 7', 'npm install']) {
        expect(stderr).toContain(text);
      }
      expect(existsSync(join(cwd, 'dir/src/backend.ts'))).toBe(true);
    });

    it('does so as well when its own checks fail', async () => {
      const environment = fakeNpm('case "$*" in install) exit 0;; *) echo "a test failed"; exit 1;; esac');
      const { code, stderr } = await run(['dir', '--yes'], { environment });
      expect(code).toBe(1);
      expect(stderr).toContain('a test failed');
      expect(stderr).toContain('npm run types');
    });

    it('says that there is no such package manager', async () => {
      const { code, stderr } = await run(['dir', '--yes', '--pm', 'bun'], { environment: { PATH: onlyNode(cwd) } });
      expect(code).toBe(1);
      expect(stderr).toContain('"bun" was not found on PATH');
      expect(existsSync(join(cwd, 'dir/src/backend.ts'))).toBe(true);
    });
  });

  describe('git', () => {
    const WITHOUT_INSTALL = ['--yes', '--no-install'];
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: join(cwd, 'dir'), encoding: 'utf8', env: quiet() });

    /** A git with a configuration of its own, whatever the machine's is. */
    function configured(config: string): Record<string, string> {
      writeFileSync(join(cwd, 'gitconfig'), config);
      return { GIT_CONFIG_GLOBAL: join(cwd, 'gitconfig'), GIT_CONFIG_SYSTEM: '/dev/null', HOME: cwd };
    }
    const IDENTITY = '[user]\n  name = A\n  email = a@example.com\n';

    it('gets a first commit, without the secrets', async () => {
      const { stdout } = await run(['dir', ...WITHOUT_INSTALL], { environment: configured(IDENTITY) });
      expect(stdout).toContain('A git repository was created, with a first commit.');
      expect(git('status', '--porcelain')).toBe('');
      const committed = git('ls-files').trim().split('\n');
      expect(committed).toContain('.tsuru-service/lock.json');
      for (const secret of ['.env', 'manifest.yaml']) expect(committed).not.toContain(secret);
    });

    it('without an identity is left without a commit', async () => {
      const environment = { ...configured('[user]\n  useConfigOnly = true\n') };
      const result = await run(['dir', ...WITHOUT_INSTALL], { environment });
      expect(result.code).toBe(0);
      expect(result.stdout).toMatch(/A git repository was created, but without a commit: .+/);
    });

    it('that signs commits is left to its owner', async () => {
      const result = await run(['dir', ...WITHOUT_INSTALL], {
        environment: configured(`${IDENTITY}[commit]\n  gpgsign = yes\n`),
      });
      expect(result.code).toBe(0);
      expect(result.stdout).toMatch(/To make the first\s+one:\s+git\s+commit/);
    });

    it('with a hook that refuses is left without a commit', async () => {
      mkdirSync(join(cwd, 'hooks'));
      writeFileSync(join(cwd, 'hooks/pre-commit'), '#!/bin/sh\necho "no commits on Mondays" >&2\nexit 1\n', {
        mode: 0o755,
      });
      const result = await run(['dir', ...WITHOUT_INSTALL], {
        environment: configured(`${IDENTITY}[core]\n  hooksPath = ${join(cwd, 'hooks')}\n`),
      });
      expect(result.code).toBe(0);
      expect(result.stdout).toContain('without a commit: no commits on Mondays');
    });

    it('is left alone inside a repository', async () => {
      execFileSync('git', ['init', '--quiet'], { cwd });
      const result = await run(['dir', ...WITHOUT_INSTALL], { environment: configured(IDENTITY) });
      expect(result).toMatchObject({ code: 0 });
      expect(result.stdout).toContain('the directory is already inside one');
      expect(existsSync(join(cwd, 'dir/.git'))).toBe(false);
    });

    it('need not be there at all', async () => {
      const result = await run(['dir', ...WITHOUT_INSTALL], { environment: { PATH: onlyNode(cwd) } });
      expect(result).toMatchObject({ code: 0 });
      expect(result.stdout).toContain('git was not found on PATH');
    });
  });
});

/** A PATH on which there is nothing but Node and env. */
function onlyNode(directory: string): string {
  const bin = join(directory, 'only-node');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync('/usr/bin/env', join(bin, 'env'));
  return bin;
}
