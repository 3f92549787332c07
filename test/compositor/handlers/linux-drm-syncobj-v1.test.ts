/** Every rule and error code of linux-drm-syncobj-v1, on the object the XML names. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import {
  WpLinuxDrmSyncobjManagerV1Error as ManagerError,
  WpLinuxDrmSyncobjSurfaceV1Error as SurfaceError,
} from '../../../protocols/generated/linux-drm-syncobj-v1.interfaces.ts';
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WlSurfaceProxy } from '../../../protocols/generated/wayland.client.ts';
import type { TestClient, TestTimeline } from '../../support/compositor-client.ts';
import { withCompositor, type CompositorFixture } from '../../support/compositor-fixture.ts';

interface Parts {
  readonly fixture: CompositorFixture;
  readonly client: TestClient;
  readonly surface: WlSurfaceProxy;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly acquire: TestTimeline;
  readonly release: TestTimeline;
}

function makeParts(fixture: CompositorFixture): Parts {
  const client = fixture.connect();
  const surface = client.compositor.createSurface();
  return {
    fixture,
    client,
    surface,
    sync: client.syncobj.getSurface(surface),
    acquire: client.timeline(),
    release: client.timeline(),
  };
}

/** Wrong commits: what is done before wl_surface.commit, and the one error it must give on the surface's sync object. */
const WRONG_COMMITS: readonly [name: string, code: number, prepare: (parts: Parts) => void][] = [
  [
    'points without a buffer',
    SurfaceError.noBuffer,
    ({ sync, acquire, release }) => {
      sync.setAcquirePoint(acquire.proxy, 0, 1);
      sync.setReleasePoint(release.proxy, 0, 1);
    },
  ],
  [
    'an acquire point alone, without a buffer',
    SurfaceError.noBuffer,
    ({ sync, acquire }) => sync.setAcquirePoint(acquire.proxy, 0, 1),
  ],
  [
    'a release point alone, without a buffer',
    SurfaceError.noBuffer,
    ({ sync, release }) => sync.setReleasePoint(release.proxy, 0, 1),
  ],
  [
    'points with attach(NULL)',
    SurfaceError.noBuffer,
    ({ surface, sync, acquire, release }) => {
      surface.attach(null, 0, 0);
      sync.setAcquirePoint(acquire.proxy, 0, 1);
      sync.setReleasePoint(release.proxy, 0, 1);
    },
  ],
  [
    'a buffer with neither point',
    SurfaceError.noAcquirePoint,
    ({ client, surface }) => surface.attach(client.shmBuffer().proxy, 0, 0),
  ],
  [
    'a buffer without acquire point',
    SurfaceError.noAcquirePoint,
    ({ client, surface, sync, release }) => {
      surface.attach(client.shmBuffer().proxy, 0, 0);
      sync.setReleasePoint(release.proxy, 0, 1);
    },
  ],
  [
    'a buffer without release point',
    SurfaceError.noReleasePoint,
    ({ client, surface, sync, acquire }) => {
      surface.attach(client.shmBuffer().proxy, 0, 0);
      sync.setAcquirePoint(acquire.proxy, 0, 1);
    },
  ],
  [
    'equal points of one timeline',
    SurfaceError.conflictingPoints,
    ({ client, surface, sync, acquire }) => {
      surface.attach(client.shmBuffer().proxy, 0, 0);
      sync.setAcquirePoint(acquire.proxy, 1, 7);
      sync.setReleasePoint(acquire.proxy, 1, 7);
    },
  ],
  [
    'an acquire point above the release point, in the high word',
    SurfaceError.conflictingPoints,
    ({ client, surface, sync, acquire }) => {
      surface.attach(client.shmBuffer().proxy, 0, 0);
      sync.setAcquirePoint(acquire.proxy, 2, 0);
      sync.setReleasePoint(acquire.proxy, 1, 0xffff_ffff);
    },
  ],
];

test.each(WRONG_COMMITS)('%s', (_name, code, prepare) => {
  withCompositor({}, (fixture) => {
    const bystander = fixture.connect();
    const parts = makeParts(fixture);
    prepare(parts);
    parts.surface.commit();
    fixture.settle();
    expect(parts.client.error).toEqual({
      interface: 'wp_linux_drm_syncobj_surface_v1',
      object: parts.sync.id,
      code,
    });
    expect(bystander.error).toBeUndefined();
  });
});

test('shm buffers are refused with unsupported_buffer when the compositor does not sync them', () => {
  withCompositor({ syncForShm: false }, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    surface.commit();
    fixture.settle();
    expect(client.error).toMatchObject({ object: sync.id, code: SurfaceError.unsupportedBuffer });
  });
});

test('dma-bufs are synchronized even then', () => {
  withCompositor({ syncForShm: false }, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    surface.attach(client.dmabufBuffer(client.dmabufFd(64)).proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    acquire.signal(1n);
    surface.commit();
    fixture.settle();
    expect(client.error).toBeUndefined();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
  });
});

test('a second object for a surface is surface_exists, on the manager', () => {
  withCompositor({}, (fixture) => {
    const { client, surface } = makeParts(fixture);
    client.syncobj.getSurface(surface);
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_linux_drm_syncobj_manager_v1',
      object: client.syncobj.id,
      code: ManagerError.surfaceExists,
    });
  });
});

test('after its destruction the surface may get another one', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync } = makeParts(fixture);
    sync.destroy();
    client.syncobj.getSurface(surface);
    fixture.settle();
    expect(client.error).toBeUndefined();
  });
});

const WRONG_FDS: readonly [name: string, make: () => OwnedFd][] = [
  ['an eventfd', () => new OwnedFd(native.eventfd(0))],
  ['a memfd', () => new OwnedFd(native.memfdCreate('no timeline', 0))],
  ['/dev/null', () => new OwnedFd(native.open('/dev/null', 0, 0))],
  [
    'a pipe',
    () => {
      const [readFd, writeFd] = native.pipe();
      new OwnedFd(writeFd).close();
      return new OwnedFd(readFd);
    },
  ],
];

test.each(WRONG_FDS)('importing %s is invalid_timeline, on the manager', (_name, make) => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const fd = make();
    client.syncobj.importTimeline(fd.fd);
    fd.close();
    fixture.settle();
    expect(client.error).toEqual({
      interface: 'wp_linux_drm_syncobj_manager_v1',
      object: client.syncobj.id,
      code: ManagerError.invalidTimeline,
    });
  });
});

test.each(['setAcquirePoint', 'setReleasePoint'] as const)(
  '%s after the surface was destroyed is no_surface',
  (request) => {
    withCompositor({}, (fixture) => {
      const { client, surface, sync, acquire } = makeParts(fixture);
      surface.destroy();
      sync[request](acquire.proxy, 0, 1);
      fixture.settle();
      expect(client.error).toMatchObject({ object: sync.id, code: SurfaceError.noSurface });
    });
  },
);

test('importing while all devices are gone is no error: the timeline waits for a device', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    fixture.settle();
    const kept = acquire.device.exportTimelineFd(acquire.handle);
    fixture.kernel.removeDevice('sim:0');
    fixture.kernel.removeDevice('sim:1');
    const late = client.syncobj.importTimeline(kept.fd);
    kept.close();
    fixture.advance(100_000_000n);
    expect(client.error).toBeUndefined();
    fixture.kernel.addDevice();
    fixture.advance(100_000_000n);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(late, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    surface.commit();
    fixture.settle();
    expect(client.error).toBeUndefined();
    surface.destroy();
    fixture.settle();
  });
});

test('the global is withheld when no device can hold timelines, with one line saying why', () => {
  withCompositor({ gpus: 0, strategy: 'single-import' }, (fixture) => {
    const client = fixture.connect();
    expect(client.offers('wp_linux_drm_syncobj_manager_v1')).toBe(false);
    const lines = fixture.logged.filter((line) => line.includes('explicit sync is not offered'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('no DRM device at all');
  });
});

test('the global is withheld on kernels without SYNCOBJ_EVENTFD, with one line saying why', () => {
  withCompositor({ gpu: { eventfd: false } }, (fixture) => {
    const client = fixture.connect();
    expect(client.offers('wp_linux_drm_syncobj_manager_v1')).toBe(false);
    expect(client.offers('zwp_linux_dmabuf_v1')).toBe(true);
    const lines = fixture.logged.filter((line) => line.includes('explicit sync is not offered'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/SYNCOBJ_EVENTFD \(Linux 6\.6\) among sim:0/);
  });
});

test('a GPU that comes later brings the global, once, to clients that are there already', () => {
  withCompositor({ gpus: 0 }, (fixture) => {
    const client = fixture.connect();
    fixture.kernel.addDevice({ eventfd: false });
    fixture.advance(100_000_000n);
    expect(client.offers('wp_linux_drm_syncobj_manager_v1')).toBe(false);
    for (let count = 0; count < 2; count++) fixture.kernel.addDevice();
    fixture.advance(100_000_000n);
    const offered = [...client.display.registry.globals.values()].map((global) => global.interface);
    expect(offered.filter((name) => name === 'wp_linux_drm_syncobj_manager_v1')).toHaveLength(1);
    client.timeline('sim:1');
    expect(client.settle()).toBeUndefined();
    expect(fixture.core.sync.stats().counts.timelines).toBe(1);
  });
});

test('on kernels that export points by transfer (6.12) the same frames are shown, failures seen', () => {
  withCompositor({ gpu: { pointSyncFile: 'transfer' } }, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const sync = client.syncobj.getSurface(proxy);
    const acquire = client.timeline();
    const release = client.timeline();
    const commit = (point: number, width: number): void => {
      sync.setAcquirePoint(acquire.proxy, 0, point);
      sync.setReleasePoint(release.proxy, 0, point);
      proxy.attach(client.shmBuffer(width, 1).proxy, 0, 0);
      proxy.commit();
      client.settle();
    };
    acquire.submit(1n).signal();
    commit(1, 2);
    expect(surface.current.content?.content.width).toBe(2);
    const failing = acquire.submit(2n);
    commit(2, 3);
    failing.fail(19);
    client.settle();
    expect(surface.current.content?.content.width).toBe(2);
    expect(fixture.core.stats().sync.counters).toMatchObject({ signalled: 1, failed: 1 });
    expect(release.signalled).toBe(2n);
  });
});

test('a timeline destroyed before the commit that names its points does not unset them', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    acquire.proxy.destroy();
    release.proxy.destroy();
    surface.commit();
    fixture.settle();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(false);
    acquire.signal(1n);
    fixture.settle();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
    surface.attach(null, 0, 0);
    surface.commit();
    fixture.settle();
    expect(release.signalled).toBe(1n);
    expect(fixture.core.stats().sync.counts.timelines).toBe(0);
  });
});

test('points set twice: the later ones count', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    acquire.signal(1n);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0, 9);
    sync.setReleasePoint(release.proxy, 0, 9);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 2);
    surface.commit();
    fixture.settle();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
    surface.destroy();
    fixture.settle();
    expect(release.signalled).toBe(2n);
  });
});

test('destroying the sync object discards points not committed: the next buffer is implicit', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.destroy();
    surface.commit();
    fixture.settle();
    expect(client.error).toBeUndefined();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
  });
});

test('points of 64 bits', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0x8000_0000, 0xffff_fffe);
    sync.setReleasePoint(release.proxy, 0x8000_0000, 0xffff_ffff);
    surface.commit();
    fixture.settle();
    acquire.signal(0x8000_0000_ffff_fffdn);
    fixture.settle();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(false);
    acquire.signal(0x8000_0000_ffff_fffen);
    fixture.settle();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
    surface.destroy();
    fixture.settle();
    expect(release.signalled).toBe(0x8000_0000_ffff_ffffn);
  });
});

test('destroying the manager leaves its objects alone', () => {
  withCompositor({}, (fixture) => {
    const { client, surface, sync, acquire, release } = makeParts(fixture);
    client.syncobj.destroy();
    acquire.signal(1n);
    surface.attach(client.shmBuffer().proxy, 0, 0);
    sync.setAcquirePoint(acquire.proxy, 0, 1);
    sync.setReleasePoint(release.proxy, 0, 1);
    surface.commit();
    fixture.settle();
    expect(client.error).toBeUndefined();
    expect([...fixture.core.surfaces][0]?.mapped).toBe(true);
  });
});

test('single-import: an import that fails because the device is going kills the client, as today', () => {
  withCompositor({ strategy: 'single-import' }, (fixture) => {
    const { client, acquire } = makeParts(fixture);
    fixture.settle();
    fixture.kernel.removeDevice('sim:0');
    acquire.importInto(client.syncobj);
    fixture.settle();
    expect(client.error).toMatchObject({ code: ManagerError.invalidTimeline });
  });
});
