/**
 * The whole typed surface of the native addon, and its only loader.
 *
 * One function per syscall or ioctl. Conventions:
 * - Every fd is a plain number here and is *borrowed* for the call, unless a comment says the result is owned.
 *   {@link OwnedFd} (fd.ts) gives ownership above this layer.
 * - A failed syscall throws a {@link SystemError} shape: `Error` with `code` ("ENODEV"), `errno` (positive number) and `syscall`.
 * - Functions marked "hot" never throw for an errno: they return it negated (`-11` = EAGAIN).
 * - Times are CLOCK_MONOTONIC nanoseconds as bigint. Points are bigint (u64).
 */
import { createRequire } from 'node:module';
import type { PixmanBinding } from './pixman.ts';
import type { XkbBinding } from './xkb.ts';

/** One fence of SYNC_IOC_FILE_INFO (include/uapi/linux/sync_file.h). `status`: 1 signalled, 0 active, <0 -errno. */
export interface NativeFenceInfo {
  readonly status: number;
  readonly timestampNs: bigint;
  readonly driverName: string;
  readonly objectName: string;
}

/** SYNC_IOC_FILE_INFO asked with num_fences > 0. `status` is the overall one. */
export interface NativeSyncFileInfo {
  readonly name: string;
  readonly status: number;
  readonly fences: readonly NativeFenceInfo[];
}

/** The parts of fstat(2) that identify and size an object. */
export interface NativeStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: number;
  readonly rdev: bigint;
  readonly sizeBytes: number;
}

/** A shared mapping whose pages may vanish: faults are turned into zero pages and counted, never a crash. */
export interface NativeMapping {
  /** Token for {@link NativeBinding.mappingFaults} and {@link NativeBinding.unmap}. */
  readonly id: number;
  readonly bytes: ArrayBuffer;
}

/** All functions; those of the two libraries loaded at run time are described beside. */
export interface NativeBinding extends PixmanBinding, XkbBinding {
  /** "ENODEV" for 19; "E<number>" for one without a name. */
  errnoName(errno: number): string;

  // --- files and fds -------------------------------------------------------
  open(path: string, flags: number, mode: number): number;
  close(fd: number): void;
  /** F_DUPFD_CLOEXEC. */
  dup(fd: number): number;
  fstat(fd: number): NativeStat;
  /** Device and inode as one number: what tells one file from another. */
  fileIdentity(fd: number): bigint;
  /** fstatfs(2): the kind of file system it is on (linux/magic.h). */
  fileSystemType(fd: number): number;
  pread(fd: number, into: Uint8Array, offsetBytes: number): number;
  pwrite(fd: number, from: Uint8Array, offsetBytes: number): number;
  /** write(2), for what has no offset. */
  write(fd: number, from: Uint8Array): number;
  ftruncate(fd: number, sizeBytes: number): void;
  /** lseek(fd, 0, SEEK_END): the size of a dma-buf, which fstat does not tell. */
  seekEnd(fd: number): number;
  fallocatePunchHole(fd: number, offsetBytes: number, lengthBytes: number): void;
  setNonBlocking(fd: number, nonBlocking: boolean): void;
  setCloseOnExec(fd: number, closeOnExec: boolean): void;
  getSeals(fd: number): number;
  addSeals(fd: number, seals: number): void;
  /** flock(LOCK_EX | LOCK_NB): false when another process holds it. */
  tryLock(fd: number): boolean;
  pipe(): [readFd: number, writeFd: number];
  getNofileLimit(): { soft: number; hard: number };
  setNofileLimit(soft: number): void;
  /** Any ioctl whose argument is a flat struct; `argument` is read and written in place. Returns the ioctl's result. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;

  // --- memory --------------------------------------------------------------
  memfdCreate(name: string, flags: number): number;
  /** mmap(MAP_SHARED); `writable` adds PROT_WRITE. Guarded against SIGBUS. */
  mapShared(fd: number, sizeBytes: number, writable: boolean, offsetBytes: number): NativeMapping;
  /** How many faults the guard has answered in this mapping. */
  mappingFaults(id: number): number;
  /** Detaches the ArrayBuffer and unmaps. Idempotent. */
  unmap(id: number): void;
  liveMappings(): number;

  // --- eventfd, timerfd ------------------------------------------------------
  /** EFD_CLOEXEC | EFD_NONBLOCK. Owned by the caller. */
  eventfd(initial: number): number;
  eventfdWrite(fd: number, value: bigint): void;
  /** The counter, or null when it is 0 (EAGAIN). */
  eventfdRead(fd: number): bigint | null;
  /** CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK. */
  timerfd(): number;
  /** Absolute deadline; 0n disarms. */
  timerfdSet(fd: number, deadlineNs: bigint): void;
  monotonicNs(): bigint;
  /** Syscalls this thread has made through the addon so far, failed and repeated ones included; none of libuv's or node's own. */
  syscalls(): number;

  // --- Unix sockets ----------------------------------------------------------
  /** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC. */
  socketPair(): [number, number];
  listenUnix(path: string, backlog: number): number;
  connectUnix(path: string): number;
  /** Hot. Accepted fd (owned) or -errno. */
  accept(fd: number): number;
  /**
   * Hot. recvmsg into `into[offset, offset + length)`; received fds (owned, CLOEXEC) go to `fds[1…]`, their count to `fds[0]`.
   * Returns bytes, 0 at end of file, or -errno. MSG_CTRUNC never leaks an fd. `fds` holds at least 1 + 253 entries;
   * a 255th one, `fds[254]`, is set to 1 when fds were lost on the way (MSG_CTRUNC: this process is out of fds), else to 0.
   * Here and in sendmsg a whole ArrayBuffer is looked into faster than a view of one.
   */
  recvmsg(
    fd: number,
    into: ArrayBuffer | Uint8Array,
    offset: number,
    length: number,
    fds: ArrayBuffer | Int32Array,
  ): number;
  /** Hot. As {@link sendmsg} without descriptors, for less. */
  send(fd: number, from: ArrayBuffer | Uint8Array, offset: number, length: number): number;
  /** Hot. sendmsg of `from[offset, offset + length)` with `fds[0…fdCount)` borrowed; MSG_NOSIGNAL | MSG_DONTWAIT. Bytes or -errno. */
  sendmsg(
    fd: number,
    from: ArrayBuffer | Uint8Array,
    offset: number,
    length: number,
    fds: ArrayBuffer | Int32Array,
    fdCount: number,
  ): number;
  shutdown(fd: number): void;
  /** Whether it is a Unix stream socket that listens. */
  listensOnUnix(fd: number): boolean;
  /** SO_PEERCRED: pid, uid and gid. */
  peerCredentials(fd: number, into: Uint32Array): void;
  /** SO_PEERPIDFD (Linux 6.5). Owned, or null where the kernel lacks it. */
  peerPidfd(fd: number): number | null;
  /** SO_COOKIE: a number no other socket of this boot has, the same through every copy of the fd. */
  socketCookie(fd: number): bigint;
  /** Bytes queued for reading, FIONREAD. */
  bytesReadable(fd: number): number;

  // --- the one epoll set -----------------------------------------------------
  /**
   * Creates an epoll set driven by one uv_poll on the environment's loop. When members are ready, as many pairs of Int32
   * [id, epoll events] as it has room for are written to `ready` and `onReady` is called with their count (napi_make_callback), once a
   * turn of the loop. With `mayStay` it may ask for its next turns itself ({@link pollerStay}).
   * The uv_poll is idle (and does not keep the process alive) until pollerStart.
   */
  pollerCreate(ready: ArrayBuffer, onReady: (count: number, mayStay: boolean) => void): number;
  pollerStart(poller: number): void;
  pollerStop(poller: number): void;
  /** Whether the running poller keeps the process alive (uv_ref / uv_unref). */
  pollerRef(poller: number, ref: boolean): void;
  pollerAdd(poller: number, fd: number, events: number, id: number): void;
  pollerModify(poller: number, fd: number, events: number, id: number): void;
  pollerRemove(poller: number, fd: number): void;
  /** epoll_wait now, without the loop: fills `ready`, returns the count, does NOT call onReady. `timeoutMs` 0 = poll. */
  pollerWait(poller: number, timeoutMs: number): number;
  /** What the loop does in a turn, now: calls onReady when something is ready, and tells whether it was. */
  pollerTurn(poller: number): boolean;
  /**
   * Hot. In `onReady`, once what it was called for is dealt with: waits while nobody else on the loop has anything to do, fills
   * `ready` and returns the count; 0 when the loop wants its turn (src/poller_stay.rs). Of a poller that is not on the loop: what is
   * ready now.
   */
  pollerStay(poller: number): number;
  pollerClose(poller: number): void;
  /** poll(2) on one fd: revents. `timeoutMs` 0 = now. */
  poll(fd: number, events: number, timeoutMs: number): number;

  // --- hot-plug ----------------------------------------------------------------
  /** NETLINK_KOBJECT_UEVENT, non-blocking. Groups: 1 kernel, 2 udev. */
  ueventSocket(groups: number): number;
  /** Bytes of one datagram, or -errno. Datagrams not from the kernel (pid 0) or root are dropped (-EAGAIN when none is left). */
  ueventReceive(fd: number, into: Uint8Array): number;
  /** Sends a datagram to the udev group, for tests in the VM. */
  ueventSend(fd: number, from: Uint8Array, groups: number): void;

  // --- DRM core ------------------------------------------------------------------
  drmVersion(fd: number): {
    name: string;
    description: string;
    major: number;
    minor: number;
    patch: number;
  };
  drmGetCap(fd: number, capability: number): bigint;
  drmSetMaster(fd: number): void;
  drmDropMaster(fd: number): void;
  drmPrimeHandleToFd(fd: number, handle: number, flags: number): number;
  drmPrimeFdToHandle(fd: number, dmabufFd: number): number;
  drmGemClose(fd: number, handle: number): void;
  drmCreateDumb(
    fd: number,
    width: number,
    height: number,
    bpp: number,
  ): { handle: number; strideBytes: number; sizeBytes: number };
  drmDestroyDumb(fd: number, handle: number): void;
  /** vgem_drm.h: returns the fence id. */
  vgemFenceAttach(fd: number, handle: number, flags: number): number;
  vgemFenceSignal(fd: number, fence: number): void;

  // --- DRM syncobj (include/uapi/drm/drm.h; drivers/gpu/drm/drm_syncobj.c) ---------
  syncobjCreate(fd: number, flags: number): number;
  syncobjDestroy(fd: number, handle: number): void;
  /** `point` is used with the TIMELINE flag only. Result owned. */
  syncobjHandleToFd(fd: number, handle: number, flags: number, point: bigint): number;
  /**
   * Hot. The fence of a point: how it ended, or a sync_file. `block` holds question and answer, see devices/linux/point-fence.ts. An
   * ioctl that fails is part of the answer.
   */
  syncobjTakeFence(block: ArrayBuffer): void;
  syncobjFdToHandle(
    fd: number,
    syncobjFd: number,
    flags: number,
    handle: number,
    point: bigint,
  ): number;
  syncobjEventfd(fd: number, handle: number, point: bigint, flags: number, eventfd: number): void;
  /** Hot: buffers are found in a fraction of the time of arrays. Fills `points[0…count)`. */
  syncobjQuery(
    fd: number,
    handles: ArrayBuffer | Uint32Array,
    points: ArrayBuffer | BigUint64Array,
    count: number,
    flags: number,
  ): void;
  /** Hot, as syncobjQuery. */
  syncobjTimelineSignal(
    fd: number,
    handles: ArrayBuffer | Uint32Array,
    points: ArrayBuffer | BigUint64Array,
    count: number,
  ): void;
  /** Absolute timeout; index of the first signalled, or throws ETIME. Blocks: tests only. */
  syncobjTimelineWait(
    fd: number,
    handles: Uint32Array,
    points: BigUint64Array,
    count: number,
    timeoutNs: bigint,
    flags: number,
  ): number;
  syncobjTransfer(
    fd: number,
    sourceHandle: number,
    sourcePoint: bigint,
    targetHandle: number,
    targetPoint: bigint,
    flags: number,
  ): void;
  syncobjReset(fd: number, handles: Uint32Array, count: number): void;
  syncobjSignal(fd: number, handles: Uint32Array, count: number): void;

  // --- /dev/syncobj, as posted in May 2026 (fds instead of handles) -----------------
  syncobjCharCreate(fd: number, flags: number): number;
  syncobjCharSignal(
    fd: number,
    syncobjFds: Int32Array,
    points: BigUint64Array,
    count: number,
  ): void;
  syncobjCharQuery(
    fd: number,
    syncobjFds: Int32Array,
    points: BigUint64Array,
    count: number,
    flags: number,
  ): void;
  syncobjCharReset(fd: number, syncobjFds: Int32Array, count: number): void;
  syncobjCharTransfer(
    fd: number,
    sourceFd: number,
    sourcePoint: bigint,
    targetFd: number,
    targetPoint: bigint,
    flags: number,
  ): void;
  syncobjCharEventfd(
    fd: number,
    syncobjFd: number,
    point: bigint,
    flags: number,
    eventfd: number,
  ): void;
  syncobjCharExportSyncFile(fd: number, syncobjFd: number, point: bigint): number;
  syncobjCharImportSyncFile(fd: number, syncobjFd: number, point: bigint, syncFileFd: number): void;

  // --- sync_file and dma-buf -----------------------------------------------------------
  syncFileInfo(fd: number): NativeSyncFileInfo;
  /**
   * SYNC_IOC_FILE_INFO in short: 0 while any fence is active, 1 when all have signalled, -errno when one of them failed; then
   * `timestampNs[0]` is the time of the last. Throws when the ioctl itself fails.
   */
  syncFileEnd(fd: number, timestampNs: BigUint64Array): number;
  /** SYNC_IOC_MERGE. Result owned. */
  syncFileMerge(first: number, second: number, name: string): number;
  /** SYNC_IOC_SET_DEADLINE (Linux 6.6): a hint. */
  syncFileSetDeadline(fd: number, deadlineNs: bigint): void;
  /** DMA_BUF_IOCTL_SYNC. */
  dmabufSync(fd: number, flags: number): void;
  /** DMA_BUF_IOCTL_EXPORT_SYNC_FILE; flags DMA_BUF_SYNC_READ / WRITE. Result owned. */
  dmabufExportSyncFile(fd: number, flags: number): number;
  dmabufImportSyncFile(fd: number, syncFileFd: number, flags: number): void;
  /** UDMABUF_CREATE on an open /dev/udmabuf. Result owned. */
  udmabufCreate(
    fd: number,
    memfd: number,
    flags: number,
    offsetBytes: number,
    sizeBytes: number,
  ): number;
  /** DMA_HEAP_IOCTL_ALLOC on an open /dev/dma_heap/*. Result owned. */
  dmaHeapAlloc(fd: number, sizeBytes: number): number;
}

const require = createRequire(import.meta.url);

/** The loaded addon. Throws with the command to build it when it is missing. */
export const native: NativeBinding = load();

function load(): NativeBinding {
  try {
    return require('#native') as NativeBinding;
  } catch (cause) {
    throw new Error('native addon is not built: run "npm run setup" in the project', { cause });
  }
}
