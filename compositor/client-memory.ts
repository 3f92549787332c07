/** Memory a client makes us keep alive, counted from its descriptors: each object once, however often it was sent. */
import { native } from '../native/binding.ts';
import type { SharedLimit } from './shared-limit.ts';

export type MemoryKind = 'shm' | 'dmabuf';

/** A share in one object; given back once. */
export interface MemoryHold {
  /** The object has to be at least this big from now on. False, and nothing booked, when the budget does not allow it. */
  grow(atLeastBytes: number): boolean;
  /** Idempotent. */
  release(): void;
}

interface Held {
  bytes: number;
  holds: number;
}

export class ClientMemory {
  readonly #limitBytes: number;
  readonly #total: SharedLimit;
  readonly #objects = new Map<string, Held>();
  readonly #bytes: Record<MemoryKind, number> = { shm: 0, dmabuf: 0 };

  /** `limitBytes`: of both kinds together. `total`: bytes of all clients. */
  constructor(limitBytes: number, total: SharedLimit) {
    this.#limitBytes = limitBytes;
    this.#total = total;
  }

  /** Bytes held at the moment. */
  bytesOf(kind: MemoryKind): number {
    return this.#bytes[kind];
  }

  get totalBytes(): number {
    return this.#bytes.shm + this.#bytes.dmabuf;
  }

  /**
   * Books what lies behind `fd` (borrowed): the whole file, since a mapping of one page keeps all of it, and at least what the
   * client says. Undefined when the budget does not allow it.
   */
  take(kind: MemoryKind, fd: number, atLeastBytes: number): MemoryHold | undefined {
    const { dev, ino, sizeBytes } = native.fstat(fd);
    const key = `${kind} ${dev}:${ino}`;
    const held = this.#objects.get(key) ?? { bytes: 0, holds: 0 };
    if (!this.#grow(kind, held, Math.max(sizeBytes, atLeastBytes))) return undefined;
    held.holds++;
    this.#objects.set(key, held);
    let live = true;
    return {
      grow: (bytes) => live && this.#grow(kind, held, bytes),
      release: () => {
        if (!live) return;
        live = false;
        if (--held.holds > 0) return;
        this.#objects.delete(key);
        this.#book(kind, -held.bytes);
      },
    };
  }

  #grow(kind: MemoryKind, held: Held, bytes: number): boolean {
    const growthBytes = Math.max(0, bytes - held.bytes);
    if (this.totalBytes + growthBytes > this.#limitBytes) return false;
    if (!this.#total.hasRoom(this.totalBytes, growthBytes)) return false;
    held.bytes += growthBytes;
    this.#book(kind, growthBytes);
    return true;
  }

  #book(kind: MemoryKind, changeBytes: number): void {
    this.#bytes[kind] += changeBytes;
    this.#total.add(changeBytes);
  }
}
