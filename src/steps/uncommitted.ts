import { EXIT, ExpectedError } from '../errors.ts';
import type { StepContext } from './install.ts';
import { childEnvironment } from './run.ts';

/** A checkout can contain a folder that looks like a bare repository, with settings that make git run programs. */
const NO_PROGRAMS = ['-c', 'safe.bareRepository=explicit', '-c', 'core.fsmonitor=false'];

/**
 * The files among `paths` that are untracked or have uncommitted changes; none without git or outside a repository. The
 * index is not modified, not even refreshed.
 * @throws ExpectedError when git refuses the repository
 */
export async function uncommitted(
  directory: string,
  paths: readonly string[],
  { environment, runProgram }: Pick<StepContext, 'environment' | 'runProgram'>,
): Promise<string[]> {
  const git = (...args: string[]) =>
    runProgram({
      command: 'git',
      args: [...NO_PROGRAMS, ...args],
      cwd: directory,
      environment: { ...childEnvironment(environment), LC_ALL: 'C' },
      timeout: 30_000,
    });
  const [prefix, status] = await Promise.all([
    git('rev-parse', '--show-prefix'),
    git(
      '--no-optional-locks',
      'status',
      '--porcelain=v1',
      '-z',
      '--untracked-files=all',
      '--no-renames',
      '--',
      ...paths,
    ),
  ]);
  const failed = [prefix, status].find(({ ok }) => !ok);
  if (failed?.isMissing || failed?.stderr.includes('not a git repository (or any')) return [];
  if (failed) {
    throw new ExpectedError(EXIT.inTheWay, `git cannot tell what is committed: ${failed.stderr.trim() || failed.ending}`, 'Correct that, or use --allow-dirty.');
  }
  const above = prefix.stdout.trim().length;
  return status.stdout
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => line.slice(3 + above));
}
