/** What a surface is used for. */
import type { PendingState } from './pending-state.ts';
import type { AppliedUpdate } from './surface-state.ts';

/**
 * A role object attached to a surface: xdg_toplevel, xdg_popup, wl_subsurface, cursor, drag icon.
 *
 * A role with double-buffered state of its own freezes it in `beforeCommit` as `pending.roleState`; it comes back as
 * `state.roleState` once the update is applied.
 */
export interface SurfaceRole {
  /** The XML's name of the role ("xdg_toplevel"); the same for the surface's whole life. */
  readonly name: string;
  /** False while the role object lives and must go before the wl_surface (wl_surface.error.defunct_role_object). Default: no rule. */
  readonly outlivesSurface?: boolean;
  /** At wl_surface.commit, before the state is frozen. May throw ProtocolError (for example xdg_surface.unconfigured_buffer). */
  beforeCommit?(pending: PendingState): void;
  /** An update of this surface was applied. Runs before the surface's other listeners. */
  applied?(update: AppliedUpdate): void;
  /** The wl_surface is gone (only reached when that is no error: client exit, or roles that allow it). */
  surfaceDestroyed?(): void;
}
