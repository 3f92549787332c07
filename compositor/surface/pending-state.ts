/** What requests since the last commit have set; undefined = not set. Frozen as it is by wl_surface.commit. */
import type { WlCallbackResource } from '../../protocols/generated/wayland.server.ts';
import type { SyncPoint } from '../buffer/sync-point.ts';
import type { ClientBuffer } from '../buffer/client-buffer.ts';
import type { KeptRegion } from './kept-region.ts';
import type { PresentationFeedback } from './presentation-feedback.ts';
import type { Rect, Region } from './region.ts';
import type { ContentType, SurfaceChild, Viewport, ViewportSource } from './surface-state.ts';
import type { Transform } from './transform.ts';

/**
 * Mutable between two commits; a {@link ContentUpdate} owns it afterwards and nobody writes it any more. Lists are null while they
 * are empty: there is one of these for every commit, and most fill one or two.
 */
export class PendingState {
  /** null = attach(NULL). Holds a reference of the ClientBuffer. */
  buffer: ClientBuffer | null | undefined = undefined;
  offsetX = 0;
  offsetY = 0;
  bufferScale: number | undefined = undefined;
  bufferTransform: Transform | undefined = undefined;
  viewportSource: ViewportSource | null | undefined = undefined;
  viewportDestination: Viewport['destination'] | undefined = undefined;
  opaqueRegion: Region | undefined = undefined;
  /** null = everything. Owned. */
  inputRegion: KeptRegion | null | undefined = undefined;
  /** See {@link addDamage}. */
  surfaceDamage: Rect[] | null = null;
  bufferDamage: Rect[] | null = null;
  frameCallbacks: WlCallbackResource[] | null = null;
  /** wl_surface.get_release: told when the buffer of this commit is let go. */
  releaseCallbacks: WlCallbackResource[] | null = null;
  feedbacks: PresentationFeedback[] | null = null;
  children: readonly SurfaceChild[] | undefined = undefined;
  acquirePoint: SyncPoint | null = null;
  releasePoint: SyncPoint | null = null;
  /** wp_fifo_v1.set_barrier and wait_barrier. */
  setsBarrier = false;
  waitsForBarrier = false;
  /** wp_commit_timer_v1.set_timestamp, in the presentation clock. */
  targetTimeNs: bigint | undefined = undefined;
  opacity: number | undefined = undefined;
  contentType: ContentType | undefined = undefined;
  tearing: boolean | undefined = undefined;
  /** Set by the role in beforeCommit. */
  roleState: object | undefined = undefined;
}
