/** What needs our own kernel modules (lab/kernel/modules) is skipped, with the reason, where they are not loaded. */
import { existsSync } from 'node:fs';
import type { TestContext } from 'vitest';

const TRACES = {
  fencelab: '/dev/fencelab',
  rendersync: '/sys/bus/platform/drivers/rendersync',
  syncobjdev: '/dev/syncobj',
} as const;

export type OurModule = keyof typeof TRACES;

export function skipWithout({ skip }: Pick<TestContext, 'skip'>, ...modules: OurModule[]): void {
  const missing = modules.filter((name) => !existsSync(TRACES[name]));
  if (missing.length > 0) skip(`not loaded (syncline kernel --modules): ${missing.join(', ')}`);
}
