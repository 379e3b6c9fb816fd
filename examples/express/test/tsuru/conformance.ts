import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { answers } from '../../src/tsuru/answers.js';
import { startProcess } from './support/process.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Starts this service on a free port, with a temporary store and password, and makes Tsuru's own calls to it.
 * Arguments are passed on to `create-tsuru-service check`: `-- --report report.html`, `-- --only bind-app`.
 */
async function main(): Promise<number> {
  const credentials = { SERVICE_USERNAME: answers.service, SERVICE_PASSWORD: randomBytes(24).toString('base64url') };
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  const service = startProcess({ ...credentials, DATABASE_PATH: join(directory, 'service.db') }, true);
  // The checks end before the service: they need it to remove the instances that they created.
  let running: ChildProcess = service.child;
  for (const signal of SIGNALS) process.on(signal, () => running.kill(signal));
  service.child.stderr.pipe(process.stderr);
  try {
    const address = await service.address.catch(() => undefined);
    if (address === undefined) {
      process.stderr.write('The service exited before it was listening.\n');
      return 1;
    }
    const encoding = ['--encoding', 'both', ...(answers.multiCluster ? ['--multi-cluster'] : [])];
    const [command = '', ...args] = [...checker(), 'check', address, ...encoding, ...process.argv.slice(2)];
    running = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, ...credentials },
      shell: process.platform === 'win32',
    });
    const [code] = (await once(running, 'close')) as [number | null];
    return code ?? 1;
  } finally {
    service.child.kill('SIGTERM');
    await service.ended;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The command that makes the calls: the installed one, or else the version that generated this project. */
function checker(): string[] {
  const installed = join('node_modules', '.bin', 'create-tsuru-service');
  return existsSync(installed) ? [installed] : ['npx', '--yes', 'create-tsuru-service@0.0.0'];
}

process.exitCode = await main();
