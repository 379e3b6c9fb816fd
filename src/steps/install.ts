import { stripVTControlCharacters } from 'node:util';

import type { PackageManager } from '../answers.ts';
import { ExpectedError } from '../errors.ts';
import { wordsOf } from '../package-manager.ts';
import type { Terminal } from '../terminal.ts';
import { childEnvironment, runTask } from './run.ts';

/** Where a step works and what it may use. */
export interface StepContext {
  directory: string;
  packageManager: PackageManager;
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  signal: AbortSignal;
}

/** Installs the dependencies. @throws ExpectedError with the package manager's whole output; the project stays */
export async function install(context: StepContext): Promise<void> {
  await runScript(context, `Installing with ${context.packageManager}`, wordsOf(context.packageManager).install);
}

/** Checks the types, lints, and runs the tests. @throws ExpectedError with the whole output; the project stays */
export async function verify(context: StepContext): Promise<void> {
  const words = wordsOf(context.packageManager);
  await runScript(context, 'Checking types and lint', `${words.run} check`);
  const output = await runScript(context, 'Running its tests', words.test);
  const passed = /Tests\s+(\d+) passed/.exec(stripVTControlCharacters(output))?.[1];
  if (passed !== undefined) context.terminal.write(`  ${context.terminal.dim(`${passed} tests passed`)}\n`);
}

async function runScript(
  { directory, environment, terminal, signal }: StepContext,
  title: string,
  words: string,
): Promise<string> {
  const [command = '', ...args] = words.split(' ');
  try {
    return await runTask(terminal, {
      title,
      command,
      args,
      cwd: directory,
      environment: childEnvironment(environment),
      signal,
    });
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    const output = error.hint === '' ? '' : `${error.hint}\n\n`;
    throw new ExpectedError(
      error.exitCode,
      error.message,
      `${output}The project is in ${directory}. To try again there: ${words}`,
    );
  }
}
