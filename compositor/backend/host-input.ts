/** The host's pointer, keyboard and touch events become ours. */
import type { OwnedFd } from '../../native/fd.ts';
import type {
  WlKeyboardProxy,
  WlSurfaceProxy,
  WlTouchProxy,
} from '../../protocols/generated/wayland.client.ts';
import {
  WlKeyboardKeymapFormat,
  WlSeatCapability,
} from '../../protocols/generated/wayland.interfaces.ts';
import type { Output } from '../output/output.ts';
import { passedKeymap } from '../seat/keymap.ts';
import type { BackendHost } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import { type FindWindow, HostPointer, toGlobal } from './host-pointer.ts';

const RELEASE_SINCE = 3;

export class HostInput {
  readonly #host: HostConnection;
  readonly #desktop: BackendHost;
  readonly #findWindow: FindWindow;
  #pointer: HostPointer | undefined;
  #keyboard: WlKeyboardProxy | undefined;
  #keyboardOn: WlSurfaceProxy | null = null;
  #touch: WlTouchProxy | undefined;
  readonly #touchOutputs = new Map<number, Output>();

  constructor(host: HostConnection, desktop: BackendHost, findWindow: FindWindow) {
    this.#host = host;
    this.#desktop = desktop;
    this.#findWindow = findWindow;
    host.seat.onChanged = () => this.#follow();
    this.#follow();
  }

  /** Before each frame. */
  beforeFrame(): void {
    this.#pointer?.followConstraint();
  }

  /** A window of ours is about to go. */
  windowGoes(surface: WlSurfaceProxy): void {
    this.#pointer?.windowGoes(surface);
    if (this.#keyboardOn === surface) this.#keyboardLeft();
  }

  dispose(): void {
    this.#host.seat.onChanged = undefined;
    this.#dropPointer();
    for (const device of [this.#keyboard, this.#touch]) {
      if (device) device.handler = null;
    }
  }

  /** The devices of the seat there is now. Without one, keys may come from elsewhere: windows keep the keyboard. */
  #follow(): void {
    const { proxy: seat, capabilities } = this.#host.seat;
    const wanted = (bit: number): boolean => seat !== null && (capabilities & bit) !== 0;
    if (!wanted(WlSeatCapability.pointer)) this.#dropPointer();
    if (!wanted(WlSeatCapability.keyboard)) this.#dropKeyboard();
    if (!wanted(WlSeatCapability.touch)) this.#dropTouch();
    if (seat && wanted(WlSeatCapability.pointer)) {
      this.#pointer ??= new HostPointer(
        this.#host,
        this.#desktop,
        seat.getPointer(),
        this.#findWindow,
      );
    }
    if (seat && wanted(WlSeatCapability.keyboard) && !this.#keyboard)
      this.#addKeyboard(seat.getKeyboard());
    if (seat && wanted(WlSeatCapability.touch) && !this.#touch) this.#addTouch(seat.getTouch());
    this.#desktop.keyboardPresent(seat === null || this.#keyboardOn !== null);
  }

  #dropPointer(): void {
    this.#pointer?.dispose();
    this.#pointer = undefined;
  }

  #dropKeyboard(): void {
    const keyboard = this.#keyboard;
    if (!keyboard) return;
    this.#keyboard = undefined;
    keyboard.handler = null;
    if (keyboard.version >= RELEASE_SINCE) keyboard.release();
    this.#keyboardLeft();
  }

  #dropTouch(): void {
    const touch = this.#touch;
    if (!touch) return;
    this.#touch = undefined;
    touch.handler = null;
    if (touch.version >= RELEASE_SINCE) touch.release();
    this.#touchOutputs.clear();
    this.#desktop.seat.touch.cancel();
  }

  #addKeyboard(proxy: WlKeyboardProxy): void {
    const { keyboard } = this.#desktop.seat;
    this.#keyboard = proxy;
    proxy.handler = {
      keymap: (_, format, fd: OwnedFd, sizeBytes) => {
        if (format === WlKeyboardKeymapFormat.xkbV1)
          keyboard.setKeymap(passedKeymap(fd, sizeBytes));
        else fd.close();
      },
      enter: (_, __, surface, keys) => {
        this.#keyboardOn = surface;
        keyboard.setPressed(new Uint32Array(Uint8Array.from(keys).buffer));
        this.#desktop.keyboardPresent(true);
      },
      leave: () => this.#keyboardLeft(),
      key: (_, __, timeMs, key, state) => keyboard.key(key, state === 1, timeMs),
      modifiers: (_, __, depressed, latched, locked, group) =>
        keyboard.setModifiers({ depressed, latched, locked, group }),
      repeatInfo: (_, rate, delayMs) => keyboard.setRepeat(rate, delayMs),
    };
  }

  #keyboardLeft(): void {
    this.#keyboardOn = null;
    this.#desktop.seat.keyboard.releaseAll();
    this.#desktop.keyboardPresent(false);
  }

  #addTouch(proxy: WlTouchProxy): void {
    const { touch } = this.#desktop.seat;
    this.#touch = proxy;
    proxy.handler = {
      down: (_, __, timeMs, surface, id, x, y) => {
        const output = this.#findWindow(surface)?.output;
        if (!output) return;
        this.#touchOutputs.set(id, output);
        const place = toGlobal(output, x, y);
        touch.down(id, place.x, place.y, timeMs);
      },
      motion: (_, timeMs, id, x, y) => {
        const output = this.#touchOutputs.get(id);
        if (!output) return;
        const place = toGlobal(output, x, y);
        touch.move(id, place.x, place.y, timeMs);
      },
      up: (_, __, timeMs, id) => {
        this.#touchOutputs.delete(id);
        touch.up(id, timeMs);
      },
      cancel: () => {
        this.#touchOutputs.clear();
        touch.cancel();
      },
    };
  }
}
