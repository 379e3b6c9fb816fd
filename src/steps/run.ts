import { EXIT, ExpectedError } from '../errors.ts';
import { plainLine, type Terminal } from '../terminal.ts';
import { run } from './process.ts';

/** A command of another program that the person waits for. */
export interface Task {
  /** What is done, as in `Installing with npm`. */
  title: string;
  command: string;
  args: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** How many of the last lines of its output are shown while it runs. */
const TAIL = 3;

/**
 * Runs a command and shows, on a terminal, how long it has taken and its last lines; elsewhere nothing until it ends.
 * @returns its whole output
 * @throws ExpectedError with the whole output, when it cannot be started or fails
 */
export async function runTask(terminal: Terminal, task: Task): Promise<string> {
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  const lines: string[] = [];
  let drawn = 0;
  const erase = () => {
    if (drawn > 0) terminal.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const draw = () => {
    erase();
    const shown = [`… ${task.title} (${seconds()} s)`, ...lines.slice(-TAIL).map((line) => `  ${line}`)];
    for (const line of shown) terminal.write(`${terminal.dim(plainLine(line, terminal.columns - 1))}\n`);
    drawn = shown.length;
  };
  const timer = terminal.canRedraw ? setInterval(draw, 100) : undefined;
  try {
    if (!terminal.canRedraw) terminal.write(`${task.title} ...\n`);
    const result = await run({
      command: task.command,
      args: task.args,
      cwd: task.cwd,
      environment: task.environment,
      signal: task.signal,
      onOutput: (text) => {
        lines.push(...text.split(/[\r\n]+/).filter((line) => line.trim() !== ''));
        lines.splice(0, lines.length - TAIL);
      },
    });
    erase();
    if (task.signal.aborted) throw new ExpectedError(EXIT.cancelled, 'Cancelled.');
    if (!result.ok) {
      const reason = result.isMissing ? `there is no program "${task.command}"` : `it ended with ${result.ending}`;
      throw new ExpectedError(EXIT.failed, `${task.title} failed: ${reason}.`, result.all);
    }
    terminal.write(`${terminal.green('✓')} ${task.title} ${terminal.dim(`(${seconds()} s)`)}\n`);
    return result.all;
  } finally {
    clearInterval(timer);
    erase();
  }
}

/**
 * The environment for a package manager that this program starts: without what the one that started it told of its own
 * run, which would be taken for the new project's, and without what leaves out development dependencies.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(local_prefix|package|call|omit|production|include|dry_run|workspace))|INIT_CWD|NODE_ENV|VITEST|TEST)/i;
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !own.test(key)));
}
