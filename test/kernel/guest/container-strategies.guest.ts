/** The two strategies that need a device no GPU stands behind (rendersync, /dev/syncobj), with every GPU pulled. */
import { beforeEach, expect, test } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import type { DeviceNode } from '../../../devices/sync-kernel.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { runScenario } from '../../../lab/compare/run.ts';
import type { RunResult } from '../../../lab/compare/result.ts';
import type { Scenario } from '../../../lab/scenarios/scenario.ts';
import { scenarioNamed } from '../../../lab/scenarios/scenarios.ts';
import { createDrmWorld } from '../../../lab/world/drm-world.ts';
import { SystemClock } from '../../../native/clock.ts';
import { Poller } from '../../../native/poller.ts';
import type { FenceOutcome } from '../../../sync/fence.ts';
import { SyncManager } from '../../../sync/manager.ts';
import { strategyByName } from '../../../sync/recovery/strategies.ts';
import { skipWithout } from './our-modules.ts';
import { settle, settleUntil } from './turns.ts';

const LIMIT_MS = 300_000;
const STRATEGIES = ['container', 'syncobj-device'] as const;
const isTheirs: Record<(typeof STRATEGIES)[number], (node: DeviceNode) => boolean> = {
  container: (node) => node.driver === 'rendersync',
  'syncobj-device': (node) => node.kind === 'syncobj',
};

beforeEach((context) => skipWithout(context, 'rendersync', 'syncobjdev'));

test.each(STRATEGIES)(
  '%s: with no GPU left points are awaited, signalled and released through its own device',
  (strategy) => {
    const poller = new Poller();
    const kernel = new LinuxKernel({ poller });
    const clock = new SystemClock({ ref: false });
    const manager = new SyncManager({
      kernel,
      poller,
      clock,
      strategy: strategyByName(strategy),
    });
    const [first, second] = listPciGpus();
    const gpuNode = kernel.listNodes().find(({ id }) => id === `pci:${second?.address}`);
    const ownNode = kernel.listNodes().find(isTheirs[strategy]);
    if (!first || !second || !gpuNode || !ownNode) throw new Error('the VM lacks a device');
    const gpu = kernel.openDevice(gpuNode);
    const survivor = kernel.openDevice(ownNode);
    try {
      const owner = manager.createOwner('client', () => {});
      const kept = gpu.exportTimelineFd(gpu.createTimeline());
      const timeline = owner.importTimeline(kept.dup());
      const release = timeline.createRelease(10n);
      const use = release.use();
      release.seal();
      const outcomes: FenceOutcome[] = [];
      timeline.waitForPoint(1n).subscribe((outcome) => outcomes.push(outcome));
      removeGpu(first.address);
      removeGpu(second.address);
      settle(poller);
      expect(listPciGpus()).toEqual([]);
      expect(outcomes).toEqual([]);

      const rescued = survivor.importTimeline(kept.fd);
      kept.close();
      survivor.signal(Uint32Array.of(rescued), BigUint64Array.of(1n), 1);
      settleUntil(poller, () => outcomes.length > 0);
      expect(outcomes).toMatchObject([{ type: 'signalled' }]);

      use.end();
      expect(release.state).toBe('signalled');
      const points = new BigUint64Array(1);
      survivor.query(Uint32Array.of(rescued), points, 1, 'signalled');
      expect(points[0]).toBe(10n);

      const fresh = owner.importTimeline(survivor.exportTimelineFd(survivor.createTimeline()));
      expect(owner.stats().handles).toBe(2);
      fresh.dispose();
    } finally {
      manager.dispose();
      gpu.close();
      survivor.close();
      kernel.dispose();
      poller.close();
      rescanGpus();
    }
  },
);

const SCENARIOS = [
  'import-device-removed-while-waiting',
  'removed-during-import',
  'import-device-re-added',
  'release-pending-at-removal',
];

/**
 * `last-device-removed` without its unsubmitted points: what their clients' GPU took with it nobody can signal, whatever the
 * compositor waits through, and these strategies wait for ever.
 */
const bothGpusGo: Scenario = {
  name: 'both-gpus-go',
  description: 'both GPUs go under clients that submit before they commit; later both come back',
  play: async ({ startClient, clients, world }) => {
    for (let index = 0; index < 2; index++) (await startClient({ submitDelayMs: [0, 0] })).draw();
    await world.advance(300);
    await world.importGpu.remove();
    await world.clientGpu.remove();
    await world.advance(500);
    await world.importGpu.add();
    await world.clientGpu.add();
    for (const client of clients) if (client.homeless) client.moveTo(world.importGpu);
    await world.advance(1500);
  },
};

async function play(strategy: string, scenario: Scenario): Promise<RunResult> {
  const world = await createDrmWorld({ strategy, seed: 1, stream: scenario.name });
  expect(world.importGpu.id).toMatch(/^pci:/);
  expect(world.clientGpu.id).toMatch(/^pci:/);
  return runScenario({ strategy, scenario, seed: 1, world });
}

test.each(STRATEGIES)(
  '%s keeps every promise while both GPUs are gone',
  async (strategy) => {
    const result = await play(strategy, bothGpusGo);
    expect(result.reasons).toEqual([]);
    expect(result.framesPresented).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test.each(STRATEGIES.flatMap((strategy) => SCENARIOS.map((scenario) => [strategy, scenario])))(
  '%s keeps every promise: %s',
  async (strategy, name) => {
    const result = await play(strategy, scenarioNamed(name));
    expect(result.reasons).toEqual([]);
    expect(result.framesPresented).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
