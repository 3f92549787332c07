/** Pending fences on a real kernel: from the fencelab module, or from vgem, whose fences cannot fail. */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { SyncFileFence } from './lab-fences.ts';

export interface FenceSource {
  /** Whether {@link SyncFileFence.end} with an errno really fails the fence. */
  readonly canFail: boolean;
  create(): SyncFileFence;
  close(): void;
}

/** The better one that is there; undefined when neither is. */
export function openFenceSource(primaryNodes: readonly string[]): FenceSource | undefined {
  return openFencelab() ?? openVgem(primaryNodes);
}

const O_RDWR = 2;
const FENCELAB_PATH = '/dev/fencelab';
/** lab/kernel/modules/fencelab.h: _IOWR('F', 1, struct {s32 fd; u32 id; u32 flags; u32 pad}) and _IOW('F', 2, struct {u32 id; s32 error}). */
const FENCELAB_CREATE = 0xc0104601;
const FENCELAB_SIGNAL = 0x40084602;

function openFencelab(): FenceSource | undefined {
  const file = openIfThere(FENCELAB_PATH);
  if (!file) return undefined;
  return {
    canFail: true,
    create: () => {
      const created = new Int32Array(4);
      native.ioctl(file.fd, FENCELAB_CREATE, new Uint8Array(created.buffer));
      const [fd = -1, id = 0] = created;
      return {
        syncFile: new OwnedFd(fd),
        end: (errno) => {
          const signal = new Uint8Array(Int32Array.of(id, -errno).buffer);
          native.ioctl(file.fd, FENCELAB_SIGNAL, signal);
          return errno;
        },
      };
    },
    close: () => file.close(),
  };
}

const VGEM_FENCE_WRITE = 1;
const DRM_CLOEXEC_RDWR = 0o2000000 | O_RDWR;
const DMA_BUF_SYNC_READ = 1;

/** vgem_drm.h: a fence attached to a dumb buffer, seen through the buffer's dma-buf. It signals by itself after ten seconds. */
function openVgem(primaryNodes: readonly string[]): FenceSource | undefined {
  const file = openVgemCard(primaryNodes);
  if (!file) return undefined;
  return { canFail: false, create: () => vgemFence(file.fd), close: () => file.close() };
}

function openVgemCard(primaryNodes: readonly string[]): OwnedFd | undefined {
  for (const path of primaryNodes) {
    const file = openIfThere(path);
    if (file && native.drmVersion(file.fd).name === 'vgem') return file;
    file?.close();
  }
  return undefined;
}

function vgemFence(vgem: number): SyncFileFence {
  const { handle } = native.drmCreateDumb(vgem, 16, 16, 32);
  try {
    const fence = native.vgemFenceAttach(vgem, handle, VGEM_FENCE_WRITE);
    const dmabuf = new OwnedFd(native.drmPrimeHandleToFd(vgem, handle, DRM_CLOEXEC_RDWR));
    try {
      const syncFile = new OwnedFd(native.dmabufExportSyncFile(dmabuf.fd, DMA_BUF_SYNC_READ));
      return {
        syncFile,
        end: () => {
          signalVgemFence(vgem, fence);
          return 0;
        },
      };
    } finally {
      dmabuf.close();
    }
  } finally {
    native.drmDestroyDumb(vgem, handle);
  }
}

function signalVgemFence(vgem: number, fence: number): void {
  try {
    native.vgemFenceSignal(vgem, fence);
  } catch (error) {
    // Its ten seconds were over: it has signalled by itself.
    if (!hasErrno(error, 'ETIMEDOUT') && !hasErrno(error, 'ENOENT')) throw error;
  }
}

function openIfThere(path: string): OwnedFd | undefined {
  try {
    return new OwnedFd(native.open(path, O_RDWR, 0));
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENODEV')) return undefined;
    throw error;
  }
}
