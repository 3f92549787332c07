/**
 * One use of a buffer: what a single commit attached, until nobody needs its pixels any more.
 *
 * Explicit sync counts per commit, wl_buffer.release per buffer: the same wl_buffer attached by two commits has two uses, two
 * release points and one wl_buffer.release.
 */
import type { OwnedFd } from '../../native/fd.ts';
import { WlCallback } from '../../protocols/generated/wayland.server.ts';
import type { WlCallbackResource } from '../../protocols/generated/wayland.server.ts';
import type { ReleasePoint, ReleaseUse } from '../../sync/release.ts';
import type { BufferContent } from './buffer-content.ts';
import type { ClientBuffer } from './client-buffer.ts';

/** Somebody who may still read the pixels. */
export interface BufferHold {
  /**
   * Lets go. Idempotent. `syncFile` (ownership moves in) is a fence after which the pixels are no longer read: with it the client
   * may go on before it has signalled. Only for uses with a release point: wl_buffer.release knows no fences, so other uses are
   * ended when the pixels are free.
   */
  end(syncFile?: OwnedFd): void;
}

/** Made at commit with one hold, the update's own; it moves to the surface's current state when the update is applied. */
export class BufferUse {
  readonly content: BufferContent;
  readonly buffer: ClientBuffer;
  /** Where the client wants to be told; null without explicit sync. */
  readonly release: ReleasePoint | null;
  readonly #callbacks: readonly WlCallbackResource[] | null;
  readonly #onEnded: (() => void) | null;
  /** Of the update's own hold. */
  readonly #releaseUse: ReleaseUse | undefined;
  #dropped = false;
  #holds = 1;
  #ended = false;

  /** `callbacks`: those of wl_surface.get_release for this commit. */
  constructor(
    buffer: ClientBuffer,
    release: ReleasePoint | null,
    callbacks: readonly WlCallbackResource[] | null = null,
    onEnded: (() => void) | null = null,
  ) {
    this.buffer = buffer;
    this.content = buffer.content;
    this.release = release;
    this.#callbacks = callbacks;
    this.#onEnded = onEnded;
    this.#releaseUse = release?.use();
    buffer.beginUse();
  }

  /** Nobody holds it: the client was told so. */
  get ended(): boolean {
    return this.#ended;
  }

  /** One more reader (a capture, the host of a nested compositor). Only while not ended. */
  hold(): BufferHold {
    if (this.#ended) throw new Error('buffer held after its use had ended');
    this.#holds++;
    const releaseUse = this.release?.use();
    let live = true;
    return {
      end: (syncFile) => {
        if (!live) return syncFile?.close();
        live = false;
        this.#endOne(releaseUse, syncFile);
      },
    };
  }

  /** Ends the hold of the update or surface. Idempotent. */
  drop(syncFile?: OwnedFd): void {
    if (this.#dropped) return syncFile?.close();
    this.#dropped = true;
    this.#endOne(this.#releaseUse, syncFile);
  }

  #endOne(releaseUse: ReleaseUse | undefined, syncFile: OwnedFd | undefined): void {
    this.#holds--;
    const last = this.#holds === 0;
    if (releaseUse) releaseUse.end(syncFile);
    else syncFile?.close();
    if (!last) return;
    this.#ended = true;
    this.release?.seal();
    this.buffer.endUse();
    for (const callback of this.#callbacks ?? []) {
      if (callback.alive) WlCallback.sendDone(callback, 0);
      callback.destroy();
    }
    this.#onEnded?.();
  }
}
