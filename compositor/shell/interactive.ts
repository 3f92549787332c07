/** Moving and resizing a window with the pointer (xdg-shell.xml: move, resize). */
import type { PointerGrab } from '../seat/pointer.ts';
import type { Seat } from '../seat/seat.ts';
import type { Shell } from './shell.ts';
import type { Toplevel } from './toplevel.ts';

/** Bits of xdg_toplevel.resize_edge. */
const EDGE_TOP = 1;
const EDGE_BOTTOM = 2;
const EDGE_LEFT = 4;
const EDGE_RIGHT = 8;

/** A grab that ends when all buttons are up. */
abstract class WindowGrab implements PointerGrab {
  protected readonly shell: Shell;
  protected readonly seat: Seat;
  protected readonly toplevel: Toplevel;
  protected readonly startX: number;
  protected readonly startY: number;
  #over = false;

  constructor(shell: Shell, seat: Seat, toplevel: Toplevel) {
    this.shell = shell;
    this.seat = seat;
    this.toplevel = toplevel;
    this.startX = seat.pointer.x;
    this.startY = seat.pointer.y;
  }

  abstract motion(timeMs: number, x: number, y: number): void;

  protected abstract finish(): void;

  button(): void {
    if (this.seat.pointer.buttonsDown > 0 || this.#over) return;
    this.cancel();
    this.seat.pointer.endGrab(this);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.finish();
  }
}

class MoveGrab extends WindowGrab {
  readonly #fromX = this.toplevel.x;
  readonly #fromY = this.toplevel.y;

  motion(_: number, x: number, y: number): void {
    if (!this.toplevel.mapped) return;
    const dx = Math.round(x - this.startX);
    const dy = Math.round(y - this.startY);
    this.shell.move(this.toplevel, this.#fromX + dx, this.#fromY + dy);
  }

  protected finish(): void {
    // The window stays where it was dropped.
  }
}

class ResizeGrab extends WindowGrab {
  readonly #edges: number;
  readonly #from = this.toplevel.rectangle;

  constructor(shell: Shell, seat: Seat, toplevel: Toplevel, edges: number) {
    super(shell, seat, toplevel);
    this.#edges = edges;
    toplevel.anchorRight = (edges & EDGE_LEFT) !== 0;
    toplevel.anchorBottom = (edges & EDGE_TOP) !== 0;
    toplevel.configure({ resizing: true });
  }

  motion(_: number, x: number, y: number): void {
    const dx = Math.round(x - this.startX);
    const dy = Math.round(y - this.startY);
    let { width, height } = this.#from;
    if ((this.#edges & EDGE_RIGHT) !== 0) width += dx;
    else if ((this.#edges & EDGE_LEFT) !== 0) width -= dx;
    if ((this.#edges & EDGE_BOTTOM) !== 0) height += dy;
    else if ((this.#edges & EDGE_TOP) !== 0) height -= dy;
    const { minWidth, minHeight, maxWidth, maxHeight } = this.toplevel.limits;
    this.toplevel.configure({
      width: clampSize(width, minWidth, maxWidth),
      height: clampSize(height, minHeight, maxHeight),
      resizing: true,
    });
  }

  protected finish(): void {
    this.toplevel.configure({ resizing: false });
  }
}

export function startMove(shell: Shell, seat: Seat, toplevel: Toplevel): void {
  seat.pointer.startGrab(new MoveGrab(shell, seat, toplevel));
}

/** `edges`: xdg_toplevel.resize_edge, not none. */
export function startResize(shell: Shell, seat: Seat, toplevel: Toplevel, edges: number): void {
  seat.pointer.startGrab(new ResizeGrab(shell, seat, toplevel, edges));
}

function clampSize(size: number, min: number, max: number): number {
  const atMost = max > 0 ? Math.min(size, max) : size;
  return Math.max(atMost, min, 1);
}
