import { execa } from 'execa';

import { messageOf } from '../errors.ts';

/** A program to run to its end. Its arguments are words of ours: nothing that a user typed. */
export interface Program {
  command: string;
  args: readonly string[];
  cwd: string;
  /** Everything that it gets of the environment. */
  environment: NodeJS.ProcessEnv;
  /** Ends it, with everything that it started. */
  signal?: AbortSignal;
  /** Milliseconds after which it is ended. */
  timeout?: number;
  /** Told what it writes, as it writes it. */
  onOutput?: (text: string) => void;
}

/** What became of it. */
export interface Ended {
  ok: boolean;
  /** Whether there is no such program. */
  isMissing: boolean;
  /** The exit code, the signal that ended it, or why it could not be started. */
  ending: string;
  stdout: string;
  stderr: string;
  /** Both, in the order in which they came. */
  all: string;
}

/** Runs programs on the system of its maker: see {@link run}. */
export type RunProgram = (command: Program) => Promise<Ended>;

/** What of the running process is needed to end others. */
export type System = Pick<NodeJS.Process, 'kill' | 'platform'>;

/** Milliseconds from the request to end to the end by force. */
const GRACE = 3000;

/** Runs a program with nothing to read. The promise is never rejected. */
export async function run(
  { command, args, cwd, environment, signal, timeout, onOutput }: Program,
  system: System,
): Promise<Ended> {
  const child = execa(command, args, {
    cwd,
    env: environment,
    extendEnv: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    maxBuffer: Infinity,
    cleanup: false,
    reject: false,
    // A group of its own: its members can be ended together.
    detached: system.platform !== 'win32',
  });
  // Execa's own `all` brings a package of its own.
  let all = '';
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder();
    stream.on('data', (bytes: Uint8Array) => {
      const text = decoder.decode(bytes, { stream: true });
      all += text;
      onOutput?.(text);
    });
  }
  // Execa's own `timeout` and `cancelSignal` end the program alone, and the programs that it started go on.
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    void endTree(system, child.pid, 'SIGTERM');
    killer ??= setTimeout(() => void endTree(system, child.pid, 'SIGKILL'), GRACE);
  };
  const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  const { failed, code, exitCode, signal: reason, cause, stdout, stderr } = await child;
  clearTimeout(killer);
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
  // Some of the group may have ignored the request, without holding the output open.
  if (killer !== undefined) await endTree(system, child.pid, 'SIGKILL');
  const ending = String(exitCode ?? reason ?? messageOf(cause));
  return { ok: !failed, isMissing: code === 'ENOENT', ending, stdout, stderr, all };
}

/** Ends a program and everything that it started. */
async function endTree(system: System, pid: number | undefined, signal: NodeJS.Signals): Promise<void> {
  if (pid === undefined) return;
  if (system.platform === 'win32') {
    await execa('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', reject: false });
    return;
  }
  try {
    system.kill(-pid, signal);
  } catch (error) {
    // None of them is left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
