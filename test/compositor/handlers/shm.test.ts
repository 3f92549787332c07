/** wl_shm: formats, layouts that do not fit, pools that grow, shrink, vanish or are cut off under us. */
import { expect, test } from 'vitest';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import {
  WlShmError,
  type WlShmFormat,
  WlShmPoolError,
} from '../../../protocols/generated/wayland.interfaces.ts';
import type { WlShmPoolProxy } from '../../../protocols/generated/wayland.client.ts';
import type { BufferContent } from '../../../compositor/buffer/buffer-content.ts';
import { withCompositor } from '../../support/compositor-fixture.ts';
import type { TestClient } from '../../support/compositor-client.ts';

const XRGB8888 = 1;
/** No value of wl_shm.format: that is the point. */
const NO_FORMAT = 77 as WlShmFormat;
const PAGE_BYTES = 4096;

/** The first byte of the content, or 'revoked'. */
function firstByte(content: BufferContent | undefined): number | string | undefined {
  let byte: number | undefined;
  const result = content?.read(({ bytes, offsetBytes }) => {
    byte = new Uint8Array(bytes)[offsetBytes];
  });
  return result === 'ok' ? byte : result;
}

test('all formats we can draw are announced, argb8888 and xrgb8888 first, none twice', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const formats: number[] = [];
    client.shm.handler = { format: (_proxy, format) => formats.push(format) };
    client.settle();
    expect(formats.slice(0, 2)).toEqual([0, 1]);
    expect(new Set(formats).size).toBe(formats.length);
    expect(formats.length).toBeGreaterThan(12);
  });
});

const WRONG_BUFFERS: readonly [name: string, code: number, make: (pool: WlShmPoolProxy) => void][] =
  [
    [
      'unknown format',
      WlShmPoolError.invalidFormat,
      (pool) => pool.createBuffer(0, 4, 4, 16, NO_FORMAT),
    ],
    ['no width', WlShmPoolError.invalidStride, (pool) => pool.createBuffer(0, 0, 4, 16, XRGB8888)],
    [
      'negative height',
      WlShmPoolError.invalidStride,
      (pool) => pool.createBuffer(0, 4, -4, 16, XRGB8888),
    ],
    [
      'negative offset',
      WlShmPoolError.invalidStride,
      (pool) => pool.createBuffer(-4, 4, 4, 16, XRGB8888),
    ],
    [
      'stride below a row',
      WlShmPoolError.invalidStride,
      (pool) => pool.createBuffer(0, 4, 4, 12, XRGB8888),
    ],
    [
      'beyond the end',
      WlShmPoolError.invalidStride,
      (pool) => pool.createBuffer(4, 4, 4, 16, XRGB8888),
    ],
    [
      'a size that overflows 32 bits',
      WlShmPoolError.invalidStride,
      (pool) => pool.createBuffer(0, 4, 0x7fff_ffff, 0x1000_0000, XRGB8888),
    ],
  ];

test.each(WRONG_BUFFERS)('buffer with %s', (_name, code, make) => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const pool = client.shm.createPool(client.memfd(64).fd, 64);
    make(pool);
    expect(client.settle()).toEqual({ interface: 'wl_shm_pool', object: pool.id, code });
  });
});

const WRONG_POOLS: readonly [name: string, code: number, make: (client: TestClient) => void][] = [
  ['size 0', WlShmError.invalidStride, (client) => client.shm.createPool(client.memfd(64).fd, 0)],
  [
    'negative size',
    WlShmError.invalidStride,
    (client) => client.shm.createPool(client.memfd(64).fd, -1),
  ],
  [
    'a descriptor that cannot be mapped',
    WlShmError.invalidFd,
    (client) => client.shm.createPool(client.keep(new OwnedFd(native.eventfd(0))).fd, 64),
  ],
];

test.each(WRONG_POOLS)('pool of %s', (_name, code, make) => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    make(client);
    expect(client.settle()).toMatchObject({ interface: 'wl_shm', code });
  });
});

test('a pool cannot shrink', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const pool = client.shm.createPool(client.memfd(64).fd, 64);
    pool.resize(32);
    expect(client.settle()).toMatchObject({ interface: 'wl_shm_pool', code: WlShmError.invalidFd });
  });
});

test('a grown pool: old buffers still read, new ones reach into the new part', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const fd = client.memfd(2 * PAGE_BYTES);
    native.pwrite(fd.fd, Uint8Array.of(11), 0);
    native.pwrite(fd.fd, Uint8Array.of(22), PAGE_BYTES);
    const { proxy, surface } = client.createSurface();
    const pool = client.shm.createPool(fd.fd, PAGE_BYTES);
    const first = pool.createBuffer(0, 4, 4, 16, XRGB8888);
    proxy.attach(first, 0, 0);
    proxy.commit();
    client.settle();
    expect(firstByte(surface.current.content?.content)).toBe(11);
    pool.resize(2 * PAGE_BYTES);
    const second = pool.createBuffer(PAGE_BYTES, 4, 4, 16, XRGB8888);
    pool.destroy();
    client.settle();
    expect(firstByte(surface.current.content?.content)).toBe(11);
    proxy.attach(second, 0, 0);
    proxy.commit();
    first.destroy();
    second.destroy();
    expect(client.settle()).toBeUndefined();
    expect(firstByte(surface.current.content?.content)).toBe(22);
    expect(fixture.core.stats().clients[0]).toMatchObject({
      buffers: 1,
      bufferBytes: 2 * PAGE_BYTES,
    });
    proxy.destroy();
    client.settle();
    expect(fixture.core.stats().clients[0]).toMatchObject({
      buffers: 0,
      bufferBytes: 0,
      bufferFds: 0,
    });
  });
});

test('a pool truncated under a buffer on screen: zeros and invalid_fd for that client, nobody dies', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const bystander = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const fd = client.memfd(PAGE_BYTES);
    const pool = client.shm.createPool(fd.fd, PAGE_BYTES);
    const buffer = pool.createBuffer(0, 4, 4, 16, XRGB8888);
    proxy.attach(buffer, 0, 0);
    proxy.commit();
    client.settle();
    native.ftruncate(fd.fd, 0);
    expect(firstByte(surface.current.content?.content)).toBe('revoked');
    expect(client.settle()).toEqual({
      interface: 'wl_buffer',
      object: buffer.id,
      code: WlShmError.invalidFd,
    });
    expect(bystander.settle()).toBeUndefined();
  });
});

test('truncated after its wl_buffer was destroyed: the content is revoked, the client goes on', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const fd = client.memfd(PAGE_BYTES);
    const buffer = client.shm.createPool(fd.fd, PAGE_BYTES).createBuffer(0, 4, 4, 16, XRGB8888);
    proxy.attach(buffer, 0, 0);
    proxy.commit();
    buffer.destroy();
    client.settle();
    native.ftruncate(fd.fd, 0);
    expect(firstByte(surface.current.content?.content)).toBe('revoked');
    expect(client.settle()).toBeUndefined();
  });
});

test('a file shorter than the pool from the start is no error until it is read', () => {
  withCompositor({}, (fixture) => {
    const client = fixture.connect();
    const { proxy, surface } = client.createSurface();
    const pool = client.shm.createPool(client.memfd(0).fd, PAGE_BYTES);
    proxy.attach(pool.createBuffer(0, 4, 4, 16, XRGB8888), 0, 0);
    proxy.commit();
    expect(client.settle()).toBeUndefined();
    expect(firstByte(surface.current.content?.content)).toBe('revoked');
    expect(client.settle()).toMatchObject({ code: WlShmError.invalidFd });
  });
});
