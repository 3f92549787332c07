/** A run finds out what no strategy of ours does: leaks, and scenarios that come to nothing. */
import { expect, test } from 'vitest';
import { runScenario } from '../../lab/compare/run.ts';
import type { RunResult } from '../../lab/compare/result.ts';
import type { Scenario, Stage } from '../../lab/scenarios/scenario.ts';
import { createSimulatedWorld } from '../../lab/world/simulated-world.ts';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { RecoveryStrategy } from '../../sync/recovery.ts';
import { failover } from '../../sync/recovery/failover.ts';

async function run(
  play: (stage: Stage) => Promise<void>,
  strategy: RecoveryStrategy = failover,
): Promise<RunResult> {
  const scenario: Scenario = { name: 'own', description: 'of this test', play };
  const world = await createSimulatedWorld({ strategy, seed: 1 });
  return runScenario({ strategy: strategy.name, scenario, seed: 1, world });
}

async function drawALittle({ startClient, world }: Stage): Promise<void> {
  (await startClient()).draw();
  await world.advance(200);
}

test('a run in which nothing is wrong is one', async () => {
  expect(await run(drawALittle)).toMatchObject({ ok: true, reasons: [], surfaces: 1 });
});

test('a scenario that throws breaks the run, with its reason', async () => {
  const result = await run(async (stage) => {
    await drawALittle(stage);
    throw new Error('no such GPU');
  });
  expect(result).toMatchObject({ ok: false, reasons: ['the scenario broke off: no such GPU'] });
});

test('descriptors left over are counted', async () => {
  const leaked: OwnedFd[] = [];
  const result = await run(async (stage) => {
    await drawALittle(stage);
    leaked.push(new OwnedFd(native.eventfd(0)), new OwnedFd(native.eventfd(0)));
  });
  for (const fd of leaked) fd.close();
  expect(result).toMatchObject({ ok: false, leakedFds: 2, reasons: ['2 fds leaked'] });
});

test('syncobj handles left over are counted', async () => {
  const forgetful: RecoveryStrategy = {
    ...failover,
    name: 'forgetful',
    placeTimeline: (context) => {
      context.devices[0]?.createTimeline();
      return failover.placeTimeline(context);
    },
  };
  const result = await run(drawALittle, forgetful);
  expect(result.leakedHandles).toBeGreaterThan(0);
  expect(result).toMatchObject({ ok: false, leakedFds: 0 });
});

test('a client that never submits is not stuck: nothing of it was ever ready', async () => {
  const result = await run(async ({ startClient, world }) => {
    (await startClient({ neverSubmitsFrom: 1 })).draw();
    await world.advance(200);
  });
  expect(result).toMatchObject({ ok: true, framesPresented: 0 });
});
