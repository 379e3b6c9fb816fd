import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { online } from '../../support/cli.ts';

/**
 * The environment of a reader who has set up git, has not logged in to any Tsuru, and says yes when npm asks whether to install a program.
 *
 * @param home an empty directory
 * @param programs those that the reader has beside the ones of this machine, by name
 */
export function readersEnvironment(home: string, programs: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const [cache, bin] = [join(home, '.npm'), join(home, 'bin')];
  for (const path of [cache, bin]) mkdirSync(path, { recursive: true });
  // Packages may come from the cache of this machine; the programs that npx keeps are those of this reader.
  const shared = join(execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8', env: online() }).trim(), '_cacache');
  mkdirSync(shared, { recursive: true });
  symlinkSync(shared, join(cache, '_cacache'));
  writeFileSync(join(home, '.gitconfig'), '[user]\n  name = A\n  email = a@example.com\n');
  // As on a terminal, where curl shows no progress beside what it prints.
  writeFileSync(join(home, '.curlrc'), 'no-progress-meter\n');
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(bin, name));
  return { ...online(), HOME: home, PATH: [bin, process.env['PATH']].join(delimiter), npm_config_cache: cache, npm_config_yes: 'true' };
}
