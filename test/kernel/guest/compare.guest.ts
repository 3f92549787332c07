/** The comparison's verdicts on real devices, pulled by real writes to sysfs. */
import { expect, test, type TestContext } from 'vitest';
import { runScenario } from '../../../lab/compare/run.ts';
import type { RunResult } from '../../../lab/compare/result.ts';
import { scenarioNamed } from '../../../lab/scenarios/scenarios.ts';
import { createDrmWorld } from '../../../lab/world/drm-world.ts';
import { skipWithout } from './our-modules.ts';

const LIMIT_MS = 300_000;

async function play(strategy: string, name: string): Promise<RunResult> {
  const world = await createDrmWorld({ strategy, seed: 1, stream: name });
  return runScenario({ strategy, scenario: scenarioNamed(name), seed: 1, world });
}

function skipWithoutItsFences(context: TestContext, scenario: string): void {
  if (scenarioNamed(scenario).needs?.includes('error fences')) skipWithout(context, 'fencelab');
}

test.for([
  'steady',
  'import-device-removed-while-waiting',
  'removed-during-import',
  'client-device-removed-failing-fence',
  'client-device-removed-never-submitted',
  'last-device-removed',
  'replug-rounds',
])('failover keeps every promise: %s', { timeout: LIMIT_MS }, async (scenario, context) => {
  skipWithoutItsFences(context, scenario);
  const result = await play('failover', scenario);
  expect(result.reasons).toEqual([]);
  expect(result.framesPresented).toBeGreaterThan(0);
});

test(
  'single-import loses surfaces and releases when the import device goes',
  async () => {
    const result = await play('single-import', 'import-device-removed-while-waiting');
    expect(result.stuckSurfaces).toBeGreaterThan(0);
    expect(result.lostReleases).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'single-import has clients cut off that import while the device goes',
  async () => {
    expect(
      (await play('single-import', 'removed-during-import')).undeservedDisconnects,
    ).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'single-import shows what a failed fence left behind',
  async (context) => {
    skipWithoutItsFences(context, 'client-device-removed-failing-fence');
    expect(
      (await play('single-import', 'client-device-removed-failing-fence')).failedFencesShown,
    ).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
