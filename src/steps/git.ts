import type { StepContext } from './install.ts';
import { childEnvironment } from './run.ts';

/**
 * Makes a repository with a first commit of everything that its .gitignore lets through. Never fatal.
 * @returns one sentence that says what was done, or why not
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
      // Nobody is asked for anything: not for a password, not by an editor.
      environment: { ...childEnvironment(environment), GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true' },
      timeout: 30_000,
      signal,
    });
    return { ok, missing: isMissing, output: stdout.trim(), reason: stderr.split('\n')[0] ?? '' };
  };

  const inside = await git('rev-parse', '--show-toplevel');
  if (inside.missing) return 'No git repository was made: there is no git on this machine.';
  if (inside.ok) return 'No git repository was made: the directory is inside one.';
  const made = await git('init', '--quiet', '--initial-branch=main');
  if (!made.ok) return `No git repository was made: ${made.reason}`;
  const added = await git('add', '--all');
  if (!added.ok) return `A git repository was made, without a commit: ${added.reason}`;
  const signs = await git('config', '--type=bool', '--get', 'commit.gpgsign');
  if (signs.output === 'true') {
    return 'A git repository was made. Your git signs commits, so the first one is yours: git commit';
  }
  const committed = await git('commit', '--quiet', '--message', 'Start from create-tsuru-service');
  return committed.ok
    ? 'A git repository was made, with a first commit.'
    : `A git repository was made, without a commit: ${committed.reason.replace(/^fatal: /, '') || 'git refused it'}`;
}
