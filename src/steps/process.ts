import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

/** A program to run to its end. Its arguments are words of ours: nothing that somebody typed. */
export interface Command {
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

const IS_WINDOWS = process.platform === 'win32';

/** Milliseconds from the request to end to the end by force. */
const GRACE = 3000;

/** Runs a program with nothing to read. The promise is never rejected. */
export function run({ command, args, cwd, environment, signal, timeout, onOutput }: Command): Promise<Ended> {
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '', all: '' };
    const child = spawn(command, args, {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // There, package managers are scripts, which only a shell starts.
      shell: IS_WINDOWS && command !== 'git',
      // A group of its own: what it starts can be ended with it.
      detached: !IS_WINDOWS,
    });
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
      endTree(child, 'SIGTERM');
      killer ??= setTimeout(() => {
        endTree(child, 'SIGKILL');
      }, GRACE);
    };
    // Of our own: Node's goes on after a program that could not be started, and keeps this one waiting for it.
    const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
    signal?.addEventListener('abort', stop);
    const end = (ended: Pick<Ended, 'ok' | 'isMissing' | 'ending'>) => {
      // What the program left behind when it was stopped, and what does not write to us, is ended, too.
      if (killer !== undefined) endTree(child, 'SIGKILL');
      clearTimeout(killer);
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve({ ...said, ...ended });
    };
    if (signal?.aborted) stop();
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
        said.all += text;
        onOutput?.(text);
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      end({ ok: false, isMissing: error.code === 'ENOENT', ending: error.message });
    });
    child.on('close', (code, reason) => {
      end({ ok: code === 0, isMissing: false, ending: String(code ?? reason) });
    });
  });
}

/** Ends a program and everything that it started. */
function endTree({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  if (IS_WINDOWS) {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // There is none of them any more.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
