/** Memory for messages that the connections of one poller take turns with. */
import type { Poller } from '../../native/poller.ts';
import { ChunkPool } from '../wire/chunk-pool.ts';
import { Reader } from '../wire/reader.ts';

/** One is read into at a time, unless a handler dispatches another connection by hand. */
const MAX_IDLE_READERS = 2;

const ofPollers = new WeakMap<Poller, ClientBuffers>();

/** See the file comment. An idle connection holds none of it, but for what came and was not dispatched. */
export class ClientBuffers {
  /** For what is sent. */
  readonly chunks: ChunkPool = new ChunkPool();
  readonly #idle: Reader[] = [];

  /** The one of all connections on that poller. */
  static of(poller: Poller): ClientBuffers {
    const known = ofPollers.get(poller);
    if (known) return known;
    const buffers = new ClientBuffers();
    ofPollers.set(poller, buffers);
    return buffers;
  }

  /** A reader that nobody reads into, of that size at least; it may hold what another connection has left in it. */
  takeReader(sizeBytes: number): Reader {
    const reader = this.#idle.pop();
    if (reader !== undefined && reader.bytes.length >= sizeBytes) return reader;
    reader?.evict();
    return new Reader(new ArrayBuffer(sizeBytes));
  }

  /** To be called with each reader that was taken, once nothing of it is looked at any more. */
  giveReader(reader: Reader): void {
    if (this.#idle.length < MAX_IDLE_READERS) this.#idle.push(reader);
    else reader.evict();
  }
}
