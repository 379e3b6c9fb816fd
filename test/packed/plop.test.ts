import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { filesBelow, quiet, runCli } from '../support/cli.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'plop-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs plop in the repository, non-interactively: every prompt is answered by an argument. */
function plop(generator: string, answers: Readonly<Record<string, string>>): string {
  const given = Object.entries(answers).flatMap(([name, value]) => [`--${name}`, value]);
  const args = ['--dest', scratch, generator, '--', ...given];
  return execFileSync('node_modules/.bin/plop', args, { encoding: 'utf8', env: quiet(), stdio: 'pipe' });
}

/** Every file of a project with its mode; the password, which is made anew each time, is replaced by a word. */
function project(directory: string): Record<string, string> {
  const root = join(scratch, directory);
  const password = /^SERVICE_PASSWORD=(\S{32})$/m.exec(readFileSync(join(root, '.env'), 'utf8'))?.[1];
  expect(password).toBeDefined();
  return Object.fromEntries(
    filesBelow(root).map((path) => {
      const text = readFileSync(join(root, path), 'latin1').replaceAll(String(password), 'THE-PASSWORD');
      return [path, `${(statSync(join(root, path)).mode & 0o777).toString(8)} ${text}`];
    }),
  );
}

const SERVICE = {
  ...{ name: 'my-db', framework: 'hono', backend: 'blank', provisioning: 'background', team: 'dbas' },
  ...{ endpoint: 'http://localhost:7000/base', plans: 'small=For trying; large=For production' },
};
const FLAGS = [
  ...['--name', 'my-db', '--framework', 'hono', '--backend', 'blank', '--provisioning', 'background', '--team', 'dbas'],
  ...['--endpoint', 'http://localhost:7000/base', '--plan', 'small=For trying', '--plan', 'large=For production'],
  ...['--pm', 'npm', '--no-install', '--no-git', '--yes'],
];

describe('plop in this repository', () => {
  it('lists the generators service and endpoint', () => {
    const { stdout } = spawnSync('node_modules/.bin/plop', [], { encoding: 'utf8', env: quiet(), input: '' });
    const lines = stripVTControlCharacters(stdout).split('\n');
    expect(lines.flatMap((line) => /^\W*(\w+) - /.exec(line)?.[1] ?? [])).toEqual(['service', 'endpoint']);
  });

  it('leaves the project that the program leaves, byte by byte, and adds an endpoint as the program does', async () => {
    expect((await runCli(['by-program', ...FLAGS], { cwd: scratch })).code).toBe(0);
    plop('service', { directory: 'by-plop', ...SERVICE });
    expect(project('by-plop')).toEqual(project('by-program'));

    const endpoint = { name: 'backups', method: 'POST', path: '/backups/{id}', action: 'backups.create' };
    const flags = ['--method', 'POST', '--path', '/backups/{id}', '--action', 'backups.create', '--description', 'Back up'];
    const added = await runCli(['endpoint', 'add', 'backups', ...flags], { cwd: join(scratch, 'by-program') });
    expect(added.code).toBe(0);
    plop('endpoint', { directory: 'by-plop', ...endpoint, description: 'Back up' });
    expect(project('by-plop')).toEqual(project('by-program'));
    expect(project('by-plop')).toHaveProperty(['src/endpoints/backups.ts']);
  });

  it('refuses a directory that is not empty, and an answer that the questions refuse', () => {
    plop('service', { directory: 'twice', ...SERVICE });
    expect(() => plop('service', { directory: 'twice', ...SERVICE })).toThrow(/not empty/);
    expect(() => plop('service', { directory: 'other', ...SERVICE, name: 'Not An Id' })).toThrow(/must start with a letter/);
  });
});
