import { spawn } from 'node:child_process';

/** A program to run to its end. Its arguments are words of ours: nothing that somebody typed. */
export interface Command {
  command: string;
  args: readonly string[];
  cwd: string;
  /** Everything that it gets of the environment. */
  environment: NodeJS.ProcessEnv;
  /** Ends it. */
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

/** Runs a program with nothing to read. The promise is never rejected. */
export function run({ command, args, cwd, environment, signal, timeout, onOutput }: Command): Promise<Ended> {
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '', all: '' };
    const child = spawn(command, args, {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // There, package managers are scripts, which only a shell starts.
      shell: process.platform === 'win32' && command !== 'git',
      ...(signal && { signal }),
    });
    // Of our own: Node's goes on after a program that could not be started, and keeps this one waiting for it.
    const timer = timeout === undefined ? undefined : setTimeout(() => child.kill(), timeout);
    const end = (ended: Pick<Ended, 'ok' | 'isMissing' | 'ending'>) => {
      clearTimeout(timer);
      resolve({ ...said, ...ended });
    };
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
