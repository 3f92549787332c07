import { defineConfig } from 'vitest/config';

/** One process a test file, so that counting /proc/self/fd means something. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/support/leaks.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
