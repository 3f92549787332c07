/** A client of the control socket: what a test asks of a running compositor and does to it. */
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { Picture } from './apps-picture.ts';
import type { RunningProgram } from './apps-session.ts';

const POLL_MS = 20;
/** Long: the machine may be busy with other tests. */
const PATIENCE_MS = 60_000;
/** Of a test: longer than one wait, so that it is told what was waited for. */
export const TIMEOUT_MS = 180_000;
export const BUTTON_LEFT = 272;
export const BUTTON_MIDDLE = 274;
/** Codes of linux/input-event-codes.h for what is typed, as on a US keyboard. */
const ROWS: readonly (readonly [first: number, keys: string])[] = [
  [2, '1234567890-='],
  [16, 'qwertyuiop[]'],
  [30, "asdfghjkl;'`"],
  [44, 'zxcvbnm,./'],
  [57, ' '],
  [28, '\n'],
];

/** Where the pointer goes on its way, as parts of it, while a drag is to begin. */
const DRAG_PARTS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1];

export interface SurfaceReport {
  readonly client: number;
  readonly surface: number;
  readonly role: string | null;
  readonly mapped: boolean;
  readonly title?: string;
  readonly appId?: string;
  readonly active?: boolean;
  /** What the client last acknowledged. */
  readonly state?: { readonly resizing: boolean };
  readonly geometry?: Rectangle;
  readonly framesPresented: number;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A mapped toplevel. */
export type WindowReport = SurfaceReport & { readonly geometry: Rectangle };

export interface FocusReport {
  readonly keyboard: { client: number; surface: number } | null;
  readonly pointer: { client: number; surface: number } | null;
  readonly x: number;
  readonly y: number;
}

interface Answer {
  readonly id: number;
  readonly ok: boolean;
  readonly error?: string;
}

export class Control {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;
  #partial = '';

  /** Rejects when `program` ended before. */
  static async open(path: string, program: () => RunningProgram): Promise<Control> {
    for (;;) {
      const socket = await tryConnect(path);
      if (socket) return new Control(socket);
      const { running, output } = program();
      if (!running) throw new Error(`the compositor ended:\n${output}`);
      await pause(POLL_MS);
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const lines = (this.#partial + chunk.toString()).split('\n');
      this.#partial = lines.pop() ?? '';
      for (const line of lines) {
        const answer = JSON.parse(line) as Answer;
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
  }

  async ask<T = Answer>(op: string, fields: object = {}): Promise<T> {
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const closed = (): void => reject(new Error(`control socket closed during ${op}`));
      this.#socket.once('close', closed);
      this.#waiting.set(id, (received) => {
        this.#socket.off('close', closed);
        resolve(received);
      });
      this.#socket.write(`${JSON.stringify({ id, op, ...fields })}\n`);
    });
    if (!answer.ok) throw new Error(`${op}: ${answer.error}`);
    return answer as T;
  }

  async surfaces(): Promise<readonly SurfaceReport[]> {
    return (await this.ask<{ surfaces: SurfaceReport[] }>('surfaces')).surfaces;
  }

  /** Mapped windows, in no particular order. */
  async windows(): Promise<readonly WindowReport[]> {
    return (await this.surfaces()).filter(
      (surface): surface is WindowReport =>
        surface.role === 'xdg_toplevel' && surface.mapped && surface.geometry !== undefined,
    );
  }

  /** Waits until a mapped window fulfils the condition. */
  window(condition: (window: WindowReport) => boolean = () => true): Promise<WindowReport> {
    return until('a window', async () => (await this.windows()).find(condition));
  }

  /** Waits until a window has shown a frame, for one that is to be typed or clicked into. */
  shownWindow(condition: (window: WindowReport) => boolean = () => true): Promise<WindowReport> {
    return this.window((window) => window.framesPresented > 0 && condition(window));
  }

  /** How many frames of the surface with most of them were presented. */
  async frames(): Promise<number> {
    return Math.max(0, ...(await this.surfaces()).map(({ framesPresented }) => framesPresented));
  }

  focus(): Promise<FocusReport> {
    return this.ask<FocusReport & Answer>('focus');
  }

  /** Presses and releases keys, as linux/input-event-codes.h numbers them, one after the other. */
  async keys(...keys: readonly number[]): Promise<void> {
    for (const key of keys) {
      // Together, so that no program takes a busy machine for a key held down, which would repeat.
      await Promise.all([true, false].map((pressed) => this.ask('keyboard_key', { key, pressed })));
    }
  }

  /** Types lower-case text as on a US keyboard; `\n` is Enter. */
  type(text: string): Promise<void> {
    return this.keys(...Array.from(text, keyOf));
  }

  /** A key with others held down. */
  async chord(held: readonly number[], key: number): Promise<void> {
    for (const modifier of held) await this.ask('keyboard_key', { key: modifier, pressed: true });
    await this.keys(key);
    for (const modifier of [...held].reverse())
      await this.ask('keyboard_key', { key: modifier, pressed: false });
  }

  async button(button: number, pressed: boolean): Promise<void> {
    await this.ask('pointer_button', { button, pressed });
  }

  async click(x: number, y: number, button = BUTTON_LEFT): Promise<void> {
    // Programs want to see the pointer come before they take a press.
    await this.ask('pointer_move_absolute', { x: x - 1, y });
    await this.ask('pointer_move_absolute', { x, y });
    await this.button(button, true);
    await this.button(button, false);
  }

  /**
   * Presses at one point, goes towards the other and back until the program has `begun` what a drag there means to it, ends at the
   * other point, and releases.
   */
  async drag(from: Point, to: Point, begun: () => Promise<boolean>): Promise<void> {
    await this.ask('pointer_move_absolute', from);
    // The program chooses by its own idea of where the pointer is: give it a frame to form one.
    await pause(100);
    await this.button(BUTTON_LEFT, true);
    let step = 0;
    await until('the drag to begin', async () => {
      const part = DRAG_PARTS[step++ % DRAG_PARTS.length] ?? 0;
      const x = from.x + (to.x - from.x) * part;
      const y = from.y + (to.y - from.y) * part;
      await this.ask('pointer_move_absolute', { x, y });
      return begun();
    });
    await this.ask('pointer_move_absolute', to);
    await pause(100);
    await this.button(BUTTON_LEFT, false);
  }

  async png(): Promise<Buffer> {
    return Buffer.from((await this.ask<{ png: string }>('screenshot')).png, 'base64');
  }

  /** The first output, or a part of it. */
  async picture(part?: Rectangle): Promise<Picture> {
    const whole = new Picture(await this.png());
    return part ? whole.crop(part) : whole;
  }

  close(): void {
    this.#socket.destroy();
  }
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Polls until `look` finds something. Fails with what was waited for, and what `last` says of how far it came. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  last: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) expect.fail(`waited in vain for ${what}\n${last()}`);
    await pause(POLL_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A file's text, undefined until it is there. */
export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function keyOf(character: string): number {
  for (const [first, keys] of ROWS) {
    const index = keys.indexOf(character);
    if (index >= 0) return first + index;
  }
  throw new Error(`no key for ${JSON.stringify(character)}`);
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
