import { cancelled, EXIT, ExpectedError } from '../errors.ts';
import { plainLine, type Terminal } from '../terminal/terminal.ts';
import type { RunProgram } from './process.ts';

/** A command of another program that the person waits for. */
export interface Task {
  /** What is done, as in `Installing with npm`. */
  title: string;
  command: string;
  args: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Told each line of its output. */
  onLine?: (line: string) => void;
  /** What is to be said at the moment, beside its output. */
  note?: () => string | undefined;
  /** Whether a line is shown where there is no terminal; without it, none is. */
  isShown?: (line: string) => boolean;
  /** Where it is drawn, when other tasks are drawn there at the same time. */
  screen?: Screen;
}

/** The lines that are drawn over while tasks run: a block for each task. */
export interface Screen {
  blocks: Set<() => string[]>;
  draw: () => void;
  erase: () => void;
}

/** How many of the last lines of its output are shown while it runs. */
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
 * Runs a command and shows, on a terminal, how long it has taken and its last lines; elsewhere the lines that the task wants
 * shown, as they come.
 * @returns its whole output
 * @throws ExpectedError with the whole output, when it cannot be started, fails, or is cancelled
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
      const reason = result.isMissing ? `there is no program "${task.command}"` : `${[task.command, ...task.args].join(' ')} ended with ${result.ending}`;
      throw new ExpectedError(EXIT.failed, `${task.title} failed: ${reason}.`, result.all);
    }
    return result.all;
  } finally {
    clearInterval(timer);
    clear();
  }
}

/** Makes lines of pieces of text; blank ones are left out. */
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
 * The environment for a package manager that this program starts: without what the one that started it told of its own
 * run, which would be taken for the new project's, and without what leaves out development dependencies.
 */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(local_prefix|package|call|omit|production|include|dry_run|workspace))|INIT_CWD|NODE_ENV|VITEST|TEST)/i;
  return Object.fromEntries(Object.entries(environment).filter(([key]) => !own.test(key)));
}
