/**
 * DRM, syncobj, sync_file and dma-buf calls on descriptors that are none: the right request reaches the kernel and its answer comes
 * back. What they do on real devices is tested in the VM (test/kernel).
 */
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { EBADF, ENOTTY } from '../../native/errno.ts';
import { OwnedFd } from '../../native/fd.ts';
import { PointFenceCall } from '../../devices/linux/point-fence.ts';
import type { SyncobjHandle } from '../../devices/syncobj-device.ts';
import { failure } from './support.ts';

const handles = new Uint32Array(2);
const fds = new Int32Array(2);
const points = new BigUint64Array(2);
const HANDLE = 1 as SyncobjHandle;

/** Each call on `fd`, and the name its error has. */
const CALLS: readonly (readonly [syscall: string, call: (fd: number) => unknown])[] = [
  ['ioctl(VERSION)', (fd) => native.drmVersion(fd)],
  ['ioctl(GET_CAP)', (fd) => native.drmGetCap(fd, 0x13)],
  ['ioctl(SET_MASTER)', (fd) => native.drmSetMaster(fd)],
  ['ioctl(DROP_MASTER)', (fd) => native.drmDropMaster(fd)],
  ['ioctl(PRIME_HANDLE_TO_FD)', (fd) => native.drmPrimeHandleToFd(fd, 1, 2)],
  ['ioctl(PRIME_FD_TO_HANDLE)', (fd) => native.drmPrimeFdToHandle(fd, 1)],
  ['ioctl(GEM_CLOSE)', (fd) => native.drmGemClose(fd, 1)],
  ['ioctl(MODE_CREATE_DUMB)', (fd) => native.drmCreateDumb(fd, 64, 64, 32)],
  ['ioctl(MODE_DESTROY_DUMB)', (fd) => native.drmDestroyDumb(fd, 1)],
  ['ioctl(VGEM_FENCE_ATTACH)', (fd) => native.vgemFenceAttach(fd, 1, 0)],
  ['ioctl(VGEM_FENCE_SIGNAL)', (fd) => native.vgemFenceSignal(fd, 1)],
  ['ioctl(SYNCOBJ_CREATE)', (fd) => native.syncobjCreate(fd, 0)],
  ['ioctl(SYNCOBJ_DESTROY)', (fd) => native.syncobjDestroy(fd, 1)],
  ['ioctl(SYNCOBJ_HANDLE_TO_FD)', (fd) => native.syncobjHandleToFd(fd, 1, 0, 0n)],
  ['ioctl(SYNCOBJ_FD_TO_HANDLE)', (fd) => native.syncobjFdToHandle(fd, 1, 0, 0, 0n)],
  ['ioctl(SYNCOBJ_EVENTFD)', (fd) => native.syncobjEventfd(fd, 1, 5n, 4, 1)],
  ['ioctl(SYNCOBJ_QUERY)', (fd) => native.syncobjQuery(fd, handles, points, 2, 0)],
  ['ioctl(SYNCOBJ_TIMELINE_SIGNAL)', (fd) => native.syncobjTimelineSignal(fd, handles, points, 2)],
  [
    'ioctl(SYNCOBJ_TIMELINE_WAIT)',
    (fd) => native.syncobjTimelineWait(fd, handles, points, 2, 0n, 0),
  ],
  ['ioctl(SYNCOBJ_TRANSFER)', (fd) => native.syncobjTransfer(fd, 1, 2n, 3, 0n, 0)],
  ['ioctl(SYNCOBJ_RESET)', (fd) => native.syncobjReset(fd, handles, 1)],
  ['ioctl(SYNCOBJ_SIGNAL)', (fd) => native.syncobjSignal(fd, handles, 1)],
  ['ioctl(SYNCOBJ_IOC_CREATE)', (fd) => native.syncobjCharCreate(fd, 0)],
  ['ioctl(SYNCOBJ_IOC_SIGNAL)', (fd) => native.syncobjCharSignal(fd, fds, points, 2)],
  ['ioctl(SYNCOBJ_IOC_QUERY)', (fd) => native.syncobjCharQuery(fd, fds, points, 2, 0)],
  ['ioctl(SYNCOBJ_IOC_RESET)', (fd) => native.syncobjCharReset(fd, fds, 2)],
  ['ioctl(SYNCOBJ_IOC_TRANSFER)', (fd) => native.syncobjCharTransfer(fd, 1, 2n, 3, 4n, 0)],
  ['ioctl(SYNCOBJ_IOC_EVENTFD)', (fd) => native.syncobjCharEventfd(fd, 1, 2n, 0, 3)],
  ['ioctl(SYNCOBJ_IOC_EXPORT_SYNC_FILE)', (fd) => native.syncobjCharExportSyncFile(fd, 1, 2n)],
  ['ioctl(SYNCOBJ_IOC_IMPORT_SYNC_FILE)', (fd) => native.syncobjCharImportSyncFile(fd, 1, 2n, 3)],
  ['ioctl(SYNC_IOC_FILE_INFO)', (fd) => native.syncFileInfo(fd)],
  ['ioctl(SYNC_IOC_FILE_INFO)', (fd) => native.syncFileEnd(fd, points)],
  [
    'ioctl(SYNC_IOC_MERGE)',
    (fd) => native.syncFileMerge(fd, 1, 'a name longer than its 32 bytes of room'),
  ],
  ['ioctl(SYNC_IOC_SET_DEADLINE)', (fd) => native.syncFileSetDeadline(fd, 1n)],
  ['ioctl(DMA_BUF_IOCTL_SYNC)', (fd) => native.dmabufSync(fd, 1)],
  ['ioctl(DMA_BUF_IOCTL_EXPORT_SYNC_FILE)', (fd) => native.dmabufExportSyncFile(fd, 1)],
  ['ioctl(DMA_BUF_IOCTL_IMPORT_SYNC_FILE)', (fd) => native.dmabufImportSyncFile(fd, 1, 1)],
  ['ioctl(UDMABUF_CREATE)', (fd) => native.udmabufCreate(fd, 1, 0, 0, 4096)],
  ['ioctl(DMA_HEAP_IOCTL_ALLOC)', (fd) => native.dmaHeapAlloc(fd, 4096)],
];

test.each(CALLS)('%s on a file of another kind is ENOTTY', (syscall, call) => {
  using memfd = new OwnedFd(native.memfdCreate('no-device', 0));
  const error = failure(() => call(memfd.fd));
  expect(error).toMatchObject({ code: 'ENOTTY', errno: 25, syscall });
  expect(error.message).toBe(`${syscall} failed (ENOTTY)`);
});

test.each(CALLS)('%s on a closed descriptor is EBADF', (syscall, call) => {
  expect(failure(() => call(-1))).toMatchObject({ code: 'EBADF', syscall });
});

test.each([
  ['with the TIMELINE flag', 0, 'ioctl(SYNCOBJ_HANDLE_TO_FD)'],
  ['by a transfer', 1, 'ioctl(SYNCOBJ_TRANSFER)'],
])('a fence that cannot be taken %s leaves the errno and what failed', (_, scratch, syscall) => {
  using memfd = new OwnedFd(native.memfdCreate('no-device', 0));
  const fence = new PointFenceCall();
  for (const [fd, errno] of [
    [memfd.fd, ENOTTY],
    [-1, EBADF],
  ] as const) {
    expect(fence.ask(fd, HANDLE, 2n, scratch, true)).toBe(errno);
    expect(fence.failedSyscall).toBe(syscall);
    expect(fence.end).toBeUndefined();
  }
});

test.each([
  ['something else', 'block'],
  ['too little', new ArrayBuffer(47)],
])('the block of a fence that is %s is refused', (_, block) => {
  // @ts-expect-error: what the types forbid
  expect(() => native.syncobjTakeFence(block)).toThrow();
});

test('syscalls are counted, failed ones too', () => {
  const before = native.syscalls();
  new PointFenceCall().ask(-1, HANDLE, 2n, 1, true);
  native.close(native.eventfd(0));
  expect(native.syscalls() - before).toBe(3);
});

test.each([
  ['query', () => native.syncobjQuery(0, handles, points, 3, 0)],
  ['signal', () => native.syncobjTimelineSignal(0, handles, new BigUint64Array(1), 2)],
  ['wait', () => native.syncobjTimelineWait(0, new Uint32Array(0), points, 1, 0n, 0)],
  ['reset', () => native.syncobjReset(0, handles, 3)],
  ['char query', () => native.syncobjCharQuery(0, fds, points, 3, 0)],
  ['char reset', () => native.syncobjCharReset(0, fds, 3)],
])('%s with a count beyond its arrays is refused', (_, call) => {
  expect(call).toThrow(RangeError);
});

test('points have 64 bits and no sign', () => {
  expect(() => native.syncobjEventfd(-1, 1, -1n, 0, 1)).toThrow(RangeError);
  expect(() => native.syncobjEventfd(-1, 1, 2n ** 64n, 0, 1)).toThrow(RangeError);
  expect(failure(() => native.syncobjEventfd(-1, 1, 2n ** 64n - 1n, 0, 1)).code).toBe('EBADF');
});
