/** The object behind a wl_buffer. */
import { WlBuffer } from '../../protocols/generated/wayland.server.ts';
import type { WlBufferResource } from '../../protocols/generated/wayland.server.ts';
import type { BufferContent } from './buffer-content.ts';

/** Storage that is given back when the last reference goes. */
export interface OwnedContent {
  readonly content: BufferContent;
  /** Called once, when neither the wl_buffer nor any use is left. */
  dispose(): void;
}

/**
 * A client's buffer: its storage, counted. References are the wl_buffer object, each pending attach and each {@link BufferUse}.
 * `wl_buffer.release` is sent when the last use ends.
 */
export class ClientBuffer {
  readonly content: BufferContent;
  readonly #owned: OwnedContent;
  #resource: WlBufferResource | null;
  readonly #disposeListeners = new Set<() => void>();
  #references = 1;
  #uses = 0;

  /** Takes over the resource: sets its handler and destroy listener. */
  constructor(resource: WlBufferResource, owned: OwnedContent) {
    this.content = owned.content;
    this.#owned = owned;
    this.#resource = resource;
    resource.data = this;
    resource.handler = { destroy: () => undefined };
    resource.addDestroyListener(() => {
      this.#resource = null;
      this.unref();
    });
  }

  /** The buffer of a wl_buffer resource, or null when its creation had failed. */
  static of(resource: WlBufferResource): ClientBuffer | null {
    return resource.data instanceof ClientBuffer ? resource.data : null;
  }

  /** Null once the client destroyed it. */
  get resource(): WlBufferResource | null {
    return this.#resource;
  }

  /** Uses that have not ended. */
  get uses(): number {
    return this.#uses;
  }

  ref(): void {
    this.#references++;
  }

  unref(): void {
    this.#references--;
    if (this.#references > 0) return;
    for (const listener of this.#disposeListeners) listener();
    this.#owned.dispose();
  }

  /** Told before the storage goes. Returns the remover. */
  onDisposed(listener: () => void): () => void {
    this.#disposeListeners.add(listener);
    return () => this.#disposeListeners.delete(listener);
  }

  /** For {@link BufferUse}. */
  beginUse(): void {
    this.#uses++;
    this.ref();
  }

  /** For {@link BufferUse}: the last one ending sends wl_buffer.release. */
  endUse(): void {
    this.#uses--;
    if (this.#uses === 0 && this.#resource?.alive) WlBuffer.sendRelease(this.#resource);
    this.unref();
  }
}
