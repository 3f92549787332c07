/** A linear dma-buf of ordinary memory (drivers/dma-buf/udmabuf.c). */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_RDWR } from '../../native/open-flags.ts';
import type { LabBuffer } from './world.ts';

const MFD_CLOEXEC_ALLOW_SEALING = 1 | 2;
/** UDMABUF_CREATE wants exactly this seal: pages must not be taken away, but may be written. */
const F_SEAL_SHRINK = 2;
const UDMABUF_FLAGS_CLOEXEC = 1;
const PAGE_BYTES = 4096;

/** SystemError ENOENT: no /dev/udmabuf. The dma-buf is owned by the caller. */
export function createUdmabuf(width: number, height: number): LabBuffer {
  const strideBytes = width * 4;
  const sizeBytes = Math.ceil((strideBytes * height) / PAGE_BYTES) * PAGE_BYTES;
  const memfd = new OwnedFd(native.memfdCreate('lab image', MFD_CLOEXEC_ALLOW_SEALING));
  try {
    native.ftruncate(memfd.fd, sizeBytes);
    native.addSeals(memfd.fd, F_SEAL_SHRINK);
    const device = new OwnedFd(native.open('/dev/udmabuf', O_RDWR, 0));
    try {
      const fd = native.udmabufCreate(device.fd, memfd.fd, UDMABUF_FLAGS_CLOEXEC, 0, sizeBytes);
      return { dmabuf: new OwnedFd(fd), width, height, strideBytes };
    } finally {
      device.close();
    }
  } finally {
    memfd.close();
  }
}
