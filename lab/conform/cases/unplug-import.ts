/** The compositor's GPU is pulled at each moment, then all are. Nobody may lose a connection or a release point. */
import { DeviceLostError } from '../../../devices/syncobj-device.ts';
import type { ConformCase } from '../conform-case.ts';
import { Stage, type StagedCommit } from '../stage.ts';
import { check } from '../verdicts.ts';
import { expectReleasedAfterExit } from './after-exit.ts';
import { checkNotOnScreen } from './on-screen.ts';
import { expectAlive, moveTimelines, stageBesideBystander } from './unplug-checks.ts';

const IMPORTS_IN_FLIGHT = 100;

interface Moment {
  readonly name: string;
  readonly rule: string;
  readonly needs?: ConformCase['needs'];
  /** Brings the stage, with a buffer shown, to the moment of the unplug; what it resolves to is run after it. */
  prepare(stage: Stage, shown: StagedCommit): Promise<() => Promise<void>>;
}

/** A case that pulls the compositor's GPU at one moment. */
function importUnplug({ name, rule, needs = [], prepare }: Moment): ConformCase {
  return {
    name: `unplug-import-${name}`,
    rule,
    basis: 'robustness',
    needs: ['syncobj', 'two-gpus', 'unplug', 'shm', ...needs],
    run: async (run) => {
      const { bystander, stage, shown } = await stageBesideBystander(run);
      const afterwards = await prepare(stage, shown);
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
function checkNotShown({ frame, release, point }: StagedCommit): void {
  const shown = frame.shown && !release.isSignalled(point);
  check(!shown, 'the unplug made the compositor show it before its acquire point');
}

const IMPORT_MOMENTS: readonly Moment[] = [
  {
    name: 'idle',
    rule: 'The compositor’s GPU goes while nothing is pending: clients stay connected and go on being shown, on old and new timelines.',
    prepare: async () => async () => {},
  },
  {
    name: 'points-set',
    rule: 'The compositor’s GPU goes between a client’s setting its points and the commit: the commit counts as ever.',
    prepare: async (stage) => {
      const point = stage.nextPoint();
      const { proxy, release } = stage.buffer(1);
      stage.window.setAcquire(stage.acquire.at(point));
      stage.window.setRelease(release.at(point));
      await stage.client.roundtrip();
      return async () => {
        stage.window.attach(proxy);
        const frame = stage.window.commit();
        await stage.client.roundtrip();
        stage.acquire.signal(point);
        await stage.expectShown(frame, 'the commit is shown after its acquire point');
      };
    },
  },
  {
    name: 'waiting',
    rule: 'The compositor’s GPU goes while a commit waits for a point that is not submitted yet: its signal is still noticed.',
    prepare: async (stage) => {
      const waiting = stage.commitUnsubmitted(1);
      await stage.client.roundtrip();
      return async () => {
        await stage.run.quiet();
        checkNotShown(waiting);
        stage.acquire.signal(waiting.point);
        await stage.expectShown(
          waiting.frame,
          'the waiting commit is shown after its acquire point',
        );
      };
    },
  },
  {
    name: 'replug-while-waiting',
    rule: 'The compositor’s GPU goes and comes back while a commit waits for a point that is not submitted yet: its signal is still noticed.',
    prepare: async (stage) => {
      const waiting = stage.commitUnsubmitted(1);
      await stage.client.roundtrip();
      return async () => {
        await stage.run.plug('import');
        await stage.client.roundtrip();
        checkNotShown(waiting);
        stage.acquire.signal(waiting.point);
        await stage.expectShown(
          waiting.frame,
          'the waiting commit is shown after its acquire point',
        );
      };
    },
  },
  {
    name: 'fence-pending',
    rule: 'The compositor’s GPU goes while a commit waits for a submitted fence of another GPU: its end is still noticed.',
    needs: ['fences'],
    prepare: async (stage) => {
      const fence = stage.run.fence();
      const { frame } = stage.commitWithFence(1, fence);
      await stage.sendAndWait();
      return async () => {
        await stage.run.quiet();
        checkNotOnScreen(frame, 'after the unplug while its fence was pending');
        fence.end(0);
        await stage.expectShown(frame, 'the waiting commit is shown after its fence');
      };
    },
  },
  {
    name: 'release-owed',
    rule: 'The compositor’s GPU goes while buffers are with the compositor: their release points are signalled all the same.',
    prepare: async (stage, replaced) => {
      const shown = await stage.showReady(1);
      return async () => {
        await stage.showReady(2);
        await stage.expectReleased(replaced, 'release owed at the unplug');
        await stage.expectReleased(shown, 'release owed at the unplug');
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
    const { stage, shown } = await Stage.showing(run);
    const waiting = stage.commitUnsubmitted(1);
    await stage.client.roundtrip();
    await run.unplug('import');
    await expectReleasedAfterExit(stage, shown, waiting);
  },
};

const surfaceDestroyed: ConformCase = {
  name: 'unplug-import-surface-destroyed',
  rule: 'A surface destroyed while the compositor’s GPU is gone is owed its release points as ever, those of waiting commits too.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run);
    const waiting = stage.commitUnsubmitted(1);
    await stage.client.roundtrip();
    await run.unplug('import');
    stage.window.destroySurface();
    await stage.expectReleased(shown, 'release of what was on screen');
    await stage.expectReleased(waiting, 'release of what was waiting');
  },
};

const allGone: ConformCase = {
  name: 'unplug-all',
  rule: 'With every GPU gone clients stay connected, imports are not answered by an error, and once a GPU is back what was owed is signalled and what waits goes on.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm'],
  run: async (run) => {
    const { bystander, stage } = await stageBesideBystander(run);
    const waiting = stage.commitUnsubmitted(1);
    await stage.client.roundtrip();
    await run.unplug('client');
    await run.unplug('import');
    check(
      isLost(() => stage.acquire.signal(waiting.point)),
      'the client’s GPU is still there',
    );
    stage.acquire.importInto(stage.client.syncobj);
    await stage.client.roundtrip();
    await bystander.expectUndisturbed('while there is no GPU');
    await run.plug('client');
    moveTimelines(stage, run.clientGpu);
    stage.acquire.signal(waiting.point);
    await stage.expectShown(waiting.frame, 'what waited is shown after a GPU came back');
    await expectAlive(stage, 'after a GPU came back');
    await stage.expectReleased(waiting, 'release of what was shown');
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
export const IMPORT_UNPLUG_CASES: readonly ConformCase[] = [
  ...IMPORT_MOMENTS.map(importUnplug),
  clientLeaves,
  surfaceDestroyed,
  allGone,
  plainClientSurvives,
];
