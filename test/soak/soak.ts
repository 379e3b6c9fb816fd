import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installPacked } from '../support/packed.ts';
import { SEED } from '../support/seed.ts';
import { FRAMEWORKS, makeProject } from './project.ts';
import { complaint, summary } from './report.ts';
import { soak } from './run.ts';

/**
 * Runs the soak test for SOAK_SECONDS (default 600), divided among the frameworks. SEED repeats the choices of an earlier
 * run. Ends with 1 if a promise was broken.
 */
async function main(): Promise<void> {
  const seconds = Number(process.env['SOAK_SECONDS'] ?? 600);
  process.stdout.write(`SEED=${SEED} SOAK_SECONDS=${seconds}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-soak-'));
  try {
    const { bin } = installPacked(scratch);
    for (const framework of FRAMEWORKS) {
      const project = makeProject(scratch, bin, framework);
      const outcome = await soak({
        project,
        scratch,
        seed: `${SEED} ${framework}`,
        seconds: seconds / FRAMEWORKS.length,
      });
      process.stdout.write(`${framework}: ${summary(outcome)}\n`);
      if (outcome.violations.length === 0) continue;
      process.stdout.write(`${framework}: ${complaint(outcome, SEED)}\n`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
