/** Subsurfaces with acquire points of their own: who waits for whom. */
import type { WlSubsurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { CaseRun } from '../case-run.ts';
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import { BUFFER_SIZE } from '../test-client.ts';
import { SyncSurface } from '../test-window.ts';
import { check } from '../verdicts.ts';

const syncedChildWaits: ConformCase = {
  name: 'subsurface-child-waits',
  rule: 'A synchronized subsurface’s state is cached until its parent commits, and its buffer is still not sampled before its own acquire point.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_acquire_point',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, child } = await stageWithChild(run);
    const { proxy, release } = stage.buffer(1);
    const childTimeline = run.timeline(stage.client);
    const childFrame = child.show(proxy, childTimeline.at(1n), release.at(1n));
    const parentFrame = stage.window.commit();
    await stage.client.roundtrip();
    await run.quiet();
    check(!childFrame.shown, 'the child was shown before its acquire point');
    const atomic = !parentFrame.shown;
    childTimeline.signal(1n);
    await stage.expectShown(childFrame, 'the child is shown after its acquire point');
    await stage.expectShown(parentFrame, 'the parent’s commit has its turn');
    return atomic ? 'the parent’s commit waits with it' : 'the parent’s commit does not wait';
  },
};

const parentWaits: ConformCase = {
  name: 'subsurface-parent-waits',
  rule: 'The cached state of a synchronized subsurface applies with its parent’s commit: while that waits, the child waits.',
  basis: 'protocol',
  source: 'wl_subsurface.set_sync',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, child } = await stageWithChild(run);
    const [a, b] = [stage.buffer(1), stage.buffer(2)];
    const [childTimeline, parentTimeline] = [
      run.timeline(stage.client),
      run.timeline(stage.client),
    ];
    childTimeline.signal(1n);
    const childFrame = child.show(a.proxy, childTimeline.at(1n), a.release.at(1n));
    const parentFrame = stage.window.show(b.proxy, parentTimeline.at(1n), b.release.at(1n));
    await stage.client.roundtrip();
    await run.quiet();
    check(!parentFrame.shown, 'the parent was shown before its acquire point');
    check(!childFrame.shown, 'the child was shown before the parent commit it belongs to');
    parentTimeline.signal(1n);
    await stage.expectShown(parentFrame, 'the parent is shown after its acquire point');
    await stage.expectShown(childFrame, 'the child is shown with it');
  },
};

const desyncedChildWaits: ConformCase = {
  name: 'subsurface-desync-child-waits',
  rule: 'A desynchronized subsurface is on its own: while its commit waits, those of its parent have their turn.',
  basis: 'protocol',
  source: 'wl_subsurface.set_desync',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, child } = await stageWithChild(run);
    child.subsurface.setDesync();
    const { proxy, release } = stage.buffer(1);
    const childTimeline = run.timeline(stage.client);
    const childFrame = child.show(proxy, childTimeline.at(1n), release.at(1n));
    await stage.client.roundtrip();
    await stage.showReady(2);
    check(!childFrame.shown, 'the child was shown before its acquire point');
    childTimeline.signal(1n);
    await stage.expectShown(childFrame, 'the child is shown after its acquire point');
  },
};

const childDestroyedWaiting: ConformCase = {
  name: 'subsurface-destroyed-while-waiting',
  rule: 'A subsurface destroyed while its commit waits is no reason to hold its parent back any longer, and its buffer is given back.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, child } = await stageWithChild(run);
    const { proxy, release } = stage.buffer(1);
    const never = run.timeline(stage.client);
    child.show(proxy, never.at(1n), release.at(1n));
    const parentFrame = stage.window.commit();
    await stage.client.roundtrip();
    child.subsurface.destroy();
    child.surface.destroy();
    await stage.expectShown(parentFrame, 'the parent’s commit has its turn');
    await stage.showReady(2);
    await stage.expectReleased({ release, point: 1n }, 'release of the destroyed child’s buffer');
  },
};

/** A subsurface with a synchronization object, and the object that makes it one. */
class ChildSurface extends SyncSurface {
  readonly subsurface: WlSubsurfaceProxy;

  constructor({ client, window }: Stage) {
    const surface = client.compositor.createSurface();
    const subsurface = client.subcompositor.getSubsurface(surface, window.surface);
    super(client, surface, client.syncobj.getSurface(surface));
    this.subsurface = subsurface;
  }
}

/**
 * A window on screen, and a synchronized subsurface of it, beside it: compositors send no frame callbacks to what is covered. Buffers 1
 * and 2 are free.
 */
async function stageWithChild(
  run: CaseRun,
): Promise<{ readonly stage: Stage; readonly child: ChildSurface }> {
  const { stage } = await Stage.showing(run, 3);
  const child = new ChildSurface(stage);
  child.subsurface.setPosition(BUFFER_SIZE, 0);
  stage.window.surface.commit();
  await stage.client.roundtrip();
  return { stage, child };
}

/** See the file comment. */
export const SUBSURFACE_CASES: readonly ConformCase[] = [
  syncedChildWaits,
  parentWaits,
  desyncedChildWaits,
  childDestroyedWaiting,
];
