import { defineConfig } from 'vitest/config';

/** One process a test file, so that counting /proc/self/fd means something. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/support/leaks.ts'],
    // Wide: what they end is a hang, and the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    passWithNoTests: false,
  },
});
