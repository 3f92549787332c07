/** Release points: signalled for the commit they belong to, when the compositor is done with its buffer, and not before. */
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import { check } from '../verdicts.ts';

const COMMITS_OF_ONE_BUFFER = 3;

const unmapReleases: ConformCase = {
  name: 'unmap-releases',
  rule: 'A null buffer replaces the last one: the compositor is done with it then, and signals its release point.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const { stage, shown } = await Stage.showing(run, 1);
    stage.window.unmap();
    await stage.expectReleased(shown, 'release after attach(null)');
  },
};

const notReleasedEarly: ConformCase = {
  name: 'no-release-while-waiting',
  rule: 'The release point of a buffer that still waits for its acquire point, and may yet be sampled, is not signalled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const commit = stage.commitUnsubmitted(0);
    await stage.client.roundtrip();
    await run.quiet();
    check(!commit.release.isSignalled(commit.point), 'released while it was waiting');
    stage.acquire.signal(commit.point);
    await stage.expectShown(commit.frame, 'shown after its acquire point');
    await stage.expectReleasedWhenReplaced(commit, 'release of the replaced buffer');
  },
};

const bufferCommittedAgain: ConformCase = {
  name: 'buffer-committed-again',
  rule: 'A release point belongs to a commit, not to a buffer: of one buffer committed several times each commit’s point is signalled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 2);
    const { proxy } = stage.buffer(0);
    const releases = Array.from({ length: COMMITS_OF_ONE_BUFFER }, () =>
      run.timeline(stage.client),
    );
    for (const release of releases) {
      const point = stage.nextPoint();
      stage.acquire.signal(point);
      const frame = stage.window.show(proxy, stage.acquire.at(point), release.at(1n));
      await stage.expectShown(frame, 'the buffer is shown once more');
    }
    await stage.showReady(1);
    for (const [index, release] of releases.entries()) {
      await stage.expectReleased(
        { release, point: 1n },
        `release of commit ${index} of the buffer`,
      );
    }
  },
};

const onOneTimeline: ConformCase = {
  name: 'releases-on-one-timeline',
  rule: 'Buffers whose release points are on one timeline are released there, whatever the order; no point beyond those of finished commits is signalled.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.set_release_point',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 3);
    const shared = run.timeline(stage.client);
    for (const [index, { proxy }] of stage.buffers.entries()) {
      const point = stage.nextPoint();
      stage.acquire.signal(point);
      const frame = stage.window.show(proxy, stage.acquire.at(point), shared.at(BigInt(index + 1)));
      await stage.expectShown(frame, `buffer ${index} is shown`);
    }
    await stage.expectReleased(
      { release: shared, point: 2n },
      'release of the second, replaced buffer',
    );
    const never = run.timeline(stage.client);
    stage.window.show(stage.buffer(0).proxy, never.at(1n), shared.at(10n));
    await stage.client.roundtrip();
    await run.quiet();
    check(!shared.isSignalled(4n), 'a point was signalled that belongs to no finished commit');
  },
};

/** See the file comment. */
export const RELEASE_CASES: readonly ConformCase[] = [
  unmapReleases,
  notReleasedEarly,
  bufferCommittedAgain,
  onOneTimeline,
];
