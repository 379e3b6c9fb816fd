import type { StepContext } from './install.ts';
import { childEnvironment } from './run.ts';

/** A repository can bring a folder that git takes for a bare one, with settings that name programs to run. */
const NO_PROGRAMS = ['-c', 'safe.bareRepository=explicit', '-c', 'core.fsmonitor=false'];

/**
 * Which of those files of a directory have changes that git does not know, tracked or not. Without git, or outside a
 * repository, none. The index is not touched, not even refreshed.
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
      environment: childEnvironment(environment),
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
  if (!prefix.ok || !status.ok) return [];
  const above = prefix.stdout.trim().length;
  return status.stdout
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => line.slice(3 + above));
}
