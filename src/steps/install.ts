import { stripVTControlCharacters } from 'node:util';

import type { PackageManager } from '../answers/answers.ts';
import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { wordsOf } from '../render/package-manager.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { RunProgram } from './process.ts';
import { PATIENCE, talkOf, unreachable, type Patience } from './registry.ts';
import { childEnvironment, runTask, screenOf, type Task } from './run.ts';

/** The directory that a step works in, and its side effects. */
export interface StepContext {
  directory: string;
  packageManager: PackageManager;
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  signal: AbortSignal;
  runProgram: RunProgram;
}

/**
 * Installs the dependencies. It stops early if the registry refuses connections or never replies, but not because replies
 * are slow.
 * @throws ExpectedError with the package manager's output, or why the registry cannot be reached; the project is kept
 */
export async function install(context: StepContext, patience: Patience = PATIENCE): Promise<void> {
  const { directory, packageManager, signal } = context;
  const words = wordsOf(packageManager);
  const { settings, isAnswer, isLost, isNoise } = talkOf(packageManager);
  const hopeless = new AbortController();
  const start = Date.now();
  let isAnswered = false;
  let last = start;
  const watch = setInterval(() => {
    if (isAnswered || isAnswer === undefined || Date.now() - start < patience.stop) return;
    hopeless.abort(`No reply for ${patience.stop / 1000} seconds.`);
  }, 100);
  try {
    await runWords(context, `Installing with ${packageManager}`, words.install, {
      environment: { ...settings, ...childEnvironment(context.environment) },
      signal: AbortSignal.any([signal, hopeless.signal]),
      isShown: (line) => !isNoise(line),
      onLine: (line) => {
        isAnswered ||= isAnswer?.(line) ?? false;
        last = Date.now();
        if (isLost(line)) hopeless.abort(unreachable(line));
      },
      note: () => {
        if (Date.now() - last < patience.say) return undefined;
        return isAnswered
          ? `${packageManager} has printed nothing for a while, but is still running.`
          : 'Still waiting for a reply from the package registry.';
      },
    });
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    if (signal.aborted) throw cancelled();
    const reason = hopeless.signal.aborted ? String(hopeless.signal.reason) : unreachable(error.hint);
    if (reason === undefined) {
      const output = error.hint.split('\n').filter((line) => !isNoise(line));
      output.push(`To try again, in ${directory}: ${words.install}`);
      throw new ExpectedError(error.exitCode, error.message, output.join('\n').trim());
    }
    throw new ExpectedError(
      EXIT.failed,
      `Installing with ${packageManager} failed: the package registry cannot be reached.`,
      `${reason}\nWithout a network, use --no-install to skip this step. Later, in ${directory}: ${words.install}`,
    );
  } finally {
    clearInterval(watch);
  }
}

/** The tests that depend on the answers. The others are the same in every project. */
const TESTS = ['test/backend.test.ts', 'test/endpoints/', 'test/tsuru/recorded.test.ts'];

/**
 * Checks the types and, in parallel, runs Tsuru's recorded calls and the project's own tests. A failure of one does not
 * stop the other.
 * @throws ExpectedError with the whole output of each failed command, and how to repeat it; the project is kept
 */
export async function verify(context: StepContext): Promise<void> {
  const { directory, packageManager, signal, terminal } = context;
  const words = wordsOf(packageManager);
  const screen = screenOf(terminal);
  const failures: ExpectedError[] = [];
  const attempt = async (title: string, command: string) => {
    try {
      return await runWords(context, title, command, { screen });
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      const hint = `${error.hint.trim()}\nTo run it again, in ${directory}: ${command}`.trim();
      failures.push(new ExpectedError(error.exitCode, error.message, hint));
      return '';
    }
  };
  const [, output] = await Promise.all([
    attempt('Checking the types', `${words.run} types`),
    attempt("Running Tsuru's recorded calls and the project's own tests", [words.test, ...TESTS].join(' ')),
  ]);
  if (signal.aborted) throw cancelled();
  if (failures.length > 0) {
    const joined = (part: 'message' | 'hint', between: string) => failures.map((failure) => failure[part]).join(between);
    throw new ExpectedError(EXIT.failed, joined('message', '\n'), joined('hint', '\n\n'));
  }
  const passed = /Tests\s+(\d+) passed/.exec(stripVTControlCharacters(output))?.[1];
  if (passed !== undefined) terminal.write(`  ${terminal.dim(`${passed} tests passed`)}\n`);
}

function runWords(
  { directory, environment, terminal, signal, runProgram }: StepContext,
  title: string,
  words: string,
  more: Partial<Task> = {},
): Promise<string> {
  const [command = '', ...args] = words.split(' ');
  const task = { title, command, args, cwd: directory, environment: childEnvironment(environment), signal };
  return runTask({ terminal, runProgram }, { ...task, ...more });
}
