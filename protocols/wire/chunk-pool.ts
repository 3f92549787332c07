/** Memory for outgoing messages, lent to a connection from its first event of a turn until they are sent. */

/** One buffer and three views of it. */
export interface Chunk {
  readonly buffer: ArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly text: Buffer;
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
  };
}

/** Chunks of one size, shared by all connections of a display: an idle client holds none. */
export class ChunkPool {
  readonly #idle: Chunk[] = [];

  take(): Chunk {
    return this.#idle.pop() ?? makeChunk(CHUNK_BYTES);
  }

  /** Grown chunks are left to the collector. */
  give(chunk: Chunk): void {
    if (chunk.bytes.length === CHUNK_BYTES && this.#idle.length < MAX_IDLE_CHUNKS)
      this.#idle.push(chunk);
  }
}
