/** One seat: a pointer, a keyboard and touch, with what they share: the scene to aim at, serials, time. */
import type { Clock } from '../../native/clock.ts';
import type { Display } from '../../protocols/server/display.ts';
import type { Client } from '../../protocols/server/client.ts';
import type { SceneRoot } from '../render/scene.ts';
import type { Surface } from '../surface/surface.ts';
import { type Hit, hitTest, placeOf } from './hit-test.ts';
import { Keyboard } from './keyboard.ts';
import type { Keymap } from './keymap.ts';
import { Pointer } from './pointer.ts';
import type { SeatContext } from './seat-context.ts';
import { Touch } from './touch.ts';

/** Where input goes: the shell's stacking order. */
export interface InputScene {
  /** Top to bottom: all that can take input. */
  inputRoots(): Iterable<SceneRoot>;
  /** Whether input may go there: not while another client's popups grab it. */
  mayFocus(surface: Surface): boolean;
  /** Keeps a point on the outputs. */
  clampToOutputs(x: number, y: number): { readonly x: number; readonly y: number };
}

/** Told before a press reaches its surface (null: nothing is there): click to raise, dismissing popups. False swallows the press. */
export type PressListener = (surface: Surface | null) => boolean;

export interface SeatOptions {
  readonly name?: string;
  readonly display: Display;
  readonly clock: Clock;
  readonly keymap: Keymap | null;
}

const NS_PER_MS = 1_000_000n;
/** Serials a client may still refer to: each press has its release. */
const REMEMBERED_SERIALS = 64;

interface Action {
  readonly serial: number;
  readonly client: Client;
  readonly surface: Surface;
}

export class Seat implements SeatContext {
  readonly name: string;
  readonly pointer: Pointer;
  readonly keyboard: Keyboard;
  readonly touch: Touch;
  readonly #display: Display;
  readonly #clock: Clock;
  readonly #actions: Action[] = [];
  readonly #enters: Pick<Action, 'serial' | 'client'>[] = [];
  readonly #activity = new Set<() => void>();
  #scene: InputScene = {
    inputRoots: () => [],
    mayFocus: () => true,
    clampToOutputs: (x, y) => ({ x, y }),
  };
  #press: PressListener = () => true;

  constructor(options: SeatOptions) {
    this.name = options.name ?? 'seat0';
    this.#display = options.display;
    this.#clock = options.clock;
    this.pointer = new Pointer(this);
    this.keyboard = new Keyboard(this, options.keymap);
    this.touch = new Touch(this);
  }

  /** Connects the seat with the shell, which is made after it. */
  attachScene(scene: InputScene, press: PressListener): void {
    this.#scene = scene;
    this.#press = press;
  }

  nowMs(): number {
    return Number((this.#clock.nowNs() / NS_PER_MS) & 0xffff_ffffn);
  }

  nextSerial(): number {
    return this.#display.nextSerial();
  }

  hit(x: number, y: number): Hit | null {
    const hit = hitTest(this.#scene.inputRoots(), x, y);
    return hit && this.#scene.mayFocus(hit.surface) ? hit : null;
  }

  place(surface: Surface): { readonly x: number; readonly y: number } | null {
    return placeOf(this.#scene.inputRoots(), surface);
  }

  clamp(x: number, y: number): { readonly x: number; readonly y: number } {
    return this.#scene.clampToOutputs(x, y);
  }

  announcePress(surface: Surface | null): boolean {
    return this.#press(surface);
  }

  rememberAction(serial: number, surface: Surface): void {
    this.#actions.push({ serial, client: surface.client, surface });
    if (this.#actions.length > REMEMBERED_SERIALS) this.#actions.shift();
  }

  /** The surface a remembered press or release of this client went to. */
  actionOf(client: Client, serial: number): Surface | undefined {
    return this.#actions.find((action) => action.serial === serial && action.client === client)
      ?.surface;
  }

  rememberEnter(serial: number, client: Client): void {
    this.#enters.push({ serial, client });
    if (this.#enters.length > REMEMBERED_SERIALS) this.#enters.shift();
  }

  /** Whether `serial` is of a press or release, or of the keyboard's coming, that this client was told of not long ago. */
  inputOf(client: Client, serial: number): boolean {
    const same = (input: { serial: number; client: Client }): boolean =>
      input.serial === serial && input.client === client;
    return this.#actions.some(same) || this.#enters.some(same);
  }

  /** Called on each input event (idle notification). Returns the remover. */
  onActivity(listener: () => void): () => void {
    this.#activity.add(listener);
    return () => this.#activity.delete(listener);
  }

  noteActivity(): void {
    for (const listener of this.#activity) listener();
  }

  /** The scene changed: what is under the pointer may be another surface now. */
  refocus(): void {
    this.pointer.refocus();
  }

  /** Nothing is pressed or grabbed, the pointer is in the corner. */
  reset(): void {
    this.keyboard.releaseAll();
    this.touch.cancel();
    this.pointer.reset();
    this.#actions.length = 0;
  }

  dispose(): void {
    this.keyboard.dispose();
  }
}
