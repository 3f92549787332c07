/** The plain kernel facts everything else in the guest rests on, through the addon alone. */
import { afterEach, expect, test } from 'vitest';
import { listPciGpus, pciGpu, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { O_RDWR } from '../../../native/open-flags.ts';

const DRM_CAP_SYNCOBJ_TIMELINE = 0x14;
const [FIRST, SECOND] = ['0000:00:05.0', '0000:00:06.0'] as const;

function openRender(address: string): OwnedFd {
  const gpu = pciGpu(address);
  if (!gpu) throw new Error(`no GPU at ${address}`);
  return new OwnedFd(native.open(gpu.render, O_RDWR, 0));
}

function signal(device: OwnedFd, handle: number, point: bigint): void {
  native.syncobjTimelineSignal(device.fd, Uint32Array.of(handle), BigUint64Array.of(point), 1);
}

afterEach(() => rescanGpus());

test('both GPUs are there and do timelines', () => {
  expect(listPciGpus().map((gpu) => gpu.address)).toEqual([FIRST, SECOND]);
  for (const address of [FIRST, SECOND]) {
    using device = openRender(address);
    expect(native.drmVersion(device.fd).name).toBe('virtio_gpu');
    expect(native.drmGetCap(device.fd, DRM_CAP_SYNCOBJ_TIMELINE)).toBe(1n);
  }
});

test('an eventfd armed on one GPU fires when the other signals the point', () => {
  using first = openRender(FIRST);
  using second = openRender(SECOND);
  const handle = native.syncobjCreate(first.fd, 0);
  using syncobj = new OwnedFd(native.syncobjHandleToFd(first.fd, handle, 0, 0n));
  const imported = native.syncobjFdToHandle(second.fd, syncobj.fd, 0, 0, 0n);
  using eventfd = new OwnedFd(native.eventfd(0));

  native.syncobjEventfd(first.fd, handle, 5n, 0, eventfd.fd);
  expect(native.eventfdRead(eventfd.fd)).toBeNull();
  signal(second, imported, 5n);
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
});

test('a pulled-out GPU answers ENODEV, and what was armed through it still fires', () => {
  using first = openRender(FIRST);
  using second = openRender(SECOND);
  const handle = native.syncobjCreate(first.fd, 0);
  using syncobj = new OwnedFd(native.syncobjHandleToFd(first.fd, handle, 0, 0n));
  using eventfd = new OwnedFd(native.eventfd(0));
  native.syncobjEventfd(first.fd, handle, 1n, 0, eventfd.fd);

  removeGpu(FIRST);
  expect(pciGpu(FIRST)).toBeUndefined();
  expect(() => native.drmGetCap(first.fd, DRM_CAP_SYNCOBJ_TIMELINE)).toThrowError(
    expect.objectContaining({ code: 'ENODEV' }),
  );
  expect(native.eventfdRead(eventfd.fd)).toBeNull();
  signal(second, native.syncobjFdToHandle(second.fd, syncobj.fd, 0, 0, 0n), 1n);
  expect(native.eventfdRead(eventfd.fd)).toBe(1n);
});

test('a GPU that comes back gets new nodes while the old file is open, and the old file stays dead', () => {
  using old = openRender(FIRST);
  const before = pciGpu(FIRST);
  removeGpu(FIRST);
  rescanGpus();
  const after = pciGpu(FIRST);
  expect(after?.render).not.toBe(before?.render);
  using fresh = openRender(FIRST);
  expect(native.drmGetCap(fresh.fd, DRM_CAP_SYNCOBJ_TIMELINE)).toBe(1n);
  expect(() => native.drmGetCap(old.fd, DRM_CAP_SYNCOBJ_TIMELINE)).toThrowError(
    expect.objectContaining({ code: 'ENODEV' }),
  );
});

test('removing a GPU that is not plugged in is ENOENT', () => {
  expect(() => removeGpu('0000:00:1e.0')).toThrowError(expect.objectContaining({ code: 'ENOENT' }));
});
