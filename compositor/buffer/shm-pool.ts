/** A client's shared memory: mapped once, read in place, and safe when the client takes the pages away. */
import { native } from '../../native/binding.ts';
import type { NativeMapping } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { PixelFormat } from './format.ts';
import type { BufferContent, PixelView, SharedMemory } from './buffer-content.ts';

/** What a pool tells its maker, each once. */
export interface ShmPoolListener {
  /** Its memory is unmapped. */
  onFreed(): void;
  onFdClosed(): void;
}

/**
 * Counted: the wl_shm_pool object and each buffer made of it. Keeps its descriptor for resize until the pool object goes, and
 * longer for those who pass the memory on.
 *
 * A file that is shorter than promised, or is truncated later, reads as zeros: the mapping's guard counts such faults.
 */
export class ShmPool {
  #fd: OwnedFd | null;
  #mapping: NativeMapping;
  #writable: boolean;
  #sizeBytes: number;
  #references = 1;
  readonly #listener: ShmPoolListener;

  /** Takes ownership of `fd`, also when it throws. SystemError when the descriptor cannot be mapped; then nothing is told. */
  constructor(fd: OwnedFd, sizeBytes: number, listener: ShmPoolListener) {
    try {
      ({ mapping: this.#mapping, writable: this.#writable } = map(fd, sizeBytes));
    } catch (error) {
      fd.close();
      throw error;
    }
    this.#fd = fd;
    this.#sizeBytes = sizeBytes;
    this.#listener = listener;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The descriptor, borrowed; null once closed. */
  get fd(): number | null {
    return this.#fd?.fd ?? null;
  }

  /** The pages; another ArrayBuffer after each resize. */
  get bytes(): ArrayBuffer {
    return this.#mapping.bytes;
  }

  /** Whether its pages may be written. */
  get writable(): boolean {
    return this.#writable;
  }

  /** Accesses so far that found no page. */
  get faults(): number {
    return native.mappingFaults(this.#mapping.id);
  }

  /** Only grows (wayland.xml: wl_shm_pool.resize). SystemError when it cannot be mapped: the old size stays. */
  resize(sizeBytes: number): void {
    if (!this.#fd) throw new Error('wl_shm_pool resized after its destruction');
    const { mapping, writable } = map(this.#fd, sizeBytes);
    native.unmap(this.#mapping.id);
    this.#mapping = mapping;
    this.#writable = writable;
    this.#sizeBytes = sizeBytes;
  }

  ref(): void {
    this.#references++;
  }

  unref(): void {
    this.#references--;
    if (this.#references > 0) return;
    this.poolDestroyed(false);
    native.unmap(this.#mapping.id);
    this.#listener.onFreed();
  }

  /** The pool object is gone: no resize will come. Its buffers live on, with the descriptor where `keepFd` says so. Idempotent. */
  poolDestroyed(keepFd: boolean): void {
    if (keepFd || !this.#fd) return;
    this.#fd.close();
    this.#fd = null;
    this.#listener.onFdClosed();
  }
}

/** Read-only is enough to show it, and may be all the client allows (F_SEAL_FUTURE_WRITE, read-only files): then no capture goes there. */
function map(fd: OwnedFd, sizeBytes: number): { mapping: NativeMapping; writable: boolean } {
  try {
    return { mapping: native.mapShared(fd.fd, sizeBytes, true, 0), writable: true };
  } catch (error) {
    if (!hasErrno(error, 'EACCES') && !hasErrno(error, 'EPERM')) throw error;
    return { mapping: native.mapShared(fd.fd, sizeBytes, false, 0), writable: false };
  }
}

/** Where the pixels lie in the pool. The maker has checked that they fit. */
export interface ShmLayout {
  readonly offsetBytes: number;
  readonly width: number;
  readonly height: number;
  readonly strideBytes: number;
}

/** A buffer of a pool; holds a reference of it until disposed. */
export class ShmContent implements BufferContent {
  readonly kind = 'shm';
  readonly width: number;
  readonly height: number;
  readonly format: number;
  readonly opaque: boolean;
  readonly sizeBytes: number;
  readonly #pool: ShmPool;
  readonly #layout: ShmLayout;
  readonly #onRevoked: () => void;
  #revoked = false;

  /** `onRevoked` is called once, the first time a read finds pages missing. */
  constructor(pool: ShmPool, layout: ShmLayout, format: PixelFormat, onRevoked: () => void) {
    pool.ref();
    this.#pool = pool;
    this.#layout = layout;
    this.#onRevoked = onRevoked;
    this.width = layout.width;
    this.height = layout.height;
    this.format = format.fourcc;
    this.opaque = format.opaque;
    this.sizeBytes = layout.strideBytes * layout.height;
  }

  get shared(): SharedMemory | undefined {
    const { fd, writable } = this.#pool;
    if (fd === null) return undefined;
    const { offsetBytes, strideBytes } = this.#layout;
    return { fd, offsetBytes, strideBytes, writable };
  }

  read(use: (pixels: PixelView) => void): 'ok' | 'revoked' {
    const faults = this.#pool.faults;
    const { offsetBytes, strideBytes } = this.#layout;
    use({ bytes: this.#pool.bytes, offsetBytes, strideBytes });
    if (this.#pool.faults === faults) return 'ok';
    if (!this.#revoked) {
      this.#revoked = true;
      this.#onRevoked();
    }
    return 'revoked';
  }

  write(use: (pixels: PixelView) => void): 'ok' | 'revoked' | 'read-only' {
    return this.#pool.writable ? this.read(use) : 'read-only';
  }

  dispose(): void {
    this.#pool.unref();
  }
}
