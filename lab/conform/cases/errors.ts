/** Broken rules of linux-drm-syncobj-v1, and the error each must be answered with. */
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { O_CLOEXEC, O_RDWR } from '../../../native/open-flags.ts';
import {
  WpLinuxDrmSyncobjManagerV1Error as ManagerError,
  WpLinuxDrmSyncobjSurfaceV1Error as SurfaceError,
} from '../../../protocols/generated/linux-drm-syncobj-v1.interfaces.ts';
import type { CaseRun } from '../case-run.ts';
import type { ConformCase } from '../conform-case.ts';
import { Stage } from '../stage.ts';
import { check } from '../verdicts.ts';

type Breach = (stage: Stage) => void;

/** A case that breaks a rule at a commit and expects one error of the synchronization object. */
function atCommit(
  name: string,
  rule: string,
  codes: readonly [number, ...number[]],
  breach: Breach,
): ConformCase {
  return {
    name,
    rule,
    basis: 'protocol',
    source: `wp_linux_drm_syncobj_surface_v1.${nameOf(codes[0])}`,
    needs: ['syncobj'],
    run: async (run) => {
      const stage = await Stage.set(run);
      breach(stage);
      stage.window.surface.commit();
      await stage.client.expectError(stage.sync, codes, codes.map(nameOf).join(' or '));
    },
  };
}

const noBufferLater: ConformCase = {
  name: 'no-buffer-later-commit',
  rule: 'Points set, and nothing attached in the same commit, is no_buffer, whatever was attached in commits before.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.no_buffer',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run);
    await stage.showReady(0);
    stage.window.setAcquire(stage.acquire.at(2n));
    stage.window.setRelease(stage.buffer(1).release.at(2n));
    stage.window.surface.commit();
    await stage.client.expectError(stage.sync, [SurfaceError.noBuffer], 'no_buffer');
  },
};

/** As the protocol writes it: "no_buffer". */
function nameOf(code: number): string {
  const found = Object.entries(SurfaceError).find(([, value]) => value === code);
  return (found?.[0] ?? `error ${code}`).replaceAll(
    /[A-Z]/g,
    (letter) => `_${letter.toLowerCase()}`,
  );
}

/** A case that imports something which is no syncobj. */
function invalidTimeline(kind: string, open: (run: CaseRun) => OwnedFd[]): ConformCase {
  return {
    name: `invalid-timeline-${kind}`,
    rule: `Importing a descriptor that is no syncobj, here ${ARTICLES[kind] ?? kind}, is invalid_timeline on the manager.`,
    basis: 'protocol',
    source: 'wp_linux_drm_syncobj_manager_v1.invalid_timeline',
    needs: ['syncobj'],
    run: async (run) => {
      const client = await run.connect();
      const fds = open(run);
      for (const fd of fds) run.own(fd);
      client.syncobj.importTimeline(fds[0]?.fd ?? -1);
      await client.expectError(client.syncobj, [ManagerError.invalidTimeline], 'invalid_timeline');
    },
  };
}

const ARTICLES: Readonly<Record<string, string>> = {
  pipe: 'a pipe',
  eventfd: 'an eventfd',
  dmabuf: 'a dma-buf',
  devnull: '/dev/null',
};

const surfaceExists: ConformCase = {
  name: 'surface-exists',
  rule: 'A second synchronization object for a wl_surface is surface_exists on the manager.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_manager_v1.surface_exists',
  needs: ['syncobj'],
  run: async (run) => {
    const client = await run.connect();
    const surface = client.compositor.createSurface();
    client.syncobj.getSurface(surface);
    await client.roundtrip();
    client.syncobj.getSurface(surface);
    await client.expectError(client.syncobj, [ManagerError.surfaceExists], 'surface_exists');
  },
};

function noSurface(kind: 'acquire' | 'release'): ConformCase {
  return {
    name: `no-surface-${kind}`,
    rule: `set_${kind}_point after the wl_surface was destroyed is no_surface on the synchronization object.`,
    basis: 'protocol',
    source: 'wp_linux_drm_syncobj_surface_v1.no_surface',
    needs: ['syncobj'],
    run: async (run) => {
      const client = await run.connect();
      const timeline = run.timeline(client);
      const surface = client.compositor.createSurface();
      const sync = client.syncobj.getSurface(surface);
      surface.destroy();
      await client.roundtrip();
      if (kind === 'acquire') sync.setAcquirePoint(timeline.proxy, 0, 1);
      else sync.setReleasePoint(timeline.proxy, 0, 1);
      await client.expectError(sync, [SurfaceError.noSurface], 'no_surface');
    },
  };
}

const unsupportedBuffer: ConformCase = {
  name: 'shm-buffer',
  rule: 'A buffer the compositor cannot synchronize is unsupported_buffer; one it can (beyond dma-bufs, as it likes) is shown after its acquire point.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.unsupported_buffer',
  needs: ['syncobj', 'shm'],
  run: async (run) => {
    const stage = await Stage.set(run, 1);
    const { release } = stage.buffer(0);
    const buffer = stage.client.shmBuffer();
    const frame = stage.window.show(buffer, stage.acquire.at(1n), release.at(1n));
    let synced = false;
    stage.client.display.sync(() => (synced = true));
    await run.until(() => synced || !stage.client.display.open);
    if (!stage.client.display.open) {
      const codes = [SurfaceError.unsupportedBuffer];
      await stage.client.expectError(stage.sync, codes, 'unsupported_buffer');
      return 'answers unsupported_buffer';
    }
    await run.quiet();
    check(!frame.shown, 'taken, and shown before its acquire point');
    stage.acquire.signal(1n);
    await stage.expectShown(frame, 'the shm buffer is shown after its acquire point');
    return 'takes shm buffers too';
  },
};

const twoImportsConflict: ConformCase = {
  name: 'conflicting-points-two-imports',
  rule: 'The same syncobj imported twice: equal acquire and release points on the two may be told as conflicting_points, and must not do harm.',
  basis: 'protocol',
  source: 'wp_linux_drm_syncobj_surface_v1.conflicting_points',
  needs: ['syncobj'],
  run: async (run) => {
    const stage = await Stage.set(run, 1);
    const { proxy } = stage.buffer(0);
    const second = stage.acquire.importInto(stage.client.syncobj);
    stage.acquire.signal(3n);
    stage.window.setAcquire(stage.acquire.at(3n));
    stage.sync.setReleasePoint(second, 0, 3);
    stage.window.attach(proxy);
    stage.window.surface.commit();
    let synced = false;
    stage.client.display.sync(() => (synced = true));
    await run.until(() => synced || !stage.client.display.open);
    if (stage.client.display.open) {
      await stage.client.roundtrip();
      return 'not noticed';
    }
    await stage.client.expectError(
      stage.sync,
      [SurfaceError.conflictingPoints],
      'conflicting_points',
    );
    return 'noticed: conflicting_points';
  },
};

/** See the file comment. */
export const ERROR_CASES: readonly ConformCase[] = [
  surfaceExists,
  invalidTimeline('pipe', () => native.pipe().map((fd) => new OwnedFd(fd))),
  invalidTimeline('eventfd', () => [new OwnedFd(native.eventfd(0))]),
  invalidTimeline('devnull', () => [new OwnedFd(native.open('/dev/null', O_RDWR | O_CLOEXEC, 0))]),
  invalidTimeline('dmabuf', (run) => {
    const [allocator] = run.gpus.allocators;
    return allocator ? [allocator.allocate(64, 64).dmabuf] : [];
  }),
  noSurface('acquire'),
  noSurface('release'),
  atCommit(
    'no-buffer-both-points',
    'Points set, and nothing attached in the same commit, is no_buffer.',
    [SurfaceError.noBuffer],
    ({ window, acquire, buffers: [{ release }] }) => {
      window.setAcquire(acquire.at(1n));
      window.setRelease(release.at(1n));
    },
  ),
  noBufferLater,
  atCommit(
    'no-buffer-acquire-only',
    'An acquire point, and nothing attached, is no_buffer (that the release point is missing too is no error without a buffer).',
    [SurfaceError.noBuffer],
    ({ window, acquire }) => window.setAcquire(acquire.at(1n)),
  ),
  atCommit(
    'no-buffer-release-only',
    'A release point, and nothing attached, is no_buffer.',
    [SurfaceError.noBuffer],
    ({ window, buffers: [{ release }] }) => window.setRelease(release.at(1n)),
  ),
  atCommit(
    'no-buffer-null-attached',
    'Points with a null buffer attached are no_buffer: they need a buffer that is one.',
    [SurfaceError.noBuffer],
    ({ window, acquire, buffers: [{ release }] }) => {
      window.setAcquire(acquire.at(1n));
      window.setRelease(release.at(1n));
      window.attach(null);
    },
  ),
  atCommit(
    'no-acquire-point',
    'A buffer with a release point alone is no_acquire_point.',
    [SurfaceError.noAcquirePoint],
    ({ window, buffers: [{ proxy, release }] }) => {
      window.setRelease(release.at(1n));
      window.attach(proxy);
    },
  ),
  atCommit(
    'no-release-point',
    'A buffer with an acquire point alone is no_release_point.',
    [SurfaceError.noReleasePoint],
    ({ window, acquire, buffers: [{ proxy }] }) => {
      window.setAcquire(acquire.at(1n));
      window.attach(proxy);
    },
  ),
  atCommit(
    'no-points-at-all',
    'A buffer without any point, on a surface with a synchronization object, is no_acquire_point or no_release_point.',
    [SurfaceError.noAcquirePoint, SurfaceError.noReleasePoint],
    ({ window, buffers: [{ proxy }] }) => window.attach(proxy),
  ),
  atCommit(
    'conflicting-points-equal',
    'On one timeline the release point must be above the acquire point: equal ones are conflicting_points.',
    [SurfaceError.conflictingPoints],
    ({ window, acquire, buffers: [{ proxy }] }) => {
      window.setAcquire(acquire.at(7n));
      window.setRelease(acquire.at(7n));
      window.attach(proxy);
    },
  ),
  atCommit(
    'conflicting-points-greater',
    'An acquire point above the release point of the same timeline is conflicting_points.',
    [SurfaceError.conflictingPoints],
    ({ window, acquire, buffers: [{ proxy }] }) => {
      window.setAcquire(acquire.at(9n));
      window.setRelease(acquire.at(4n));
      window.attach(proxy);
    },
  ),
  atCommit(
    'conflicting-points-high-word',
    'Points are 64 bits wide: 1·2³² as acquire and 5 as release of the same timeline are conflicting_points.',
    [SurfaceError.conflictingPoints],
    ({ window, acquire, buffers: [{ proxy }] }) => {
      window.setAcquire(acquire.at(1n << 32n));
      window.setRelease(acquire.at(5n));
      window.attach(proxy);
    },
  ),
  twoImportsConflict,
  unsupportedBuffer,
];
