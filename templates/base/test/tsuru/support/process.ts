import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Starts the whole service from its source, as a process of its own, on a free port of 127.0.0.1.
 *
 * @param environment put over that of this process; it needs DATABASE_PATH, SERVICE_USERNAME and SERVICE_PASSWORD
 * @param detached whether a Ctrl-C at the terminal leaves it alone
 */
export function startProcess(environment: Record<string, string>, detached = false) {
  const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'src/main.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', BASE_PATH: '', LOG_LEVEL: 'info', ...environment },
  });
  let output = '';
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr] as Readable[]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /"address":"([^"]+)"/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
  });
  /** Where it listens; an error with all that it wrote when it ends before. */
  const address = Promise.race([listening, ended.then(() => Promise.reject(new Error(output)))]);
  // Who starts it to see it end does not ask for the address.
  address.catch(() => {});
  return { child, ended, address, output: () => output };
}
