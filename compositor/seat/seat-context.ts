/** What pointer, keyboard and touch have of their seat: the scene to aim at, serials, time. */
import type { Client } from '../../protocols/server/client.ts';
import type { Surface } from '../surface/surface.ts';
import type { Hit } from './hit-test.ts';

export interface SeatContext {
  /** Milliseconds for input events; wraps. */
  nowMs(): number;
  nextSerial(): number;
  /** What takes input at a global point. */
  hit(x: number, y: number): Hit | null;
  /** The surface's global place, null when it is not shown. */
  place(surface: Surface): { readonly x: number; readonly y: number } | null;
  /** Keeps a global point on the outputs. */
  clamp(x: number, y: number): { readonly x: number; readonly y: number };
  /** Before a press reaches its surface (null: nothing is there). False: the press is to go nowhere. */
  announcePress(surface: Surface | null): boolean;
  /**
   * Notes a press or release a client was told of: its serial may start a popup's grab, an activation. Releases count as presses do:
   * menus open on either, and toolkits name the last serial they got.
   */
  rememberAction(serial: number, surface: Surface): void;
  /** Notes that a client was told it has the keyboard: its serial may go with a selection. */
  rememberEnter(serial: number, client: Client): void;
  /** Called on each input event. */
  noteActivity(): void;
}
