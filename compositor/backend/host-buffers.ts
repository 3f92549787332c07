/** The wl_shm buffers of one surface in the host: drawn into while free, each knowing what it lacks. */
import { native } from '../../native/binding.ts';
import type { NativeMapping } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { WlBufferProxy, WlShmProxy } from '../../protocols/generated/wayland.client.ts';
import { WlShmFormat } from '../../protocols/generated/wayland.interfaces.ts';
import type { PixelTarget } from '../render/composer.ts';
import { Region } from '../surface/region.ts';

const BYTES_PER_PIXEL = 4;
const MFD_CLOEXEC = 1;
/** One on screen, one in flight, one to draw. */
const MAX_BUFFERS = 3;

export interface HostBuffer {
  readonly proxy: WlBufferProxy;
  readonly target: PixelTarget;
  /** Where it differs from the newest frame. */
  stale: Region;
  busy: boolean;
}

interface OwnedBuffer extends HostBuffer {
  readonly mapping: number;
  /** Not needed any more: it goes when the host lets go. */
  retired: boolean;
}

export class HostBuffers {
  readonly #shm: WlShmProxy;
  readonly #format: 'xrgb8888' | 'argb8888';
  readonly #released: () => void;
  #buffers: OwnedBuffer[] = [];

  /** `released` is called when a buffer became free. */
  constructor(shm: WlShmProxy, format: 'xrgb8888' | 'argb8888', released: () => void) {
    this.#shm = shm;
    this.#format = format;
    this.#released = released;
  }

  /**
   * A frame differs from the one before in `damage`: a free buffer that lacks `stale`, or null while the host has them all. SystemError:
   * there is no memory or descriptor for one.
   */
  next(width: number, height: number, damage: Region): HostBuffer | null {
    this.#retireOthers(width, height);
    const current = this.#buffers.filter(({ retired }) => !retired);
    const free = current.find(({ busy }) => !busy);
    if (!free && current.length >= MAX_BUFFERS) return null;
    for (const buffer of current) buffer.stale = buffer.stale.union(damage);
    return free ?? this.#make(width, height);
  }

  /** None is needed for now: their memory goes as soon as the host has let go of them. */
  giveBack(): void {
    for (const buffer of [...this.#buffers]) this.#retire(buffer);
  }

  dispose(): void {
    for (const buffer of this.#buffers) free(buffer);
    this.#buffers = [];
  }

  #make(width: number, height: number): OwnedBuffer {
    const strideBytes = width * BYTES_PER_PIXEL;
    const sizeBytes = strideBytes * height;
    using memory = new OwnedFd(native.memfdCreate('syncline-window', MFD_CLOEXEC));
    native.ftruncate(memory.fd, sizeBytes);
    const pool = this.#shm.createPool(memory.fd, sizeBytes);
    let mapping: NativeMapping;
    try {
      mapping = native.mapShared(memory.fd, sizeBytes, true, 0);
    } catch (error) {
      pool.destroy();
      throw error;
    }
    const proxy = pool.createBuffer(0, width, height, strideBytes, WlShmFormat[this.#format]);
    pool.destroy();
    const buffer: OwnedBuffer = {
      proxy,
      target: { width, height, bytes: mapping.bytes, offsetBytes: 0, strideBytes },
      stale: Region.rect(0, 0, width, height),
      busy: false,
      mapping: mapping.id,
      retired: false,
    };
    proxy.handler = { release: () => this.#release(buffer) };
    this.#buffers.push(buffer);
    return buffer;
  }

  #release(buffer: OwnedBuffer): void {
    buffer.busy = false;
    if (buffer.retired) this.#drop(buffer);
    else this.#released();
  }

  #retireOthers(width: number, height: number): void {
    for (const buffer of [...this.#buffers]) {
      const { target } = buffer;
      if (target.width !== width || target.height !== height) this.#retire(buffer);
    }
  }

  #retire(buffer: OwnedBuffer): void {
    buffer.retired = true;
    if (!buffer.busy) this.#drop(buffer);
  }

  #drop(buffer: OwnedBuffer): void {
    this.#buffers = this.#buffers.filter((other) => other !== buffer);
    free(buffer);
  }
}

function free(buffer: OwnedBuffer): void {
  buffer.proxy.destroy();
  native.unmap(buffer.mapping);
}
