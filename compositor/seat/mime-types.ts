/** The types a client offers its data in: kept for it, and sent to whoever may ask for the data. */
import type { Client } from '../../protocols/server/client.ts';
import { ClientState } from '../client-state.ts';

/** Of one source. What is beyond is left out: a source that offers so much offers the usual types first. */
export const MAX_MIME_TYPES = 1024;
/** Of one source: sending them all must not fill the queue of a client that has done nothing. */
export const MAX_MIME_BYTES: number = 64 * 1024;

export class MimeTypes implements Iterable<string> {
  readonly #client: Client;
  readonly #types = new Set<string>();
  #bytes = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Beyond what a client may offer altogether it gets no_memory. */
  add(mimeType: string): void {
    const bytes = Buffer.byteLength(mimeType);
    if (this.#types.has(mimeType) || this.#types.size >= MAX_MIME_TYPES) return;
    if (this.#bytes + bytes > MAX_MIME_BYTES) return;
    if (!ClientState.of(this.#client).keepMimeBytes(bytes)) {
      this.#client.postNoMemory();
      return;
    }
    this.#bytes += bytes;
    this.#types.add(mimeType);
  }

  /** Their source is gone. */
  release(): void {
    ClientState.of(this.#client).keepMimeBytes(-this.#bytes);
    this.#bytes = 0;
    this.#types.clear();
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#types.values();
  }
}
