/** Fences that fail, points that never come: what must not spread. */
import type { ConformCase } from '../conform-case.ts';
import { Stage, type StagedCommit } from '../stage.ts';
import { check } from '../verdicts.ts';
import { EIO } from '../../../native/errno.ts';

const plainFrames: ConformCase = {
  name: 'plain-client',
  rule: 'A client without explicit sync is shown (what the other cases are compared with).',
  basis: 'protocol',
  source: 'wl_surface.frame',
  needs: ['shm'],
  run: async (run) => {
    const bystander = await run.bystander();
    await bystander.expectUndisturbed('with nobody else there');
  },
};

function failedFence(when: 'before' | 'after'): ConformCase {
  return {
    name: `failed-fence-${when}-commit`,
    rule: 'A fence that ends with an error has ended: the client is not disconnected, the commits after it are shown, and the buffer is released.',
    basis: 'robustness',
    needs: ['syncobj', 'failing-fences'],
    run: async (run) => {
      const { stage } = await Stage.showing(run, 3);
      const fence = run.fence();
      const failed = stage.commitWithFence(1, fence, () => {
        if (when === 'before') fence.end(EIO);
      });
      await stage.sendAndWait();
      if (when === 'after') fence.end(EIO);
      await run.quiet();
      await stage.client.roundtrip();
      await stage.showReady(2);
      await stage.expectReleased(failed, 'release of the buffer whose fence failed');
    },
  };
}

const failedNotShown: ConformCase = {
  name: 'failed-fence-not-shown',
  rule: 'A fence that ends with an error says that its buffer was not rendered: the last good content stays, and the failed buffer is given back.',
  basis: 'robustness',
  needs: ['syncobj', 'failing-fences'],
  run: async (run) => {
    const { stage, shown: good } = await Stage.showing(run);
    const isReleased = ({ release, point }: StagedCommit): boolean => release.isSignalled(point);
    await run.quiet();
    const copies = isReleased(good);
    const fence = run.fence();
    const bad = stage.commitWithFence(1, fence);
    await stage.sendAndWait();
    fence.end(EIO);
    const decided = (): boolean => isReleased(bad) || isReleased(good) || bad.frame.shown;
    await run.until(decided);
    await run.quiet();
    await stage.client.roundtrip();
    if (copies) {
      return 'cannot be told from outside: buffers are copied and released while they are shown';
    }
    check(
      !isReleased(good),
      'the last good buffer was released, and the failed one put in its place',
    );
    check(isReleased(bad), 'the failed buffer was not given back');
  },
};

const fenceNeverEnds: ConformCase = {
  name: 'fence-holds-nobody-else',
  rule: 'A fence that does not end holds back its own surface and nothing else: the connection answers, and other clients are shown as before.',
  basis: 'robustness',
  needs: ['syncobj', 'fences', 'shm'],
  run: async (run) => {
    const bystander = await run.bystander();
    const { stage } = await Stage.showing(run);
    const fence = run.fence();
    const { frame } = stage.commitWithFence(1, fence);
    await stage.sendAndWait();
    await bystander.expectUndisturbed('while a fence pends');
    await stage.client.roundtrip();
    fence.end(0);
    await stage.expectShown(frame, 'the commit is shown once its fence ended');
  },
};

const neverSubmitted: ConformCase = {
  name: 'never-submitted',
  rule: 'A point that never comes holds back its own surface and nothing else: the connection answers, other surfaces and other clients are shown as before, and destroying the surface gives its buffers back.',
  basis: 'robustness',
  needs: ['syncobj', 'shm'],
  run: async (run) => {
    const bystander = await run.bystander();
    const stage = await Stage.set(run, 3);
    const never = run.timeline(stage.client);
    const [stuck, later] = [stage.buffer(0), stage.buffer(1)];
    const stuckFrame = stage.window.show(stuck.proxy, never.at(1n), stuck.release.at(1n));
    stage.acquire.signal(1n);
    const laterFrame = stage.window.show(later.proxy, stage.acquire.at(1n), later.release.at(1n));
    await stage.client.roundtrip();
    await bystander.expectUndisturbed('while a commit waits for ever');
    check(!stuckFrame.shown, 'shown without its acquire point');
    const other = await stage.client.openWindow({ explicitSync: true });
    const third = stage.buffer(2);
    const otherFrame = other.show(third.proxy, stage.acquire.at(1n), third.release.at(1n));
    await stage.expectShown(otherFrame, 'another window of the same client is shown');
    const overtaken = laterFrame.shown;
    stage.window.destroySurface();
    await run.expect(
      'release of the stuck buffers after their surface was destroyed',
      () => stuck.release.isSignalled(1n) && later.release.isSignalled(1n),
      stage.client,
    );
    await bystander.expectUndisturbed('after the stuck surface was destroyed');
    return overtaken ? 'a later commit was shown in its place' : 'later commits wait behind it';
  },
};

/** See the file comment. */
export const FAILURE_CASES: readonly ConformCase[] = [
  plainFrames,
  failedFence('before'),
  failedFence('after'),
  failedNotShown,
  fenceNeverEnds,
  neverSubmitted,
];
