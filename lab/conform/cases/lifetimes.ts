/** Objects that end at awkward moments, and the release points that are owed all the same. */
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import { check } from '../verdicts.ts';
import { expectReleasedAfterExit } from './after-exit.ts';

const MANY_TIMELINES = 2000;
const MANY_COMMITS = 64;

const surfaceDestroyedWaiting: ConformCase = {
  name: 'surface-destroyed-while-waiting',
  rule: 'A surface destroyed while commits wait: their buffers are not used any more, so every release point is signalled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run, 3);
    const waiting = [1, 2].map((index) => stage.commitUnsubmitted(index));
    await stage.client.roundtrip();
    stage.window.destroySurface();
    await stage.client.roundtrip();
    await stage.expectReleased(shown, 'release of what was on screen');
    const released = (): boolean =>
      waiting.every(({ release, point }) => release.isSignalled(point));
    const early = await run.until(released, run.environment.patienceMs / 4);
    // Above both.
    stage.acquire.signal(stage.nextPoint());
    await run.expect('the release of what was waiting', released, stage.client);
    return early
      ? 'without waiting for the acquire point'
      : 'only once the acquire point signalled';
  },
};

const teardownWaiting: ConformCase = {
  name: 'teardown-while-waiting',
  rule: 'Points of commits are not affected when the synchronization object is destroyed: with its surface destroyed after it, every release point is signalled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run, 3);
    const waiting = [1, 2].map((index) => stage.commitUnsubmitted(index));
    await stage.client.roundtrip();
    stage.sync.destroy();
    stage.window.destroySurface();
    await stage.client.roundtrip();
    await stage.expectReleased(shown, 'release of what was on screen');
    for (const [index, commit] of waiting.entries()) {
      await stage.expectReleased(commit, `release of waiting commit ${index + 1}`);
    }
  },
};

const clientExit: ConformCase = {
  name: 'client-exit-releases',
  rule: 'When a client leaves, what it had committed is not used any more: its release points are signalled, for whoever else holds them.',
  basis: 'robustness',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run);
    const waiting = stage.commitUnsubmitted(1);
    await stage.client.roundtrip();
    await expectReleasedAfterExit(stage, shown, waiting);
  },
};

const timelineDestroyed: ConformCase = {
  name: 'timeline-destroyed-before-commit',
  rule: 'Destroying a timeline object does not unset points that were set with it.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_timeline_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const { proxy, release } = stage.buffer(0);
    stage.window.setAcquire(stage.acquire.at(1n));
    stage.window.setRelease(release.at(1n));
    stage.acquire.proxy.destroy();
    release.proxy.destroy();
    stage.window.attach(proxy);
    const frame = stage.window.commit();
    await stage.client.roundtrip();
    await run.quiet();
    check(!frame.shown, 'the acquire point did not count any more');
    stage.acquire.signal(1n);
    await stage.expectShown(frame, 'shown after its acquire point');
    await stage.expectReleasedWhenReplaced(
      { release, point: 1n },
      'release on the destroyed timeline object',
    );
  },
};

const handleGone: ConformCase = {
  name: 'timeline-outlives-client-device',
  rule: 'An imported timeline is the compositor’s own reference: the client may close the device it made it on, and go on through another file.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_manager_v1.import_timeline',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const commit = stage.commitUnsubmitted(0);
    await stage.client.roundtrip();
    run.device(run.clientGpu).close();
    const device = run.device(run.clientGpu);
    stage.acquire.moveTo(device);
    commit.release.moveTo(device);
    stage.acquire.signal(commit.point);
    await stage.expectShown(commit.frame, 'shown after a signal through another file');
    await stage.expectReleasedWhenReplaced(commit, 'release seen through another file');
  },
};

const bufferDestroyed: ConformCase = {
  name: 'buffer-destroyed-while-waiting',
  rule: 'A wl_buffer destroyed after its commit leaves the commit as it is: the connection lives, and the release point is signalled in the end.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const commit = stage.commitUnsubmitted(0);
    stage.buffer(0).proxy.destroy();
    await stage.client.roundtrip();
    stage.acquire.signal(commit.point);
    await stage.expectShown(commit.frame, 'the frame callback of the commit');
    await stage.expectReleasedWhenReplaced(commit, 'release of the destroyed buffer');
  },
};

const syncDestroyed: ConformCase = {
  name: 'sync-object-destroyed',
  rule: 'With its synchronization object destroyed a surface is as before: points set and not committed may be dropped, commits need none, and the object may be made again.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run, 3);
    const { proxy, release } = stage.buffer(1);
    stage.acquire.signal(10n);
    stage.window.setAcquire(stage.acquire.at(10n));
    stage.window.setRelease(release.at(1n));
    stage.sync.destroy();
    stage.window.attach(proxy);
    stage.window.sync = null;
    const plain = stage.window.commit();
    await stage.expectShown(plain, 'a commit without explicit sync is shown');
    await stage.expectReleased(shown, 'release of the commit before');
    stage.window.sync = stage.client.syncobj.getSurface(stage.window.surface);
    const next = stage.buffer(2);
    const frame = stage.window.show(next.proxy, stage.acquire.at(10n), next.release.at(1n));
    await stage.expectShown(frame, 'a commit with a new synchronization object is shown');
  },
};

const syncDestroyedAfterCommit: ConformCase = {
  name: 'sync-object-destroyed-after-commit',
  rule: 'Points that were committed stay in force when the synchronization object is destroyed.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const commit = stage.commitUnsubmitted(0);
    stage.sync.destroy();
    await stage.client.roundtrip();
    await run.quiet();
    check(!commit.frame.shown, 'the committed acquire point did not count any more');
    stage.acquire.signal(commit.point);
    await stage.expectShown(commit.frame, 'shown after its acquire point');
    stage.window.sync = null;
    stage.window.attach(stage.buffer(1).proxy);
    await stage.expectShown(stage.window.commit(), 'a commit without explicit sync is shown');
    await stage.expectReleased(commit, 'release of the committed buffer');
  },
};

const managerDestroyed: ConformCase = {
  name: 'manager-destroyed',
  rule: 'Destroying the manager affects no other object.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_manager_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    stage.client.syncobj.destroy();
    await stage.client.roundtrip();
    const replaced = await stage.showReady(0);
    await stage.showReady(1);
    await stage.expectReleased(replaced, 'release of the replaced buffer');
  },
};

const importedTwice: ConformCase = {
  name: 'timeline-imported-twice',
  rule: 'A syncobj may be imported any number of times; destroying one of its objects leaves the others.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_timeline_v1.destroy',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 1);
    const { proxy, release } = stage.buffer(0);
    const second = stage.acquire.importInto(stage.client.syncobj);
    stage.acquire.proxy.destroy();
    await stage.client.roundtrip();
    stage.sync.setAcquirePoint(second, 0, 1);
    stage.window.setRelease(release.at(1n));
    stage.window.attach(proxy);
    const frame = stage.window.commit();
    stage.acquire.signal(1n);
    await stage.expectShown(frame, 'shown after a point of the second import');
  },
};

const manyTimelines: ConformCase = {
  name: 'thousands-of-timelines',
  rule: `A client may hold many timelines, here ${MANY_TIMELINES}, and be served as before; a compositor that refuses says so by an error, not by a hang.`,
  basis: 'robustness',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const held: { destroy(): void }[] = [];
    for (let count = 0; count < MANY_TIMELINES; count++) {
      held.push(stage.acquire.importInto(stage.client.syncobj));
      // One import a syncobj, a new syncobj now and then: both are counted by somebody.
      if (count % 10 === 0) held.push(run.timeline(stage.client).proxy);
      if (count % 200 === 199) await stage.client.roundtrip();
    }
    const shown = await stage.showReady(0);
    for (const timeline of held) timeline.destroy();
    await stage.client.roundtrip();
    await stage.expectReleasedWhenReplaced(shown, 'release among many timelines');
  },
};

const manyCommits: ConformCase = {
  name: 'many-waiting-commits',
  rule: `${MANY_COMMITS} commits of a surface may wait at once; when their points signal all have their turn, and all but the last are released.`,
  basis: 'robustness',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const commits = Array.from({ length: MANY_COMMITS }, (_, index) =>
      stage.commitUnsubmitted(index),
    );
    await stage.client.roundtrip();
    await run.quiet();
    check(!commits.some(({ frame }) => frame.shown), 'shown before its acquire point');
    stage.acquire.signal(BigInt(MANY_COMMITS));
    const allShown = (): boolean => commits.every(({ frame }) => frame.shown);
    await run.expect('all frame callbacks', allShown, stage.client);
    for (const commit of commits.slice(-2, -1)) {
      await stage.expectReleased(commit, 'release of the last but one');
    }
  },
};

/** See the file comment. */
export const LIFETIME_CASES: readonly ConformCase[] = [
  surfaceDestroyedWaiting,
  teardownWaiting,
  clientExit,
  timelineDestroyed,
  handleGone,
  bufferDestroyed,
  syncDestroyed,
  syncDestroyedAfterCommit,
  managerDestroyed,
  importedTwice,
  manyTimelines,
  manyCommits,
];
