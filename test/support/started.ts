import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that serves on 127.0.0.1 and prints its address. */
export interface Started {
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts a program on a free port and waits for the address in what it prints.
 * @throws Error with what it printed, when it ends before
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Started> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...environment },
  });
  let output = '';
  const closed = once(child, 'close');
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.on('error', reject);
    child.on('close', () => {
      reject(new Error(`${command} ended: ${output}`));
    });
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
