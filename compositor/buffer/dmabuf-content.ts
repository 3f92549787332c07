/** A linear dma-buf with one plane, read through a mapping. */
import { native } from '../../native/binding.ts';
import type { NativeMapping } from '../../native/binding.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { DmabufOrigin } from '../../devices/sync-kernel.ts';
import type { BufferContent, DmabufPlane, PixelView } from './buffer-content.ts';
import type { LostBufferPolicy } from './dmabuf-policy.ts';
import type { PixelFormat } from './format.ts';

/** include/uapi/linux/dma-buf.h */
const DMA_BUF_SYNC_READ = 1;
const DMA_BUF_SYNC_WRITE = 2;
const DMA_BUF_SYNC_END = 4;

/** Where the pixels lie. The maker has checked that they fit. */
export interface DmabufLayout {
  readonly width: number;
  readonly height: number;
  readonly offsetBytes: number;
  readonly strideBytes: number;
  readonly modifier: bigint;
}

/** Owns the descriptor; mapped at the first read, since pass-through never needs it. */
export class DmabufContent implements BufferContent {
  readonly kind = 'dmabuf';
  readonly width: number;
  readonly height: number;
  readonly format: number;
  readonly opaque: boolean;
  readonly sizeBytes: number;
  readonly plane: DmabufPlane;
  readonly origin: DmabufOrigin;
  readonly #fd: OwnedFd;
  #mapping: NativeMapping | null = null;
  #deviceGone = false;
  #blank = false;
  #disposed = false;

  /** Takes ownership of `fd`. `sizeBytes` is the dma-buf's own. */
  constructor(
    fd: OwnedFd,
    sizeBytes: number,
    layout: DmabufLayout,
    format: PixelFormat,
    origin: DmabufOrigin,
  ) {
    this.#fd = fd;
    this.width = layout.width;
    this.height = layout.height;
    this.format = format.fourcc;
    this.opaque = format.opaque;
    this.sizeBytes = sizeBytes;
    const { offsetBytes, strideBytes, modifier } = layout;
    this.origin = origin;
    this.plane = { fd: fd.fd, offsetBytes, strideBytes, modifier };
  }

  /** The device it came from went; see {@link LostBufferPolicy}. */
  get deviceGone(): boolean {
    return this.#deviceGone;
  }

  get blank(): boolean {
    return this.#blank;
  }

  /** Its device went. For the tracker. */
  markDeviceGone(policy: LostBufferPolicy): void {
    this.#deviceGone = true;
    this.#blank = policy === 'blank';
  }

  read(use: (pixels: PixelView) => void): 'ok' | 'revoked' {
    if (this.#blank) return 'revoked';
    const mapping = this.#map();
    return mapping ? this.#access(mapping, DMA_BUF_SYNC_READ, use) : 'revoked';
  }

  write(use: (pixels: PixelView) => void): 'ok' | 'revoked' | 'read-only' {
    if (this.#deviceGone || this.#disposed) return 'revoked';
    let mapping: NativeMapping;
    try {
      mapping = native.mapShared(this.#fd.fd, this.sizeBytes, true, 0);
    } catch {
      return 'read-only';
    }
    // Captures are rare beside showing: no second mapping is kept for them.
    try {
      return this.#access(mapping, DMA_BUF_SYNC_WRITE, use);
    } finally {
      native.unmap(mapping.id);
    }
  }

  /** Unmaps and closes. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#mapping) native.unmap(this.#mapping.id);
    this.#mapping = null;
    this.#fd.close();
  }

  #access(
    mapping: NativeMapping,
    access: number,
    use: (pixels: PixelView) => void,
  ): 'ok' | 'revoked' {
    const faults = native.mappingFaults(mapping.id);
    const bracketed = this.#sync(access);
    const { offsetBytes, strideBytes } = this.plane;
    use({ bytes: mapping.bytes, offsetBytes, strideBytes });
    if (bracketed) this.#sync(access | DMA_BUF_SYNC_END);
    if (native.mappingFaults(mapping.id) === faults) return 'ok';
    // Revoked, for good: what the guard put in its place are zeros, which later reads would take for a picture.
    this.markDeviceGone('blank');
    return 'revoked';
  }

  /** Null when it cannot be mapped any more: its device is gone. */
  #map(): NativeMapping | null {
    if (this.#mapping || this.#disposed) return this.#mapping;
    try {
      this.#mapping = native.mapShared(this.#fd.fd, this.sizeBytes, false, 0);
    } catch {
      return null;
    }
    return this.#mapping;
  }

  /** Cache maintenance; a device that is gone, or simulated memory, needs none. */
  #sync(flags: number): boolean {
    if (this.origin.exporter === 'sim') return false;
    try {
      native.dmabufSync(this.#fd.fd, flags);
      return true;
    } catch {
      return false;
    }
  }
}
