import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Starts the whole service from its source, as a separate process, on a free port of 127.0.0.1.
 *
 * @param environment overrides that of this process; needs that of a store, SERVICE_USERNAME and SERVICE_PASSWORD
 * @param detached whether the service survives a Ctrl-C at the terminal
 * @param modules to load before its own
 */
export function startProcess(environment: Record<string, string>, detached = false, modules: readonly string[] = []) {
  const imports = ['ts-blank-space/register', ...modules].flatMap((module) => ['--import', module]);
  const child = spawn(process.execPath, [...imports, 'src/main.ts'], {
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
  /** The URL at which it listens. Rejects with the whole output when the process ends first. */
  const address = Promise.race([listening, ended.then(() => Promise.reject(new Error(output)))]);
  // A test that only waits for the end does not use the address.
  address.catch(() => {});
  return { child, ended, address, output: () => output };
}
