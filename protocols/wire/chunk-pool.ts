/** Memory for outgoing messages, lent to a connection from its first event of a turn until they are sent. */

/** One buffer and three views of it. */
export interface Chunk {
  readonly buffer: ArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly text: Buffer;
  /** While it is idle: another one. */
  next: Chunk | null;
}

const CHUNK_BYTES = 16 * 1024;
const MAX_IDLE_CHUNKS = 64;

/** @param sizeBytes multiple of 4 */
export function makeChunk(sizeBytes: number): Chunk {
  const buffer = new ArrayBuffer(sizeBytes);
  return {
    buffer,
    words: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    text: Buffer.from(buffer),
    next: null,
  };
}

/**
 * Chunks of one size, shared by all connections of a display: an idle client holds none. A list, not an array: a new array is one of
 * numbers to V8 until something else is put into it, which costs the code compiled for an older pool.
 */
export class ChunkPool {
  #idle: Chunk | null = null;
  #count = 0;

  take(): Chunk {
    const chunk = this.#idle;
    if (chunk === null) return makeChunk(CHUNK_BYTES);
    this.#idle = chunk.next;
    chunk.next = null;
    this.#count--;
    return chunk;
  }

  /** Grown chunks are left to the collector. */
  give(chunk: Chunk): void {
    if (chunk.bytes.length !== CHUNK_BYTES || this.#count >= MAX_IDLE_CHUNKS) return;
    chunk.next = this.#idle;
    this.#idle = chunk;
    this.#count++;
  }
}
