import { defineConfig } from 'vitest/config';

/**
 * For the tests that run inside the VM (`test/kernel/vm.test.ts` starts them there). One file at a time: they pull out GPUs.
 * Timeouts are wide, the guest's processor is emulated.
 */
export default defineConfig({
  test: {
    include: ['test/kernel/guest/**/*.guest.ts'],
    pool: 'forks',
    fileParallelism: false,
    setupFiles: ['test/support/leaks.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
