/** Pending fences on a real kernel: from the fencelab module, or from vgem, whose fences cannot fail. */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_CLOEXEC, O_RDWR } from '../../native/open-flags.ts';
import { FenceLab } from '../kernel/fence-lab.ts';
import { primaryNodes } from './primary-nodes.ts';
import type { SyncFileFence } from './lab-fences.ts';

export interface FenceSource {
  /** Whether {@link SyncFileFence.end} with an errno really fails the fence. */
  readonly canFail: boolean;
  create(): SyncFileFence;
  close(): void;
}

/** The better one that is there; undefined when neither is. */
export function openFenceSource(): FenceSource | undefined {
  return openFencelab() ?? openVgem();
}

function openFencelab(): FenceSource | undefined {
  const lab = FenceLab.openIfThere();
  return (
    lab && {
      canFail: true,
      create: () => {
        const { syncFile, signal } = lab.createFence();
        return {
          syncFile,
          end: (errno) => {
            signal(errno);
            return errno;
          },
        };
      },
      close: () => lab.close(),
    }
  );
}

const VGEM_FENCE_WRITE = 1;
const DMA_BUF_SYNC_READ = 1;

/** vgem_drm.h: a fence attached to a dumb buffer, seen through the buffer's dma-buf. It signals by itself after ten seconds. */
function openVgem(): FenceSource | undefined {
  const file = openVgemCard();
  if (!file) return undefined;
  return { canFail: false, create: () => vgemFence(file.fd), close: () => file.close() };
}

function openVgemCard(): OwnedFd | undefined {
  for (const path of primaryNodes()) {
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
    const dmabuf = new OwnedFd(native.drmPrimeHandleToFd(vgem, handle, O_RDWR | O_CLOEXEC));
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
