import type { StepContext } from './install.ts';
import { childEnvironment } from './run.ts';

/**
 * Creates a repository with a first commit of every file that .gitignore does not exclude. Never throws.
 * @returns one sentence about the outcome
 */
export async function makeRepository({
  directory,
  environment,
  signal,
  runProgram,
}: Pick<StepContext, 'directory' | 'environment' | 'signal' | 'runProgram'>): Promise<string> {
  const git = async (...args: string[]) => {
    const { ok, isMissing, stdout, stderr } = await runProgram({
      command: 'git',
      args,
      cwd: directory,
      // Git must not prompt for a password or open an editor.
      environment: { ...childEnvironment(environment), GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true' },
      timeout: 30_000,
      signal,
    });
    return { ok, missing: isMissing, output: stdout.trim(), reason: stderr.split('\n')[0] ?? '' };
  };

  const inside = await git('rev-parse', '--show-toplevel');
  if (inside.missing) return 'No git repository was created: git was not found on PATH.';
  if (inside.ok) return 'No git repository was created: the directory is already inside one.';
  const made = await git('init', '--quiet', '--initial-branch=main');
  if (!made.ok) return `No git repository was created: ${made.reason}`;
  const added = await git('add', '--all');
  if (!added.ok) return `A git repository was created, but without a commit: ${added.reason}`;
  const signs = await git('config', '--type=bool', '--get', 'commit.gpgsign');
  if (signs.output === 'true') {
    return 'A git repository was created, but without a commit: your git signs commits. To make the first one: git commit';
  }
  const committed = await git('commit', '--quiet', '--message', 'Start from create-tsuru-service');
  return committed.ok
    ? 'A git repository was created, with a first commit.'
    : `A git repository was created, but without a commit: ${committed.reason.replace(/^fatal: /, '') || 'git commit failed'}`;
}
