/** When content may be shown: acquire points, their order, and what waits with them. */
import type { ConformCase } from '../conform-case.ts';
import { Stage, type StagedCommit } from '../stage.ts';
import { check } from '../verdicts.ts';
import { checkNotOnScreen } from './on-screen.ts';

const FRAMES = 10;

const frames: ConformCase = {
  name: 'frames',
  rule: 'Commits whose acquire points are signalled are shown, and each buffer is released once another has replaced it.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 3);
    const shown: StagedCommit[] = [];
    for (let index = 0; index < FRAMES; index++) shown.push(await stage.showReady(index));
    for (const [index, commit] of shown.slice(0, -1).entries()) {
      await stage.expectReleased(commit, `release of frame ${index}`);
    }
  },
};

const waitBeforeSubmit: ConformCase = {
  name: 'wait-before-submit',
  rule: 'An acquire point may be submitted after the commit: until it is, and has signalled, the buffer is not sampled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run);
    for (let index = 0; index < 3; index++) {
      const { frame, point } = stage.commitUnsubmitted(index);
      await stage.client.roundtrip();
      await run.quiet();
      check(!frame.shown, `commit ${index} was shown before its acquire point was even submitted`);
      stage.acquire.signal(point);
      await stage.expectShown(frame, `commit ${index} is shown once its point has signalled`);
    }
  },
};

const pendingFence: ConformCase = {
  name: 'fence-pending',
  rule: 'A submitted acquire point has not signalled before its fence has: until then the buffer is not sampled, and cannot be on screen.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj', 'fences'],
  run: async (run) => {
    const stage = await Stage.set(run);
    let appliedEarly = false;
    for (const [index, when] of (['before', 'after'] as const).entries()) {
      const fence = run.fence();
      const { frame, point } =
        when === 'before' ? stage.commitWithFence(index, fence) : stage.commitUnsubmitted(index);
      if (when === 'after') {
        await stage.client.roundtrip();
        stage.acquire.submit(point, fence.syncFile);
      }
      await stage.sendAndWait();
      checkNotOnScreen(frame, `while its fence, submitted ${when} the commit, was pending`);
      appliedEarly ||= frame.shown;
      fence.end(0);
      await stage.expectShown(
        frame,
        `a commit is shown once its fence, submitted ${when} it, ended`,
      );
    }
    return appliedEarly ? 'applied before, its GPU waits for the fence' : undefined;
  },
};

const commitOrder: ConformCase = {
  name: 'commit-order',
  rule: 'Commits of a surface apply in their order: one that is ready waits for those before it that are not.',
  basis: 'protocol',
  source: 'wl_surface.commit',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 3);
    const [first, second] = [run.timeline(stage.client), run.timeline(stage.client)];
    const [a, b] = [stage.buffer(0), stage.buffer(1)];
    const frameA = stage.window.show(a.proxy, first.at(1n), a.release.at(1n));
    const frameB = stage.window.show(b.proxy, second.at(1n), b.release.at(1n));
    second.signal(1n);
    await stage.client.roundtrip();
    await run.quiet();
    check(!frameB.shown, 'the second commit was shown while the first was waiting');
    check(!frameA.shown, 'the first commit was shown before its acquire point');
    first.signal(1n);
    await stage.expectShown(frameA, 'the first commit’s turn comes');
    await stage.expectShown(frameB, 'the second commit follows');
    await stage.expectReleased(
      { release: a.release, point: 1n },
      'release of the first, replaced buffer',
    );
  },
};

const outOfOrderPoints: ConformCase = {
  name: 'points-out-of-order',
  rule: 'Points of a timeline need not be used in their order; signalling one signals all below it.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const [a, b] = [stage.buffer(0), stage.buffer(1)];
    const high = stage.window.show(a.proxy, stage.acquire.at(20n), a.release.at(1n));
    const low = stage.window.show(b.proxy, stage.acquire.at(10n), b.release.at(1n));
    stage.acquire.signal(15n);
    await stage.client.roundtrip();
    await run.quiet();
    check(!high.shown, 'shown when only a lower point had signalled');
    check(!low.shown, 'the later commit overtook the earlier one');
    stage.acquire.signal(25n);
    await stage.expectShown(high, 'the commit with point 20 is shown after 25');
    await stage.expectShown(low, 'the commit with point 10 follows');
  },
};

const sameTimeline: ConformCase = {
  name: 'one-timeline-for-both',
  rule: 'Acquire and release points of a buffer may be on one timeline, the release above the acquire.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.conflicting_points',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    for (let index = 0; index < FRAMES; index++) {
      const { proxy, release } = stage.buffer(index);
      const acquire = BigInt(2 * index + 1);
      if (index >= 2) {
        await stage.expectReleased(
          { release, point: acquire - 3n },
          `release before reuse in frame ${index}`,
        );
      }
      release.signal(acquire);
      const frame = stage.window.show(proxy, release.at(acquire), release.at(acquire + 1n));
      await stage.expectShown(frame, `frame ${index} is shown`);
    }
  },
};

const widePoints: ConformCase = {
  name: 'points-64-bit',
  rule: 'Points are 64 bits wide, their halves passed as point_hi and point_lo.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const points = [
      0xffff_ffffn,
      1n << 32n,
      (1n << 32n) + 1n,
      1n << 63n,
      (1n << 63n) + 0x8000_0000n,
    ];
    for (const [index, point] of points.entries()) {
      const { proxy, release } = stage.buffer(index);
      const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(point));
      await stage.client.roundtrip();
      await run.quiet();
      check(!frame.shown, `point ${point} counted as signalled when lower ones were`);
      stage.acquire.signal(point);
      await stage.expectShown(frame, `the commit with point ${point} is shown`);
      const previous = points[index - 1];
      if (previous === undefined) continue;
      const { release: replaced } = stage.buffer(index - 1);
      await stage.expectReleased(
        { release: replaced, point: previous },
        `release at point ${previous}`,
      );
    }
  },
};

const pointsReplaced: ConformCase = {
  name: 'points-replaced',
  rule: 'A point set again before the commit replaces the one set before.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const { proxy, release } = stage.buffer(0);
    const never = run.timeline(stage.client);
    stage.acquire.signal(1n);
    stage.window.setAcquire(never.at(1n));
    stage.window.setRelease(never.at(2n));
    const frame = stage.window.show(proxy, stage.acquire.at(1n), release.at(1n));
    await stage.expectShown(frame, 'the commit waits for the point set last');
    await stage.showReady(1);
    await stage.expectReleased({ release, point: 1n }, 'release at the point set last');
    check(!never.isSignalled(2n), 'the replaced release point was signalled too');
  },
};

const superseded: ConformCase = {
  name: 'superseded-commits',
  rule: 'Commits that are replaced before they could be shown are still released, and their frame callbacks answered.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 4);
    const shown = stage.buffers.map(({ proxy, release }, index) =>
      stage.window.show(proxy, stage.acquire.at(BigInt(index + 1)), release.at(1n)),
    );
    await stage.client.roundtrip();
    stage.acquire.signal(BigInt(shown.length));
    for (const [index, frame] of shown.entries()) {
      await stage.expectShown(frame, `frame callback of commit ${index}`);
    }
    for (const [index, { release }] of stage.buffers.slice(0, -1).entries()) {
      await stage.expectReleased({ release, point: 1n }, `release of superseded commit ${index}`);
    }
  },
};

const plainCommits: ConformCase = {
  name: 'commits-without-buffer',
  rule: 'Commits that attach nothing, or null, need no points, also on a surface with a synchronization object.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.no_buffer',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage } = await Stage.showing(run, 1);
    const frame = stage.window.commit();
    await stage.expectShown(frame, 'a commit without a buffer is applied');
    stage.window.unmap();
    await stage.client.roundtrip();
  },
};

/** See the file comment. */
export const WAITING_CASES: readonly ConformCase[] = [
  frames,
  waitBeforeSubmit,
  pendingFence,
  commitOrder,
  outOfOrderPoints,
  sameTimeline,
  widePoints,
  pointsReplaced,
  superseded,
  plainCommits,
];
