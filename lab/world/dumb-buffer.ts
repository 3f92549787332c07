/** A linear buffer of a real GPU's own (drm_dumb_buffers.c), as a dma-buf. */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ENODEV } from '../../native/errno.ts';
import { O_CLOEXEC, O_RDWR } from '../../native/open-flags.ts';
import type { DeviceId } from '../../devices/syncobj-device.ts';
import { pciGpu } from '../kernel/gpus.ts';
import type { LabBuffer } from './world.ts';

const PCI_PREFIX = 'pci:';
const BITS_PER_PIXEL = 32;

/**
 * Made through the primary node, the only one that may (root in the VM). The dma-buf is owned by the caller and outlives the GPU's
 * unplug. SystemError ENODEV or ENOENT: the GPU is not plugged in.
 */
export function createDumbBuffer(id: DeviceId, width: number, height: number): LabBuffer {
  const gpu = pciGpu(id.slice(PCI_PREFIX.length));
  if (!gpu) throw systemError(ENODEV, 'open', `${id} is not plugged in`);
  return dumbBufferOf(gpu.card, width, height);
}

/** The same by the path of the primary node. */
export function dumbBufferOf(path: string, width: number, height: number): LabBuffer {
  const card = new OwnedFd(native.open(path, O_RDWR, 0));
  try {
    const { handle, strideBytes } = native.drmCreateDumb(card.fd, width, height, BITS_PER_PIXEL);
    // The handle goes with the card's descriptor, the buffer stays with the dma-buf.
    const dmabuf = new OwnedFd(native.drmPrimeHandleToFd(card.fd, handle, O_RDWR | O_CLOEXEC));
    return { dmabuf, width, height, strideBytes };
  } finally {
    card.close();
  }
}
