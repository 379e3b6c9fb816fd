import { execa } from 'execa';

import { messageOf } from '../errors.ts';

/** A program to run. Its arguments never come from user input. */
export interface Program {
  command: string;
  args: readonly string[];
  cwd: string;
  /** The complete environment of the program. */
  environment: NodeJS.ProcessEnv;
  /** Ends the program and its child processes. */
  signal?: AbortSignal;
  /** Milliseconds until the program is ended. */
  timeout?: number;
  /** Called with each piece of output. */
  onOutput?: (text: string) => void;
}

/** The result of a program. */
export interface Ended {
  ok: boolean;
  /** Whether the program was not found on PATH. */
  isMissing: boolean;
  /** The exit code, the signal that ended the program, or why it could not be started. */
  ending: string;
  stdout: string;
  stderr: string;
  /** Standard output and standard error, interleaved. */
  all: string;
}

/** Runs a program, as {@link run} does. */
export type RunProgram = (command: Program) => Promise<Ended>;

/** The parts of `process` that ending a program uses. */
export type System = Pick<NodeJS.Process, 'kill' | 'platform'>;

/** Milliseconds between SIGTERM and SIGKILL. */
const GRACE = 3000;

/** Runs a program with an empty standard input. The promise never rejects. */
export async function run(
  { command, args, cwd, environment, signal, timeout, onOutput }: Program,
  system: System,
): Promise<Ended> {
  const child = execa(command, args, {
    cwd,
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    // The output is collected below, in the order in which it comes.
    buffer: false,
    cleanup: false,
    reject: false,
    // Its own process group, so that its child processes can be ended with it.
    detached: system.platform !== 'win32',
  });
  const output = { stdout: '', stderr: '', all: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new TextDecoder();
    child[name].on('data', (bytes: Uint8Array) => {
      const text = decoder.decode(bytes, { stream: true });
      output[name] += text;
      output.all += text;
      onOutput?.(text);
    });
  }
  // Execa's own `timeout` and `cancelSignal` do not end the child processes of the program.
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    void endTree(system, child.pid, 'SIGTERM');
    killer ??= setTimeout(() => void endTree(system, child.pid, 'SIGKILL'), GRACE);
  };
  const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  const { failed, code, exitCode, signal: reason, cause } = await child;
  clearTimeout(killer);
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
  // A child process may have ignored SIGTERM after closing its output.
  if (killer !== undefined) await endTree(system, child.pid, 'SIGKILL');
  const ending = String(exitCode ?? reason ?? messageOf(cause));
  return { ok: !failed, isMissing: code === 'ENOENT', ending, ...output };
}

/** Ends a program and its child processes. */
async function endTree(system: System, pid: number | undefined, signal: NodeJS.Signals): Promise<void> {
  if (pid === undefined) return;
  if (system.platform === 'win32') {
    await execa('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', reject: false });
    return;
  }
  try {
    system.kill(-pid, signal);
  } catch (error) {
    // All of them have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
