/** The applied state of a surface: immutable, replaced whole by each applied content update. */
import type { BufferUse } from '../buffer/buffer-use.ts';
import type { KeptRegion } from './kept-region.ts';
import type { Region } from './region.ts';
import type { Surface } from './surface.ts';
import type { Transform } from './transform.ts';

/** A part of the buffer, in buffer coordinates after scale and transform; fractions allowed (viewporter.xml: set_source). */
export interface ViewportSource {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** wp_viewport's state; null = unset. */
export interface Viewport {
  readonly source: ViewportSource | null;
  readonly destination: { readonly width: number; readonly height: number } | null;
}

/** One place in the stacking order, bottom to top. The surface itself has its place among its subsurfaces, at 0, 0. */
export interface SurfaceChild {
  readonly surface: Surface;
  /** Surface-local position in the parent. */
  readonly x: number;
  readonly y: number;
}

/** wp_content_type_v1.type. */
export type ContentType = 'none' | 'photo' | 'video' | 'game';

export interface SurfaceState {
  /** What to draw; null = nothing (unmapped). The surface holds the use; hold() it to keep it longer than the state. */
  readonly content: BufferUse | null;
  /** Surface-local size after scale, transform and viewport; 0 × 0 without content. */
  readonly width: number;
  readonly height: number;
  readonly bufferScale: number;
  readonly bufferTransform: Transform;
  readonly viewport: Viewport;
  /** Surface-local, not clipped to the surface. */
  readonly opaqueRegion: Region;
  /** Surface-local; null = everything. The surface's. */
  readonly inputRegion: KeptRegion | null;
  readonly children: readonly SurfaceChild[];
  /** wp_alpha_modifier_surface_v1: 0 to 1. */
  readonly opacity: number;
  readonly contentType: ContentType;
  /** wp_tearing_control_v1: the client allows tearing. */
  readonly tearing: boolean;
  /** The role's own double-buffered state as its last update set it, else null. */
  readonly roleState: object | null;
}

/** Told to listeners each time an update was applied. */
export interface AppliedUpdate {
  readonly surface: Surface;
  readonly state: SurfaceState;
  readonly previous: SurfaceState;
  /** What changed on the surface, surface-local, clipped to it. Moved children and a changed size are not part of it. */
  readonly damage: Region;
  /** wl_surface.offset (or attach before version 5) of this update. */
  readonly offsetX: number;
  readonly offsetY: number;
  /** Whether a buffer (or its removal) came with it. A dropped buffer (failed fence) does not count. */
  readonly newContent: boolean;
  /** The sequence number of the update (trace). */
  readonly update: number;
}
