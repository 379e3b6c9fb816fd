import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { installPacked } from '../support/packed.ts';
import { SEED } from '../support/seed.ts';
import { FRAMEWORKS, makeProject } from './project.ts';
import { storm } from './run.ts';

/**
 * Kills the replicas of each framework at random, for `--seconds` (60) with each number of `--replicas` (2,4), with both ways
 * of provisioning; `--framework` chooses one. SEED repeats the choices of an earlier run. Ends with 1 if a promise was broken.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      replicas: { type: 'string', default: '2,4' },
      framework: { type: 'string', default: FRAMEWORKS.join(',') },
      provisioning: { type: 'string', default: 'inline,background' },
    },
  });
  process.stdout.write(`SEED=${SEED}\n`);
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-replicas-'));
  try {
    const { bin } = installPacked(scratch);
    for (const framework of FRAMEWORKS.filter((name) => values.framework.split(',').includes(name))) {
      for (const provisioning of (['inline', 'background'] as const).filter((mode) => values.provisioning.includes(mode))) {
        const project = makeProject(scratch, bin, framework, provisioning);
        for (const replicas of values.replicas.split(',').map(Number)) {
          const seed = `${SEED} ${framework} ${replicas}`;
          const seconds = Number(values.seconds);
          const { violations, counts } = await storm({ bin, project, provisioning, replicas, seconds, seed });
          const told = `${framework}, ${provisioning}, ${replicas} replicas: ${JSON.stringify(counts)}`;
          process.stdout.write(`${[told, ...violations].join('\n  ')}\n`);
          if (violations.length > 0) process.exitCode = 1;
        }
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
