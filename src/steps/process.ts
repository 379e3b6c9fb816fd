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
  /** Ends it at once, without the time that it has to end after `signal`. */
  hurry?: AbortSignal;
  /** Milliseconds that it has to end; 3,000 unless given. */
  grace?: number;
  /** Milliseconds until the program is ended. */
  timeout?: number;
  /** Whether it runs for long: its output is not collected, and it ends with this process even if that is killed (not on Windows). */
  isLong?: boolean;
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

/** Runs a program that gets SIGTERM, with all that it started, when the standard input of the shell ends. */
const ON_A_LEASH = 'exec 3<&0; (cat <&3; kill -TERM 0) >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';

/** Runs a program with an empty standard input. The promise never rejects. */
export async function run(
  { command, args, cwd, environment, signal, hurry, grace = GRACE, timeout, isLong = false, onOutput }: Program,
  system: System,
): Promise<Ended> {
  const hasLeash = isLong && system.platform !== 'win32';
  const [file, given] = hasLeash ? ['sh', ['-c', ON_A_LEASH, 'sh', command, ...args]] : [command, args];
  const child = execa(file, given, {
    cwd,
    env: environment,
    extendEnv: false,
    stdin: hasLeash ? 'pipe' : 'ignore',
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
      if (!isLong) {
        output[name] += text;
        output.all += text;
      }
      onOutput?.(text);
    });
  }
  // Execa's own `timeout` and `cancelSignal` do not end the child processes of the program.
  let killer: NodeJS.Timeout | undefined;
  const kill = () => void endTree(system, child.pid, 'SIGKILL');
  const stop = () => {
    void endTree(system, child.pid, 'SIGTERM');
    killer ??= setTimeout(kill, grace);
  };
  const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop);
  hurry?.addEventListener('abort', kill);
  if (signal?.aborted) stop();
  const { failed, code, exitCode, signal: reason, cause } = await child;
  clearTimeout(killer);
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
  hurry?.removeEventListener('abort', kill);
  // A child process may have ignored SIGTERM after closing its output.
  if (killer !== undefined || isLong) await endTree(system, child.pid, 'SIGKILL');
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
