/** What a real kernel tells about where a dma-buf is from. */
import { afterEach, expect, test } from 'vitest';
import { LinuxKernel } from '../../../devices/linux/linux-kernel.ts';
import type { DeviceId } from '../../../devices/syncobj-device.ts';
import { listPciGpus, removeGpu, rescanGpus } from '../../../lab/kernel/gpus.ts';
import { createDumbBuffer } from '../../../lab/world/dumb-buffer.ts';
import { createUdmabuf } from '../../../lab/world/udmabuf.ts';
import { Poller } from '../../../native/poller.ts';

const poller = new Poller();
const kernel = new LinuxKernel({ poller });
const [FIRST = '', SECOND = ''] = listPciGpus().map(({ address }) => address);

afterEach(() => rescanGpus());

test('the driver is told; the device only while it is the only one of its driver', () => {
  const buffer = createDumbBuffer(`pci:${SECOND}` as DeviceId, 16, 16);
  using dmabuf = buffer.dmabuf;
  expect(kernel.dmabufs.origin?.(dmabuf.fd)).toEqual({
    exporter: 'virtio_gpu',
    device: undefined,
  });
  removeGpu(FIRST);
  expect(kernel.dmabufs.origin?.(dmabuf.fd)).toEqual({
    exporter: 'virtio_gpu',
    device: `pci:${SECOND}`,
  });
});

test('memory of no device at all', () => {
  using dmabuf = createUdmabuf(16, 16).dmabuf;
  const origin = kernel.dmabufs.origin?.(dmabuf.fd);
  expect(origin?.exporter).toBeTypeOf('string');
  expect(origin?.device).toBeUndefined();
});
