import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A program that serves on 127.0.0.1 and has said where. */
export interface Started {
  url: string;
  child: ChildProcess;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
  /** Everything that it wrote to standard output and standard error so far. */
  output(): string;
  /** From here on nothing that it writes is kept. */
  forget(): void;
  /** Asks it to stop, and gives its exit code once it has. */
  stop(): Promise<number | null>;
}

/**
 * Starts a program on a free port and waits for the address in what it prints.
 * @throws Error with what it printed, when it ends before
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
  cwd = process.cwd(),
): Promise<Started> {
  const child = spawn(command, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...environment },
  });
  let output = '';
  let keep = true;
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const address = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (keep) output += text;
        const found = /(http:\/\/127\.0\.0\.1:\d+)\D/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
  });
  const url = await Promise.race([
    address,
    ended.then((code) => Promise.reject(new Error(`${command} ended with ${String(code)}:\n${output}`))),
  ]);
  return {
    ...{ url, child, ended },
    output: () => output,
    forget: () => {
      keep = false;
    },
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
