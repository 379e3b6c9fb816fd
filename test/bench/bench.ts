import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packageFigures } from './package.ts';
import { report } from './measure.ts';
import { serviceFigures } from './services.ts';

/** Measures everything in one run, in interleaved rounds. Ends with 1 if a limit is missed. */
async function main(): Promise<void> {
  delete process.env['NODE_EXTRA_CA_CERTS'];
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-bench-'));
  try {
    const { bin, figures } = packageFigures(scratch);
    const missed = report([...figures, ...(await serviceFigures(scratch, bin))]);
    const { stdout } = spawnSync('node', ['--version'], { encoding: 'utf8' });
    process.stdout.write(`Node ${stdout.trim()}; ${missed === 0 ? 'all limits met' : `${missed} limits missed`}\n`);
    process.exitCode = missed === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
