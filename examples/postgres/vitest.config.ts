import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // PostgreSQL servers of the tests' own.
    globalSetup: ['test/tsuru/support/postgres-setup.ts', 'test/tsuru/support/store-server.ts'],
    // Long enough for a slow machine; only a test that hangs reaches it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
