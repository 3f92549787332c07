/** A surface's geometry as committed, applied or not: protocol errors about sizes are raised at commit, not when a fence signals. */
import { WlSurfaceError } from '../../protocols/generated/wayland.interfaces.ts';
import type { WlSurfaceResource } from '../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import { changedViewport } from './apply-changes.ts';
import { scaledBufferSize, surfaceSize } from './geometry.ts';
import type { BufferGeometry, Size } from './geometry.ts';
import type { PendingState } from './pending-state.ts';

const NO_BUFFER: BufferGeometry = {
  bufferWidth: 0,
  bufferHeight: 0,
  scale: 1,
  transform: 0,
  viewport: { source: null, destination: null },
};

/** Cursors of real clients come in sizes that are no multiple of their scale; the field tolerates it. */
const LENIENT_ROLE = 'wl_pointer-cursor';

export class CommittedGeometry {
  #committed: BufferGeometry = NO_BUFFER;

  /** Surface-local size after the last commit; 0 × 0 without a buffer. */
  get size(): Size {
    return surfaceSize(this.#committed);
  }

  get hasBuffer(): boolean {
    return this.#committed.bufferWidth > 0;
  }

  /** What it will be once `pending` is committed. */
  preview(pending: PendingState): BufferGeometry {
    const before = this.#committed;
    const { buffer } = pending;
    return {
      bufferWidth: buffer === undefined ? before.bufferWidth : (buffer?.content.width ?? 0),
      bufferHeight: buffer === undefined ? before.bufferHeight : (buffer?.content.height ?? 0),
      scale: pending.bufferScale ?? before.scale,
      transform: pending.bufferTransform ?? before.transform,
      viewport: changedViewport(before.viewport, pending),
    };
  }

  /**
   * Raises wl_surface.invalid_size for a buffer that is no multiple of the scale (wayland.xml: set_buffer_scale), and no_buffer
   * for a release callback without a buffer (get_release).
   */
  commit(pending: PendingState, resource: WlSurfaceResource, role: string | null): void {
    if (pending.releaseCallbacks && !pending.buffer) {
      throw new ProtocolError(resource, WlSurfaceError.noBuffer, 'get_release without a buffer');
    }
    if (!this.#changedBy(pending)) return;
    const next = this.preview(pending);
    const { width, height } = scaledBufferSize(next);
    const divisible = Number.isInteger(width) && Number.isInteger(height);
    if (!divisible && !next.viewport.source && role !== LENIENT_ROLE) {
      throw new ProtocolError(
        resource,
        WlSurfaceError.invalidSize,
        `buffer of ${next.bufferWidth}x${next.bufferHeight} is no multiple of the scale ${next.scale}`,
      );
    }
    this.#committed = next;
  }

  /** Another buffer of the same size changes nothing. */
  #changedBy(pending: PendingState): boolean {
    const { buffer } = pending;
    const { bufferWidth, bufferHeight } = this.#committed;
    const sameSize =
      buffer === undefined ||
      ((buffer?.content.width ?? 0) === bufferWidth &&
        (buffer?.content.height ?? 0) === bufferHeight);
    return (
      !sameSize ||
      pending.bufferScale !== undefined ||
      pending.bufferTransform !== undefined ||
      pending.viewportSource !== undefined ||
      pending.viewportDestination !== undefined
    );
  }
}
