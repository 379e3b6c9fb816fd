import { defineConfig } from 'vitest/config';

/** Tests of thousands of cases, of real processes, or of long waits: ten seconds to minutes each. */
const SLOW = [
  ...['apply', 'claim', 'conversion', 'crash', 'edited', 'hostile', 'line-ends', 'merge', 'merging', 'moves', 'permissions', 'power'],
  ...['regenerate', 'two-endpoints', 'unedited'],
]
  .map((name) => `test/project/${name}.test.ts`)
  .concat('test/house/imports.test.ts', 'test/publish/rotation-cut-off.test.ts', 'test/steps/install.test.ts');
const REGISTRY = ['test/render/versions.test.ts'];

export default defineConfig({
  test: {
    // A snapshot file that is missing is a failure, outside CI as well; `--update` writes it.
    update: 'none',
    // By default one core stays free, and on two cores the files would run one after another.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{answers,archive,house,project,render,steps,terminal,tsuru}/**/*.test.ts'],
          exclude: [...SLOW, ...REGISTRY],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'slow', include: SLOW, testTimeout: 60_000 } },
      { test: { name: 'registry', include: REGISTRY, testTimeout: 60_000 } },
      { test: { name: 'check', include: ['test/check/**/*.test.ts'], testTimeout: 60_000 } },
      // Debian's Chromium takes most of a core.
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
      { test: { name: 'site', include: ['test/site/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
      { test: { name: 'sandbox', include: ['test/{publish,sandbox}/**/*.test.ts'], exclude: SLOW, testTimeout: 60_000 } },
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
          name: 'generated',
          include: ['test/generated/**/*.test.ts'],
          globalSetup: ['test/support/packed.ts'],
          // After the others: whole projects are installed, tested and driven.
          sequence: { groupOrder: 1 },
          // On a busy machine, the tests of a project take minutes.
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'tutorial',
          include: ['test/tutorial/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          globalSetup: ['test/support/packed.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          globalSetup: ['test/support/packed.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'replicas',
          include: ['test/replicas/**/*.test.ts'],
          globalSetup: ['test/support/packed.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
