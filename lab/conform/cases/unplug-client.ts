/** The client's GPU is pulled: its point may never be submitted, and nobody else may suffer. */
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import { expectAliveOn, moveTimelines, stageBesideBystander } from './unplug-checks.ts';
import { ENODEV } from '../../../native/errno.ts';

const clientUnsubmitted: ConformCase = {
  name: 'unplug-client-unsubmitted',
  rule: 'The client’s GPU goes before it has submitted a committed point: nobody else is disturbed, and the client can still give the point a fence through another GPU, or go on with new timelines there.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm'],
  run: async (run) => {
    const { bystander, stage } = await stageBesideBystander(run);
    const { frame, point } = stage.commitUnsubmitted(1);
    await stage.client.roundtrip();
    await run.unplug('client');
    await bystander.expectUndisturbed('after the client’s GPU was unplugged');
    const stillWaiting = !frame.shown;
    moveTimelines(stage, run.importGpu);
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
    const { bystander, stage } = await stageBesideBystander(run);
    const fence = run.fence();
    const lost = stage.commitWithFence(1, fence);
    await stage.sendAndWait();
    await run.unplug('client');
    fence.end(ENODEV);
    await stage.client.roundtrip();
    moveTimelines(stage, run.importGpu);
    // Without the buffer whose work was lost, so that its release is this commit's and no later one's.
    await expectAliveOn(stage, run.importGpu, 'on another GPU', [0, 2]);
    await stage.expectReleased(lost, 'release of the buffer whose work was lost');
    await bystander.expectUndisturbed('after the client’s GPU was unplugged');
  },
};

const clientIdle: ConformCase = {
  name: 'unplug-client-idle',
  rule: 'The client’s GPU goes while nothing is pending: the client stays connected and goes on with another GPU, on the timelines it had.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug', 'shm'],
  run: async (run) => {
    const { bystander, stage, shown } = await stageBesideBystander(run);
    await run.unplug('client');
    await stage.client.roundtrip();
    moveTimelines(stage, run.importGpu);
    await stage.showReady(1);
    await stage.expectReleased(shown, 'release owed at the unplug');
    await bystander.expectUndisturbed('after the client’s GPU was unplugged');
  },
};

const clientReleaseOwed: ConformCase = {
  name: 'unplug-client-release-owed',
  rule: 'The client’s GPU goes while its buffers are with the compositor: their release points are signalled all the same, for the client to see through another GPU.',
  basis: 'robustness',
  needs: ['syncobj', 'two-gpus', 'unplug'],
  run: async (run) => {
    const { stage, shown: replaced } = await Stage.showing(run);
    const shown = await stage.showReady(1);
    await run.unplug('client');
    moveTimelines(stage, run.importGpu);
    stage.window.destroySurface();
    await stage.expectReleased(replaced, 'release of the replaced buffer');
    await stage.expectReleased(shown, 'release of what was on screen');
  },
};

/** See the file comment. */
export const CLIENT_UNPLUG_CASES: readonly ConformCase[] = [
  clientIdle,
  clientUnsubmitted,
  clientFencePending,
  clientReleaseOwed,
];
