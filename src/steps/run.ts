import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { plainLine, type Terminal } from '../terminal/terminal.ts';
import type { RunProgram } from './process.ts';

/** A command that the user waits for. */
export interface Task {
  /** A title such as `Installing with npm`. */
  title: string;
  command: string;
  args: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Called with each line of the output. */
  onLine?: (line: string) => void;
  /** Returns a note to show below the output, or undefined. */
  note?: () => string | undefined;
  /** Whether to show a line of output without a terminal; by default, none is shown. */
  isShown?: (line: string) => boolean;
  /** The screen to draw on, if several tasks share one. */
  screen?: Screen;
}

/** The lines that are redrawn while tasks run: one block per task. */
export interface Screen {
  blocks: Set<() => string[]>;
  draw: () => void;
  erase: () => void;
}

/** The number of output lines that are shown while a command runs. */
const TAIL = 3;

export function screenOf(terminal: Terminal): Screen {
  const blocks = new Set<() => string[]>();
  let drawn = 0;
  const erase = () => {
    if (drawn > 0) terminal.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const draw = () => {
    erase();
    const lines = [...blocks].flatMap((block) => block());
    for (const line of lines) terminal.write(`${terminal.dim(plainLine(line, terminal.columns - 1))}\n`);
    drawn = lines.length;
  };
  return { blocks, draw, erase };
}

/**
 * Runs a command. A terminal shows the elapsed time and the last lines of output; otherwise the lines that `isShown`
 * selects are printed.
 * @returns the whole output
 * @throws ExpectedError with the whole output, when the command cannot be started, fails, or is cancelled
 */
export async function runTask(
  { terminal, runProgram }: { terminal: Terminal; runProgram: RunProgram },
  task: Task,
): Promise<string> {
  const { screen = screenOf(terminal) } = task;
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  const tail: string[] = [];
  let noted: string | undefined;
  const block = () => {
    const note = task.note?.();
    return [`… ${task.title} (${seconds()} s)`, ...[...tail, ...(note ? [note] : [])].map((line) => `  ${line}`)];
  };
  const clear = () => {
    screen.blocks.delete(block);
    screen.erase();
  };
  const writeNote = () => {
    const note = task.note?.();
    if (note !== undefined && note !== noted) terminal.write(`  ${note}\n`);
    noted = note;
  };
  const onLine = (line: string) => {
    task.onLine?.(line);
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
    if (!terminal.canRedraw && task.isShown?.(line)) terminal.write(`  ${plainLine(line, Infinity)}\n`);
  };
  const timer = setInterval(terminal.canRedraw ? screen.draw : writeNote, 100);
  const lines = lineReader(onLine);
  try {
    if (terminal.canRedraw) screen.blocks.add(block);
    else terminal.write(`${task.title} ...\n`);
    const result = await runProgram({
      command: task.command,
      args: task.args,
      cwd: task.cwd,
      environment: task.environment,
      signal: task.signal,
      onOutput: lines.read,
    });
    lines.end();
    clear();
    const isDone = result.ok && !task.signal.aborted;
    const sign = isDone ? terminal.green('✓') : terminal.red('✗');
    terminal.write(`${sign} ${task.title} ${terminal.dim(`(${seconds()} s)`)}\n`);
    if (task.signal.aborted) throw cancelled();
    if (!result.ok) {
      const reason = result.isMissing ? `"${task.command}" was not found on PATH` : `${[task.command, ...task.args].join(' ')} ended with ${result.ending}`;
      throw new ExpectedError(EXIT.failed, `${task.title} failed: ${reason}.`, result.all);
    }
    return result.all;
  } finally {
    clearInterval(timer);
    clear();
  }
}

/** Splits pieces of output into lines, without the blank ones. */
function lineReader(onLine: (line: string) => void): { read: (text: string) => void; end: () => void } {
  let rest = '';
  const take = (texts: readonly string[]) => {
    for (const text of texts) if (text.trim() !== '') onLine(text);
  };
  return {
    read: (text) => {
      const texts = (rest + text).split(/[\r\n]/);
      rest = texts.pop() ?? '';
      take(texts);
    },
    end: () => {
      take([rest]);
    },
  };
}

/**
 * The environment for a package manager: without the variables of the package manager that started this program, which
 * would be applied to the new project, and without settings that skip development dependencies.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(local_prefix|package|call|omit|production|include|dry_run|workspace))|INIT_CWD|NODE_ENV|VITEST|TEST)/i;
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !own.test(key)));
}
