/** Where an output's pixels go and where input comes from. */
import type { DmabufFences } from '../../devices/sync-kernel.ts';
import type { SyncManager } from '../../sync/manager.ts';
import type { AllocationHint } from '../buffer/allocation-hint.ts';
import type { FramePace } from '../output/frame-clock.ts';
import type { Output, OutputDescription } from '../output/output.ts';
import type { PixelTarget } from '../render/composer.ts';
import type { SceneItem } from '../render/scene.ts';
import type { Cursor } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';
import type { IdleInhibitors } from '../shell/idle-inhibitors.ts';
import type { Region } from '../surface/region.ts';
import type { PresentedInfo } from '../surface/surface-output.ts';

/** One surface of a frame. */
export interface FrameItem extends SceneItem {
  /** Surface-local: what its updates damaged since the frame before. */
  readonly damage: Region;
}

/** When and how a backend says a frame was seen. */
export type Presentation = Omit<PresentedInfo, 'output'>;

/** One frame an output wants shown. */
export interface FrameToShow {
  readonly output: Output;
  /** Every surface on the output, bottom to top. */
  readonly items: readonly FrameItem[];
  /** What differs from the frame before, in pixels of the output's mode. May be empty. */
  readonly damage: Region;
  /** Writes the part `damage` of the current scene into `target`, which has the output's mode size. */
  paint(target: PixelTarget, damage: Region): void;
  /** Writes what is below everything. */
  paintBackground(target: PixelTarget, damage: Region): void;
  /**
   * Writes one item alone into `target`, transparent where it is not. The target's first pixel is pixel `originX`, `originY` of the
   * output; `damage` is in pixels of the target.
   */
  paintItem(
    target: PixelTarget,
    item: SceneItem,
    originX: number,
    originY: number,
    damage: Region,
  ): void;
  /** From a backend that {@link Backend.tellsPresentation}, once, later: when the frame was seen, or null that it never was. */
  seen(presentation: Presentation | null): void;
}

/** What a backend may ask of the desktop. */
export interface BackendHost {
  readonly seat: Seat;
  readonly cursor: Cursor;
  readonly idleInhibitors: IdleInhibitors;
  readonly sync: SyncManager;
  readonly dmabufs: DmabufFences;
  addOutput(description: OutputDescription): Output;
  removeOutput(output: Output): void;
  /** Everything of the output is to be drawn again. */
  damageAll(output: Output): void;
  /** Whether somebody's keyboard is on us: without, no window has the focus. */
  keyboardPresent(present: boolean): void;
  /** Nobody takes what clients' requests lead to: they are not read while `held`. */
  holdClients(held: boolean): void;
  /** The backend can go on no longer: the host went, its window was closed. Clients are told by the end of the display. */
  lost(reason: string): void;
}

/** What a backend counts; plain. */
export type BackendStats = Readonly<Record<string, unknown>>;

export interface Backend {
  readonly name: string;
  readonly pace: FramePace;
  /** It hands clients' buffers on: each new state of a surface has to reach it, also when no pixel changed. */
  readonly passesBuffers: boolean;
  /** Where the dma-bufs it hands on are best allocated, if whoever gets them says so. */
  readonly allocationHint?: AllocationHint | undefined;
  /** It calls {@link FrameToShow.seen}; else a frame is seen when its frame clock says so. */
  readonly tellsPresentation: boolean;
  /** Makes its outputs. Called once. */
  start(host: BackendHost): void;
  /** Whether outputs may be added and removed at run time. */
  readonly canAddOutputs: boolean;
  /** `timed`: shown at the frame clock's own time; `backend`: the backend calls `output.clock.presented`; `none`: cannot be shown now. */
  show(frame: FrameToShow): 'timed' | 'backend' | 'none';
  /** Whether it wants the next frame although nothing changed. */
  wantsFrame?(output: Output): boolean;
  /** The pixels as last shown; null when it has none. Valid until the next call of show. */
  pixels(output: Output): PixelTarget | null;
  stats?(): BackendStats;
  outputRemoved(output: Output): void;
  dispose(): void;
}
