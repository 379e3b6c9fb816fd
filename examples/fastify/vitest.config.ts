import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // Met by a test that hangs only, and by none on a machine that is slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
