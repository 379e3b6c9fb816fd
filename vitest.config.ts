import { defineConfig } from 'vitest/config';

import { seedOf } from './test/support/seed.ts';

// One seed for all random cases of a run; `SEED=... npx vitest run ...` repeats them.
process.env['SEED'] = String(seedOf(process.env));
process.stdout.write(`SEED=${process.env['SEED']}\n`);

export default defineConfig({
  test: {
    // A snapshot file that is missing is a failure, outside CI as well; `--update` writes it.
    update: 'none',
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'check', include: ['test/check/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'regenerate', include: ['test/regenerate/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'packed',
          include: ['test/packed/**/*.test.ts'],
          globalSetup: ['test/support/packed.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'projects',
          include: ['test/project/**/*.test.ts'],
          globalSetup: ['test/support/packed.ts'],
          // Whole projects are installed, tested and driven; two at once would fight for the machine.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          globalSetup: ['test/support/packed.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
