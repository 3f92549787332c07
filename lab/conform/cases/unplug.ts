/** GPUs pulled at each moment: the compositor's, then the client's, then all. Nobody may lose a connection or a release point. */
import { DeviceLostError, type DeviceId } from '../../../devices/syncobj-device.ts';
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import type { CommittedFrame } from '../test-window.ts';
import { check } from '../verdicts.ts';

const ENODEV = 19;
const IMPORTS_IN_FLIGHT = 100;

/** What must still work after the compositor's GPU has gone: drawing on old timelines, on new ones, and others' drawing. */
async function expectAlive(stage: Stage, when: string): Promise<void> {
  await stage.client.roundtrip();
  for (let index = 0; index < 4; index++) {
    const point = await stage.showReady(index);
    if (index === 0) continue;
    const previous = stage.buffer(index - 1);
    await stage.expectReleased(previous.release, point - 1n, `release of a frame drawn ${when}`);
  }
  const fresh = stage.run.timeline(stage.client);
  await stage.client.roundtrip();
  const { proxy, release } = stage.buffer(0);
  fresh.signal(1n);
  const point = stage.nextPoint();
  const frame = stage.window.show(proxy, fresh.at(1n), release.at(point));
  await stage.expectShown(frame, `a frame on a timeline imported ${when} is shown`);
}

interface Moment {
  readonly name: string;
  readonly rule: string;
  readonly needs?: ConformCase['needs'];
  /** Brings the stage to the moment of the unplug; what it resolves to is run after it. */
  prepare(stage: Stage): Promise<() => Promise<void>>;
}

/** A case that pulls the compositor's GPU at one moment. */
function importUnplug({ name, rule, needs = [], prepare }: Moment): ConformCase {
  return {
    name: `unplug-import-${name}`,
    rule,
    basis: 'robustness',
    needs: ['syncobj', 'two-gpus', 'unplug', 'shm', ...needs],
    run: async (run) => {
      const bystander = await run.bystander();
      const stage = await Stage.set(run, 3);
      await stage.showReady(0);
      const afterwards = await prepare(stage);
      await run.unplug('import');
      await afterwards();
      await expectAlive(stage, 'after the unplug');
      await bystander.expectUndisturbed('after the unplug');
      await run.plug('import');
      await expectAlive(stage, 'after the GPU came back');
      await bystander.expectUndisturbed('after the GPU came back');
    },
  };
}

/** A compositor may give a commit up after a loss: then its turn has come, but its buffer went back instead of on screen. */
function checkNotShown(frame: CommittedFrame, givenBack: boolean, before: string): void {
  const shown = frame.shown && !givenBack;
  check(!shown, `the unplug made the compositor show it before ${before}`);
}

const IMPORT_MOMENTS: readonly Moment[] = [
  {
    name: 'idle',
    rule: 'The compositor’s GPU goes while nothing is pending: clients stay connected and go on being shown, on old and new timelines.',
    prepare: async () => async () => {},
  },
  {
    name: 'waiting',
    rule: 'The compositor’s GPU goes while a commit waits for a point that is not submitted yet: its signal is still noticed.',
    prepare: async (stage) => {
      const point = stage.nextPoint();
      const { proxy, release } = stage.buffer(1);
      const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
      await stage.client.roundtrip();
      return async () => {
        await stage.run.quiet();
        checkNotShown(frame, release.isSignalled(point), 'its acquire point');
        stage.acquire.signal(point);
        await stage.expectShown(frame, 'the waiting commit is shown after its acquire point');
      };
    },
  },
  {
    name: 'replug-while-waiting',
    rule: 'The compositor’s GPU goes and comes back while a commit waits for a point that is not submitted yet: its signal is still noticed.',
    prepare: async (stage) => {
      const point = stage.nextPoint();
      const { proxy, release } = stage.buffer(1);
      const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
      await stage.client.roundtrip();
      return async () => {
        await stage.run.plug('import');
        await stage.client.roundtrip();
        checkNotShown(frame, release.isSignalled(point), 'its acquire point');
        stage.acquire.signal(point);
        await stage.expectShown(frame, 'the waiting commit is shown after its acquire point');
      };
    },
  },
  {
    name: 'fence-pending',
    rule: 'The compositor’s GPU goes while a commit waits for a submitted fence of another GPU: its end is still noticed.',
    needs: ['fences'],
    prepare: async (stage) => {
      const point = stage.nextPoint();
      const fence = stage.run.fence();
      const { proxy, release } = stage.buffer(1);
      stage.acquire.submit(point, fence.syncFile);
      const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
      await stage.client.roundtrip();
      return async () => {
        await stage.run.quiet();
        checkNotShown(frame, release.isSignalled(point), 'its fence ended');
        fence.end(0);
        await stage.expectShown(frame, 'the waiting commit is shown after its fence');
      };
    },
  },
  {
    name: 'release-owed',
    rule: 'The compositor’s GPU goes while buffers are with the compositor: their release points are signalled all the same.',
    prepare: async (stage) => {
      const point = await stage.showReady(1);
      return async () => {
        await stage.showReady(2);
        await stage.expectReleased(stage.buffer(0).release, 1n, 'release owed at the unplug');
        await stage.expectReleased(stage.buffer(1).release, point, 'release owed at the unplug');
      };
    },
  },
  {
    name: 'imports-in-flight',
    rule: 'The compositor’s GPU goes while clients import timelines: none of them is told invalid_timeline for it.',
    prepare: async (stage) => {
      const { client, acquire } = stage;
      for (let count = 0; count < IMPORTS_IN_FLIGHT; count++) acquire.importInto(client.syncobj);
      client.display.flush();
      return async () => {
        for (let count = 0; count < IMPORTS_IN_FLIGHT; count++) acquire.importInto(client.syncobj);
        await client.roundtrip();
      };
    },
  },
];

const clientLeaves: ConformCase = {
  name: 'unplug-import-client-exit',
  rule: 'A client that leaves while the compositor’s GPU is gone is owed its release points as ever.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const shown = await stage.showReady(0);
    const waiting = stage.buffer(1);
    stage.window.show(waiting.proxy, stage.acquire.at(100n), waiting.release.at(1n));
    await stage.client.roundtrip();
    await run.unplug('import');
    stage.client.close();
    const { release } = stage.buffer(0);
    await run.expect('release of what was on screen', () => release.isSignalled(shown));
    await run.expect('release of what was waiting', () => waiting.release.isSignalled(1n));
  },
};

const clientUnsubmitted: ConformCase = {
  name: 'unplug-client-unsubmitted',
  rule: 'The client’s GPU goes before it has submitted a committed point: nobody else is disturbed, and the client can still give the point a fence through another GPU, or go on with new timelines there.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm'],
  run: async (run) => {
    const bystander = await run.bystander();
    const stage = await Stage.set(run, 3);
    await stage.showReady(0);
    const point = stage.nextPoint();
    const { proxy, release } = stage.buffer(1);
    const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
    await stage.client.roundtrip();
    await run.unplug('client');
    await bystander.expectUndisturbed('after the client’s GPU was unplugged');
    const stillWaiting = !frame.shown;
    moveTimelines(stage);
    stage.acquire.signal(point);
    await stage.expectShown(frame, 'the commit has its turn once its point signalled');
    await expectAliveOn(stage, run.importGpu, 'on another GPU');
    await run.plug('client');
    await expectAliveOn(stage, run.clientGpu, 'after the GPU came back');
    return stillWaiting ? 'the surface waited for the rescue' : 'the compositor gave the wait up';
  },
};

const clientFencePending: ConformCase = {
  name: 'unplug-client-fence-pending',
  rule: 'The client’s GPU goes with its work unfinished, which ends with an error: the client stays connected and goes on with another GPU.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm', 'failing-fences'],
  run: async (run) => {
    const bystander = await run.bystander();
    const stage = await Stage.set(run, 3);
    await stage.showReady(0);
    const point = stage.nextPoint();
    const { proxy, release } = stage.buffer(1);
    const fence = run.fence();
    stage.acquire.submit(point, fence.syncFile);
    stage.window.show(proxy, stage.acquire.at(point), release.at(point));
    await stage.client.roundtrip();
    await run.unplug('client');
    fence.end(ENODEV);
    await stage.client.roundtrip();
    moveTimelines(stage);
    // Without the buffer whose work was lost, so that its release is this commit's and no later one's.
    await expectAliveOn(stage, run.importGpu, 'on another GPU', [0, 2]);
    await stage.expectReleased(release, point, 'release of the buffer whose work was lost');
    await bystander.expectUndisturbed('after the client’s GPU was unplugged');
  },
};

/** Through their kept fds, to the compositor's GPU. */
function moveTimelines(stage: Stage): void {
  const other = stage.run.device(stage.run.importGpu);
  stage.acquire.moveTo(other);
  for (const { release } of stage.buffers) release.moveTo(other);
}

/** Draws these buffers with a new timeline of this GPU. */
async function expectAliveOn(
  stage: Stage,
  gpu: DeviceId,
  when: string,
  buffers: readonly number[] = [0, 1, 2],
): Promise<void> {
  const timeline = stage.run.timeline(stage.client, gpu);
  await stage.client.roundtrip();
  for (const index of buffers) {
    const { proxy, release } = stage.buffer(index);
    const point = stage.nextPoint();
    timeline.signal(point);
    const frame = stage.window.show(proxy, timeline.at(point), release.at(point));
    await stage.expectShown(frame, `a frame drawn ${when} is shown`);
  }
}

const allGone: ConformCase = {
  name: 'unplug-all',
  rule: 'With every GPU gone clients stay connected, imports are not answered by an error, and once a GPU is back what was owed is signalled and what waits goes on.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm'],
  run: async (run) => {
    const bystander = await run.bystander();
    const stage = await Stage.set(run, 3);
    await stage.showReady(0);
    const point = stage.nextPoint();
    const { proxy, release } = stage.buffer(1);
    const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
    await stage.client.roundtrip();
    await run.unplug('client');
    await run.unplug('import');
    check(
      isLost(() => stage.acquire.signal(point)),
      'the client’s GPU is still there',
    );
    stage.acquire.importInto(stage.client.syncobj);
    await stage.client.roundtrip();
    await bystander.expectUndisturbed('while there is no GPU');
    await run.plug('client');
    const device = run.device(run.clientGpu);
    stage.acquire.moveTo(device);
    for (const { release: other } of stage.buffers) other.moveTo(device);
    stage.acquire.signal(point);
    await stage.expectShown(frame, 'what waited is shown after a GPU came back');
    await expectAlive(stage, 'after a GPU came back');
    stage.window.unmap();
    await stage.expectReleased(release, point, 'release of what was shown');
    await run.plug('import');
    await bystander.expectUndisturbed('after all GPUs came back');
  },
};

function isLost(attempt: () => void): boolean {
  try {
    attempt();
    return false;
  } catch (error) {
    if (error instanceof DeviceLostError) return true;
    throw error;
  }
}

const plainClientSurvives: ConformCase = {
  name: 'unplug-plain-client',
  rule: 'The compositor’s GPU goes: a client that uses nothing but wl_shm stays connected and goes on being shown.',
  basis: 'robustness',
  needs: ['shm', 'unplug'],
  run: async (run) => {
    const bystander = await run.bystander();
    await run.unplug('import');
    await bystander.expectUndisturbed('after the unplug');
    await run.plug('import');
    await bystander.expectUndisturbed('after the GPU came back');
  },
};

/** See the file comment. */
export const UNPLUG_CASES: readonly ConformCase[] = [
  clientUnsubmitted,
  clientFencePending,
  ...IMPORT_MOMENTS.map(importUnplug),
  clientLeaves,
  allGone,
  plainClientSurvives,
];
