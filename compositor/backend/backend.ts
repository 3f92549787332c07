/** Where an output's pixels go and where input comes from. */
import type { FramePace } from '../output/frame-clock.ts';
import type { Output, OutputDescription } from '../output/output.ts';
import type { PixelTarget } from '../render/composer.ts';
import type { Cursor } from '../seat/cursor.ts';
import type { Seat } from '../seat/seat.ts';
import type { Region } from '../surface/region.ts';

/** One frame an output wants shown. */
export interface FrameToShow {
  readonly output: Output;
  /** What differs from the frame before, in pixels of the output's mode. May be empty. */
  readonly damage: Region;
  /** Writes the part `damage` of the current scene into `target`, which has the output's mode size. */
  paint(target: PixelTarget, damage: Region): void;
}

/** What a backend may ask of the desktop. */
export interface BackendHost {
  readonly seat: Seat;
  readonly cursor: Cursor;
  addOutput(description: OutputDescription): Output;
  removeOutput(output: Output): void;
  /** Everything of the output is to be drawn again. */
  damageAll(output: Output): void;
  /** Whether somebody's keyboard is on us: without, no window has the focus. */
  keyboardPresent(present: boolean): void;
  /** The backend can go on no longer: the host went, its window was closed. Clients are told by the end of the display. */
  lost(reason: string): void;
}

export interface Backend {
  readonly name: string;
  readonly pace: FramePace;
  /** Makes its outputs. Called once. */
  start(host: BackendHost): void;
  /** Whether outputs may be added and removed at run time. */
  readonly canAddOutputs: boolean;
  /** `timed`: shown at the frame clock's own time; `backend`: the backend calls `output.clock.presented`; `none`: cannot be shown now. */
  show(frame: FrameToShow): 'timed' | 'backend' | 'none';
  /** The pixels as last shown; null before the first frame. Valid until the next call of show. */
  pixels(output: Output): PixelTarget | null;
  outputRemoved(output: Output): void;
  dispose(): void;
}
