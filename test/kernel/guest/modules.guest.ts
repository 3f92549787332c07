/** The lab's own kernel modules do what their headers say. */
import { writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { FenceLab } from '../../../lab/kernel/fence-lab.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { O_RDWR } from '../../../native/open-flags.ts';
import { ECANCELED, ENODEV } from '../../../native/errno.ts';

import { skipWithout } from './our-modules.ts';

const DRM_CAP_SYNCOBJ_TIMELINE = 0x14;
const WAIT_AVAILABLE = 4;
const POLLIN = 1;

beforeEach((context) => skipWithout(context, 'fencelab', 'rendersync', 'syncobjdev'));

function open(path: string): OwnedFd {
  return new OwnedFd(native.open(path, O_RDWR, 0));
}

/** The render node of a DRM driver; nodes move when GPUs are re-plugged. */
function openDriver(name: string): OwnedFd {
  for (let minor = 128; minor < 192; minor++) {
    try {
      const device = open(`/dev/dri/renderD${minor}`);
      if (native.drmVersion(device.fd).name === name) return device;
      device.close();
    } catch {
      // No such node.
    }
  }
  throw new Error(`no render node of ${name}`);
}

function signalled(fd: OwnedFd): boolean {
  return native.poll(fd.fd, POLLIN, 0) === POLLIN;
}

test.each([0, ENODEV, ECANCELED])('fencelab: a fence pends, then ends with errno %i', (errno) => {
  const lab = new FenceLab();
  const fence = lab.createFence();
  using syncFile = fence.syncFile;
  expect(signalled(syncFile)).toBe(false);
  expect(native.syncFileInfo(syncFile.fd).status).toBe(0);

  fence.signal(errno);
  expect(signalled(syncFile)).toBe(true);
  expect(native.syncFileInfo(syncFile.fd).status).toBe(errno === 0 ? 1 : -errno);
  expect(() => fence.signal(0)).toThrowError(expect.objectContaining({ code: 'ENOENT' }));
  lab.close();
});

test('fencelab: closing it ends what is pending with ECANCELED', () => {
  const lab = new FenceLab();
  using first = lab.createFence({ sharedContext: true }).syncFile;
  using second = lab.createFence({ sharedContext: true }).syncFile;
  lab.close();
  expect(native.syncFileInfo(first.fd).status).toBe(-ECANCELED);
  expect(native.syncFileInfo(second.fd).status).toBe(-ECANCELED);
});

test('fencelab: an error that is no errno is EINVAL', () => {
  const lab = new FenceLab();
  const fence = lab.createFence();
  using syncFile = fence.syncFile;
  expect(() => fence.signal(5000)).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  expect(() => fence.signal(-1)).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  expect(signalled(syncFile)).toBe(false);
  lab.close();
});

test('rendersync: takes a timeline of a GPU, and unbinding it is its unplug', () => {
  using gpu = openDriver('virtio_gpu');
  using container = openDriver('rendersync');
  expect(native.drmGetCap(container.fd, DRM_CAP_SYNCOBJ_TIMELINE)).toBe(1n);
  const handle = native.syncobjCreate(gpu.fd, 0);
  using syncobj = new OwnedFd(native.syncobjHandleToFd(gpu.fd, handle, 0, 0n));
  const imported = native.syncobjFdToHandle(container.fd, syncobj.fd, 0, 0, 0n);
  native.syncobjTimelineSignal(container.fd, Uint32Array.of(imported), BigUint64Array.of(3n), 1);
  const points = new BigUint64Array(1);
  native.syncobjQuery(gpu.fd, Uint32Array.of(handle), points, 1, 0);
  expect(points[0]).toBe(3n);

  const driver = '/sys/bus/platform/drivers/rendersync';
  writeFileSync(`${driver}/unbind`, 'rendersync.0');
  try {
    expect(() => native.syncobjCreate(container.fd, 0)).toThrowError(
      expect.objectContaining({ code: 'ENODEV' }),
    );
  } finally {
    writeFileSync(`${driver}/bind`, 'rendersync.0');
  }
  openDriver('rendersync').close();
});

test('syncobjdev: point by point the same as through a GPU', () => {
  using gpu = openDriver('virtio_gpu');
  using device = open('/dev/syncobj');
  using syncobj = new OwnedFd(native.syncobjCharCreate(device.fd, 0));
  const handle = native.syncobjFdToHandle(gpu.fd, syncobj.fd, 0, 0, 0n);
  using available = new OwnedFd(native.eventfd(0));
  using done = new OwnedFd(native.eventfd(0));
  native.syncobjCharEventfd(device.fd, syncobj.fd, 2n, WAIT_AVAILABLE, available.fd);
  native.syncobjCharEventfd(device.fd, syncobj.fd, 2n, 0, done.fd);
  expect(() => native.syncobjCharExportSyncFile(device.fd, syncobj.fd, 2n)).toThrowError(
    expect.objectContaining({ code: 'EINVAL' }),
  );

  const lab = new FenceLab();
  const fence = lab.createFence();
  using labFile = fence.syncFile;
  native.syncobjCharImportSyncFile(device.fd, syncobj.fd, 2n, labFile.fd);
  expect(native.eventfdRead(available.fd)).toBe(1n);
  expect(native.eventfdRead(done.fd)).toBeNull();
  using exported = new OwnedFd(native.syncobjCharExportSyncFile(device.fd, syncobj.fd, 2n));
  const [signalledPoint, submittedPoint] = [new BigUint64Array(1), new BigUint64Array(1)];
  native.syncobjCharQuery(device.fd, Int32Array.of(syncobj.fd), signalledPoint, 1, 0);
  native.syncobjCharQuery(device.fd, Int32Array.of(syncobj.fd), submittedPoint, 1, 1);
  expect([signalledPoint[0], submittedPoint[0]]).toEqual([0n, 2n]);

  fence.signal(ENODEV);
  expect(native.eventfdRead(done.fd)).toBe(1n);
  expect(native.syncFileInfo(exported.fd).status).toBe(-ENODEV);
  native.syncobjQuery(gpu.fd, Uint32Array.of(handle), signalledPoint, 1, 0);
  expect(signalledPoint[0]).toBe(2n);
  lab.close();
});

test('syncobjdev: an eventfd armed on it fires for a signal through a GPU, and the other way round', () => {
  using gpu = openDriver('virtio_gpu');
  using device = open('/dev/syncobj');
  using syncobj = new OwnedFd(native.syncobjCharCreate(device.fd, 0));
  const handle = native.syncobjFdToHandle(gpu.fd, syncobj.fd, 0, 0, 0n);
  using first = new OwnedFd(native.eventfd(0));
  using second = new OwnedFd(native.eventfd(0));
  native.syncobjCharEventfd(device.fd, syncobj.fd, 1n, 0, first.fd);
  native.syncobjEventfd(gpu.fd, handle, 2n, 0, second.fd);
  native.syncobjTimelineSignal(gpu.fd, Uint32Array.of(handle), BigUint64Array.of(1n), 1);
  expect(native.eventfdRead(first.fd)).toBe(1n);
  native.syncobjCharSignal(device.fd, Int32Array.of(syncobj.fd), BigUint64Array.of(2n), 1);
  expect(native.eventfdRead(second.fd)).toBe(1n);
});

test('syncobjdev: transfers a point, resets, and refuses what is no syncobj with EBADF', () => {
  using device = open('/dev/syncobj');
  using source = new OwnedFd(native.syncobjCharCreate(device.fd, 0));
  using target = new OwnedFd(native.syncobjCharCreate(device.fd, 0));
  const query = (fd: OwnedFd): bigint => {
    const points = new BigUint64Array(1);
    native.syncobjCharQuery(device.fd, Int32Array.of(fd.fd), points, 1, 0);
    return points[0] ?? -1n;
  };
  expect(() => native.syncobjCharTransfer(device.fd, source.fd, 4n, target.fd, 7n, 0)).toThrowError(
    expect.objectContaining({ code: 'EINVAL' }),
  );
  native.syncobjCharSignal(device.fd, Int32Array.of(source.fd), BigUint64Array.of(4n), 1);
  native.syncobjCharTransfer(device.fd, source.fd, 4n, target.fd, 7n, 0);
  expect([query(source), query(target)]).toEqual([4n, 7n]);
  native.syncobjCharReset(device.fd, Int32Array.of(target.fd), 1);
  expect(query(target)).toBe(0n);

  using eventfd = new OwnedFd(native.eventfd(0));
  expect(() =>
    native.syncobjCharSignal(device.fd, Int32Array.of(eventfd.fd), BigUint64Array.of(1n), 1),
  ).toThrowError(expect.objectContaining({ code: 'EBADF' }));
});
