/** Buffers beside timelines: which device they are of, what its going does to them, what a client may make us keep. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { ClientMemory } from '../../../compositor/client-memory.ts';
import { SharedLimit } from '../../../compositor/shared-limit.ts';
import { DmabufContent } from '../../../compositor/buffer/dmabuf-content.ts';
import { originIn } from '../../../devices/linux/dmabuf-origin.ts';
import type { DeviceNode } from '../../../devices/sync-kernel.ts';
import type { DeviceId } from '../../../devices/syncobj-device.ts';
import { MS, withCompositor } from '../../support/compositor-fixture.ts';
import type { TestClient } from '../../support/compositor-client.ts';

/** 4 × 4 of 4 bytes. */
const BYTES = 64;

function shownDmabuf(client: TestClient, gpu: string): DmabufContent {
  const { proxy, surface } = client.createSurface();
  proxy.attach(client.dmabufBuffer(client.dmabufFd(BYTES, gpu)).proxy, 0, 0);
  proxy.commit();
  client.settle();
  const content = surface.current.content?.content;
  if (content?.kind !== 'dmabuf') throw new Error('not shown');
  return content as DmabufContent;
}

test('buffers are counted by device, and marked when theirs goes; its return does not unmark them', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const first = shownDmabuf(client, 'sim:0');
    const second = shownDmabuf(client, 'sim:1');
    expect(fixture.core.stats().dmabufs).toEqual({
      buffers: 2,
      bytes: 2 * BYTES,
      ofLostDevices: 0,
      ofUnknownDevice: 0,
      devices: [
        { device: 'sim:0', buffers: 1, bytes: BYTES },
        { device: 'sim:1', buffers: 1, bytes: BYTES },
      ],
    });
    fixture.kernel.removeDevice('sim:1');
    fixture.advance(100n * MS);
    expect([first.deviceGone, second.deviceGone]).toEqual([false, true]);
    fixture.kernel.addDevice({ id: 'sim:1' });
    fixture.advance(100n * MS);
    expect(second.deviceGone).toBe(true);
    expect(fixture.core.stats().dmabufs.ofLostDevices).toBe(1);
    expect(fixture.logged).toContainEqual(expect.stringMatching(/gone, 1 dma-bufs of it stay/));
    client.close();
    fixture.settle();
    expect(fixture.core.stats().dmabufs.buffers).toBe(0);
  });
});

test('the loss is noticed at the first ENODEV, before any event', () => {
  withCompositor({ strategy: 're-import' }, (fixture) => {
    const client = fixture.connect();
    const content = shownDmabuf(client, 'sim:0');
    const timeline = client.timeline();
    fixture.kernel.removeDevice('sim:0', { ueventDelayNs: 500n * MS });
    expect(content.deviceGone).toBe(false);
    using fd = timeline.device.exportTimelineFd(timeline.handle);
    client.syncobj.importTimeline(fd.fd);
    fixture.settle();
    expect(content.deviceGone).toBe(true);
  });
});

test.each([
  ['show', 'ok'],
  ['blank', 'revoked'],
] as const)('policy %s: the content of a marked buffer is read: %s', (lostBuffers, outcome) => {
  withCompositor({ lostBuffers }, (fixture) => {
    const client = fixture.connect();
    const content = shownDmabuf(client, 'sim:0');
    expect(content.read(() => undefined)).toBe('ok');
    fixture.kernel.removeDevice('sim:0');
    fixture.advance(100n * MS);
    let reads = 0;
    expect(content.read(() => reads++)).toBe(outcome);
    expect(reads).toBe(outcome === 'ok' ? 1 : 0);
  });
});

test('memory revoked under its mapping is marked at the first read, and the zeros in its place are no picture', () => {
  using memory = new OwnedFd(native.memfdCreate('revocable', 0));
  native.ftruncate(memory.fd, BYTES);
  const layout = { width: 4, height: 4, offsetBytes: 0, strideBytes: 16, modifier: 0n };
  const format = { fourcc: 0x34325258, bytesPerPixel: 4, opaque: true };
  const origin = { exporter: 'sim', device: undefined };
  const content = new DmabufContent(memory.dup(), BYTES, layout, format, origin);
  let reads = 0;
  const read = () =>
    content.read(({ bytes }) => {
      reads += 1 + (new Uint8Array(bytes)[0] ?? 0);
    });
  expect(read()).toBe('ok');
  expect(content.deviceGone).toBe(false);
  native.ftruncate(memory.fd, 0);
  expect([read(), read()]).toEqual(['revoked', 'revoked']);
  expect([content.deviceGone, reads]).toEqual([true, 2]);
  content.dispose();
});

const node = (id: string, driver: string): DeviceNode => ({
  id: id as DeviceId,
  path: `/dev/dri/${id}`,
  driver,
  kind: 'render',
  rdev: 1n,
});

test('fdinfo names the exporter; the device follows only when there is one of it', () => {
  const fdinfo = 'pos:\t0\nflags:\t02\nsize:\t4096\ncount:\t3\nexp_name:\tamdgpu\nname:\tscanout\n';
  const [card, egpu, other] = [node('a', 'amdgpu'), node('b', 'amdgpu'), node('c', 'i915')];
  expect(originIn(fdinfo, [other, card])).toEqual({ exporter: 'amdgpu', device: 'a' });
  expect(originIn(fdinfo, [card, egpu])).toEqual({ exporter: 'amdgpu', device: undefined });
  expect(originIn(fdinfo, [other])).toEqual({ exporter: 'amdgpu', device: undefined });
  expect(originIn('pos:\t0\nflags:\t02\n', [card])).toEqual({
    exporter: undefined,
    device: undefined,
  });
  expect(originIn(fdinfo.replace('amdgpu', 'virtio-gpu'), [node('v', 'virtio_gpu')]).device).toBe(
    'v',
  );
});

test('memory is counted by the object: once however often it is sent, and all of it', () => {
  using file = new OwnedFd(native.memfdCreate('pool', 0));
  native.ftruncate(file.fd, 8192);
  using copy = file.dup();
  const total = new SharedLimit(1_000_000, () => 1);
  const memory = new ClientMemory(20_000, total);
  const holds = [memory.take('shm', file.fd, 4096), memory.take('shm', copy.fd, 4096)];
  expect(memory.bytesOf('shm')).toBe(8192);
  expect(holds[0]?.grow(16_384)).toBe(true);
  expect(holds[1]?.grow(32_768)).toBe(false);
  expect(memory.totalBytes).toBe(16_384);
  holds[0]?.release();
  holds[0]?.release();
  expect(memory.totalBytes).toBe(16_384);
  expect(total.held).toBe(16_384);
  holds[1]?.release();
  expect(memory.totalBytes).toBe(0);
  expect(memory.take('dmabuf', file.fd, 20_001)).toBeUndefined();
  expect(memory.totalBytes).toBe(0);
  expect(total.held).toBe(0);
});

test('shm and dma-buf bytes are told apart, in the stats of the client', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const pool = client.memfd(256);
    client.shm.createPool(pool.fd, 128);
    client.shm.createPool(pool.fd, 64);
    client.dmabufBuffer(client.dmabufFd(BYTES));
    client.settle();
    const expected = { shmBytes: 256, dmabufBytes: BYTES, bufferBytes: 256 + BYTES, bufferFds: 3 };
    expect(fixture.core.stats().clients[0]).toMatchObject(expected);
  });
});

test('a truncated pool under a shown buffer: the client is cut off, the compositor goes on', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const PAGES = 16 * 4096;
    const file = client.memfd(PAGES);
    const pool = client.shm.createPool(file.fd, PAGES);
    const buffer = pool.createBuffer(0, 64, 64, 256, 1);
    const { proxy, surface } = client.createSurface();
    proxy.attach(buffer, 0, 0);
    proxy.commit();
    client.settle();
    native.ftruncate(file.fd, 0);
    const read = surface.current.content?.content.read((pixels) => {
      expect(new Uint8Array(pixels.bytes)[5000]).toBe(0);
    });
    expect(read).toBe('revoked');
    client.settle();
    expect(client.error).toMatchObject({ interface: 'wl_buffer' });
    expect(bystander.settle()).toBeUndefined();
  });
});
