/** wl_shm and wl_shm_pool (wayland.xml). */
import { native } from '../../native/binding.ts';
import { isSystemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { WlShmError, WlShmPoolError } from '../../protocols/generated/wayland.interfaces.ts';
import type { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import { WlShm } from '../../protocols/generated/wayland.server.ts';
import type {
  WlBufferResource,
  WlShmPoolRequests,
  WlShmPoolResource,
  WlShmRequests,
  WlShmResource,
} from '../../protocols/generated/wayland.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { ClientBuffer } from '../buffer/client-buffer.ts';
import { shmFormats, shmPixelFormat } from '../buffer/format.ts';
import { ShmContent, ShmPool } from '../buffer/shm-pool.ts';
import type { MemoryHold } from '../client-memory.ts';
import { ClientState } from '../client-state.ts';
import type { HandlerContext } from '../handler-context.ts';

const SHM_VERSION = 3;
const MAX_INT = 0x7fff_ffff;
/** linux/magic.h. Who serves such a file could keep us in a page fault for ever; no toolkit puts its pools there. */
const FUSE_SUPER_MAGIC = 0x6573_5546;

export function createShmGlobal(context: HandlerContext): Global {
  // wl_shm.format lists all fourccs; ours are among them.
  const formats = shmFormats() as WlShmFormat[];
  const shmRequests = makeRequests(context.keepsPoolFds);
  return context.display.createGlobal(WlShm, SHM_VERSION, (resource) => {
    resource.handler = shmRequests;
    for (const format of formats) WlShm.sendFormat(resource, format);
  });
}

const makeRequests = (keepsFds: boolean): WlShmRequests => ({
  createPool(resource: WlShmResource, id: WlShmPoolResource, fd: OwnedFd, size: number): void {
    if (size <= 0) {
      fd.close();
      throw new ProtocolError(resource, WlShmError.invalidStride, `pool size ${size}`);
    }
    if (native.fileSystemType(fd.fd) === FUSE_SUPER_MAGIC) {
      fd.close();
      const message = 'a file on a FUSE file system, whose pages may never come';
      throw new ProtocolError(resource, WlShmError.invalidFd, message);
    }
    const state = ClientState.of(resource.client);
    if (!state.take('bufferFds')) {
      fd.close();
      resource.client.postNoMemory();
      return;
    }
    const memory = state.memory.take('shm', fd.fd, size);
    if (!memory) {
      fd.close();
      state.give('bufferFds');
      resource.client.postNoMemory();
      return;
    }
    const pool = createPool(resource, state, memory, fd, size);
    id.handler = poolRequests(pool, memory, state);
    id.addDestroyListener(() => {
      pool.poolDestroyed(keepsFds && state.keepPoolFd(pool));
      pool.unref();
    });
  },

  release: () => undefined,
});

/** Takes over `memory`, which is given back with the pool, and the booked descriptor, with the pool's. */
function createPool(
  resource: WlShmResource,
  state: ClientState,
  memory: MemoryHold,
  fd: OwnedFd,
  sizeBytes: number,
): ShmPool {
  try {
    const pool: ShmPool = new ShmPool(fd, sizeBytes, {
      onFreed: () => memory.release(),
      onFdClosed: () => {
        state.give('bufferFds');
        state.poolFdClosed(pool);
      },
    });
    return pool;
  } catch (error) {
    memory.release();
    state.give('bufferFds');
    throw cannotMap(resource, sizeBytes, error);
  }
}

/** ENOMEM is ours; anything else is the descriptor's fault. */
function cannotMap(
  resource: WlShmResource | WlShmPoolResource,
  sizeBytes: number,
  error: unknown,
): unknown {
  if (!isSystemError(error) || error.code === 'ENOMEM') return error;
  return new ProtocolError(
    resource,
    WlShmError.invalidFd,
    `cannot map ${sizeBytes} bytes of the pool's descriptor (${error.code})`,
  );
}

/** Its errors have the numbers of wl_shm's, which they were called before version 3. */
function poolRequests(pool: ShmPool, memory: MemoryHold, state: ClientState): WlShmPoolRequests {
  return {
    createBuffer(
      resource: WlShmPoolResource,
      id: WlBufferResource,
      offset: number,
      width: number,
      height: number,
      stride: number,
      format: number,
    ): void {
      const pixelFormat = shmPixelFormat(format >>> 0);
      if (!pixelFormat) {
        const name = (format >>> 0).toString(16);
        throw new ProtocolError(resource, WlShmPoolError.invalidFormat, `format 0x${name}`);
      }
      const fits =
        offset >= 0 &&
        width > 0 &&
        height > 0 &&
        stride >= width * pixelFormat.bytesPerPixel &&
        stride * height <= MAX_INT &&
        offset + stride * height <= pool.sizeBytes;
      if (!fits) {
        throw new ProtocolError(
          resource,
          WlShmPoolError.invalidStride,
          `${width}x${height}, stride ${stride}, at ${offset} of a pool of ${pool.sizeBytes} bytes`,
        );
      }
      if (!state.take('buffers')) {
        resource.client.postNoMemory();
        return;
      }
      const layout = { offsetBytes: offset, width, height, strideBytes: stride };
      const content = new ShmContent(pool, layout, pixelFormat, () => {
        const message = 'the pool is shorter than was said';
        if (id.alive) state.client.postError(id, WlShmError.invalidFd, message);
      });
      const dispose = (): void => {
        content.dispose();
        state.give('buffers');
      };
      new ClientBuffer(id, { content, dispose });
    },

    destroy: () => undefined,

    resize(resource: WlShmPoolResource, size: number): void {
      if (size < pool.sizeBytes) {
        throw new ProtocolError(resource, WlShmError.invalidFd, `shrinking to ${size} bytes`);
      }
      if (!memory.grow(size)) {
        resource.client.postNoMemory();
        return;
      }
      try {
        pool.resize(size);
      } catch (error) {
        throw cannotMap(resource, size, error);
      }
    },
  };
}
