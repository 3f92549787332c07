/** A window of an app as a test sees it: what it is called, where it is, what it shows; clicks and frames. */
import { ToplevelSource } from '../capture/toplevel-source.ts';
import type { Compositor } from '../compositor.ts';
import { paint, type PixelTarget } from '../render/composer.ts';
import { encodePng } from '../render/screenshot.ts';
import type { Rectangle } from '../shell/positioner.ts';
import type { Toplevel } from '../shell/toplevel.ts';
import { Region } from '../surface/region.ts';

/** What a window needs of its session. */
export interface WindowHost {
  readonly compositor: Compositor;
  /** Runs an action between the clients' last requests and the events it causes. */
  act(action: () => void): void;
  /** Resolves to the first true value; rejects with a SessionTimeoutError. */
  waitUntil<T>(what: string, probe: () => T | null | undefined | false): Promise<T>;
}

/** linux/input-event-codes.h */
const BUTTONS = { left: 0x110, right: 0x111, middle: 0x112 } as const;
export type MouseButton = keyof typeof BUTTONS;

const PIXELS_PER_DETENT = 15;
const DETENT = 120;

export class AppWindow {
  readonly #host: WindowHost;
  readonly #toplevel: Toplevel;

  /** Made by AppSession. */
  constructor(host: WindowHost, toplevel: Toplevel) {
    this.#host = host;
    this.#toplevel = toplevel;
  }

  get title(): string {
    return this.#toplevel.title;
  }

  get appId(): string {
    return this.#toplevel.appId;
  }

  /** Of the process that made it. */
  get pid(): number {
    return this.#toplevel.surface.client.credentials.pid;
  }

  /** False once it was closed. */
  get mapped(): boolean {
    return this.#toplevel.mapped;
  }

  /** Whether it has the keyboard. */
  get active(): boolean {
    return this.#host.compositor.shell.activeWindow === this.#toplevel;
  }

  /** Without its shadow, in logical pixels of the global space. */
  get rectangle(): Rectangle {
    return this.#toplevel.rectangle;
  }

  /** Frames of it that were seen so far. */
  get framesPresented(): number {
    return this.#toplevel.surface.framesPresented;
  }

  /** The compositor's own object, for what is not here. */
  get toplevel(): Toplevel {
    return this.#toplevel;
  }

  focus(): void {
    this.#host.act(() => this.#host.compositor.shell.activate(this.#toplevel));
  }

  /** Puts its corner at a global point. */
  moveTo(x: number, y: number): void {
    this.#host.act(() => this.#host.compositor.shell.move(this.#toplevel, x, y));
  }

  /** Asks the app to close it. */
  close(): void {
    this.#host.act(() => this.#toplevel.close());
  }

  /** The pointer goes to a point of the window. */
  hover(x: number, y: number): void {
    const { pointer } = this.#host.compositor.seat;
    this.#host.act(() => pointer.moveTo(this.#toplevel.x + x, this.#toplevel.y + y));
  }

  click(x: number, y: number, button: MouseButton = 'left'): void {
    const { pointer } = this.#host.compositor.seat;
    this.hover(x, y);
    for (const pressed of [true, false]) {
      this.#host.act(() => pointer.button(BUTTONS[button], pressed));
    }
  }

  /** Presses at one point, moves to another, lets go. */
  drag(fromX: number, fromY: number, toX: number, toY: number): void {
    const { pointer } = this.#host.compositor.seat;
    const { x, y } = this.#toplevel;
    this.hover(fromX, fromY);
    this.#host.act(() => pointer.button(BUTTONS.left, true));
    this.#host.act(() => pointer.moveTo(x + (fromX + toX) / 2, y + (fromY + toY) / 2));
    this.#host.act(() => pointer.moveTo(x + toX, y + toY));
    this.#host.act(() => pointer.button(BUTTONS.left, false));
  }

  /** Turns the wheel above a point; positive scrolls down. */
  scroll(x: number, y: number, detents: number): void {
    const { pointer } = this.#host.compositor.seat;
    this.hover(x, y);
    const value = detents * PIXELS_PER_DETENT;
    this.#host.act(() => pointer.axis([{ axis: 0, value, value120: detents * DETENT, source: 0 }]));
  }

  /** Resolves when a frame of it was seen that was not yet at the time of the call. */
  async waitForFrame(): Promise<void> {
    const before = this.framesPresented;
    await this.#host.waitUntil(`a frame of the window "${this.title}"`, () => {
      return this.framesPresented > before || !this.mapped;
    });
  }

  /** Resolves when it is gone. */
  async waitForClose(): Promise<void> {
    await this.#host.waitUntil(`the end of the window "${this.title}"`, () => !this.mapped);
  }

  /** PNG of the window alone, as committed at this moment; black where it is transparent. */
  screenshot(): Buffer {
    return encodePng(this.#picture());
  }

  #picture(): PixelTarget {
    const { shell, seat, desktop } = this.#host.compositor;
    const { cursor } = desktop;
    const source = new ToplevelSource({ toplevel: this.#toplevel, shell, seat, cursor });
    try {
      const { width, height } = source.size;
      const strideBytes = width * 4;
      const bytes = new ArrayBuffer(strideBytes * height);
      const target = { width, height, bytes, offsetBytes: 0, strideBytes };
      const { items, map } = source.view({ cursor: false });
      paint(target, items, map, Region.rect(0, 0, width, height), source.background);
      return target;
    } finally {
      source.dispose();
    }
  }
}
