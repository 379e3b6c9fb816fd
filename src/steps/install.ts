import { stripVTControlCharacters } from 'node:util';

import type { PackageManager } from '../answers/answers.ts';
import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { wordsOf } from '../render/package-manager.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { RunProgram } from './process.ts';
import { PATIENCE, talkOf, unreachable, type Patience } from './registry.ts';
import { childEnvironment, runTask, screenOf, type Task } from './run.ts';

/** Where a step works and what it may use. */
export interface StepContext {
  directory: string;
  packageManager: PackageManager;
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  signal: AbortSignal;
  runProgram: RunProgram;
}

/**
 * Installs the dependencies. A registry that cannot be reached ends it early: when a connection is refused, and when
 * nothing at all is answered; never because answers are slow.
 * @throws ExpectedError with the package manager's output, or with why the registry cannot be reached; the project stays
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
    hopeless.abort(`It has answered nothing for ${patience.stop / 1000} seconds.`);
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
          ? `${packageManager} has written nothing for a while; it goes on.`
          : 'No answer from the package registry yet; waiting for it.';
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
      `${reason}\nWithout a network, --no-install writes the project all the same. Later, in ${directory}: ${words.install}`,
    );
  } finally {
    clearInterval(watch);
  }
}

/** The tests that exercise what the answers decide. The others are the same in every project. */
const TESTS = ['test/backend.test.ts', 'test/endpoints/', 'test/tsuru/recorded.test.ts'];

/**
 * Checks the types and, at the same time, runs Tsuru's recorded calls and the owner's tests. Both run to their end.
 * @throws ExpectedError with the whole output of each command that failed, and how to run it again; the project stays
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
