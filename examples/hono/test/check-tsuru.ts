import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { settings } from '../src/tsuru/settings.js';

/**
 * Starts this service on a free port, with a store and a password that are thrown away, and makes Tsuru's own calls to it.
 * Arguments go on to the checks: `-- --report report.html`, `-- --only bind-app`.
 */
async function main(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'check-tsuru-'));
  const credentials = { SERVICE_USERNAME: settings.service, SERVICE_PASSWORD: randomBytes(24).toString('base64url') };
  const service = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'src/main.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...credentials,
      HOST: '127.0.0.1',
      PORT: '0',
      BASE_PATH: '',
      LOG_LEVEL: 'info',
      DATABASE_PATH: join(directory, 'service.db'),
    },
  });
  const ended = once(service, 'close');
  try {
    const address = await listening(service.stdout);
    const encoding = ['--encoding', 'both', ...(settings.multiCluster ? ['--multi-cluster'] : [])];
    const [command = '', ...args] = [...checker(), 'check', address, ...encoding, ...process.argv.slice(2)];
    // Ctrl-C goes to the checks as well, which remove what they made before they end.
    process.on('SIGINT', () => {});
    const checks = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, ...credentials },
      shell: process.platform === 'win32',
    });
    const [code] = (await once(checks, 'close')) as [number | null];
    return code ?? 1;
  } finally {
    service.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The address in the line of the log that says where the service listens. */
function listening(output: NodeJS.ReadableStream): Promise<string> {
  let log = '';
  return new Promise((resolve, reject) => {
    output.on('data', (chunk: Buffer) => {
      if (log.length < 100_000) log += chunk.toString();
      const address = /"address":"([^"]+)"/.exec(log)?.[1];
      if (address !== undefined) resolve(address);
    });
    output.on('end', () => {
      reject(new Error(`The service did not start. ${log}`));
    });
  });
}

/** The program that makes the calls: the one that is installed here, or else the version that made this project. */
function checker(): string[] {
  const installed = join('node_modules', '.bin', 'create-tsuru-service');
  return existsSync(installed) ? [installed] : ['npx', '--yes', 'create-tsuru-service@0.0.0'];
}

process.exitCode = await main();
