/** Another client of the same server, that must never notice. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import { BystanderWindow } from './bystander-window.ts';
import type { FuzzTarget } from './target.ts';

/** Turns a round trip may take: the request, the answer, and one for the order of the epoll set. */
const TURNS = 4;
/** Turns until a frame is shown: configure, commit, repaint, and some for the order of things. */
const FRAME_TURNS = 12;

export class Bystander {
  readonly #display: ClientDisplay;
  readonly #target: FuzzTarget;
  #window: BystanderWindow | undefined;

  constructor(target: FuzzTarget) {
    const [ours, theirs] = native.socketPair();
    const mine = new OwnedFd(ours);
    this.#target = target;
    try {
      target.display.connect(new OwnedFd(theirs));
      this.#display = ClientDisplay.connect({ poller: target.poller, fd: mine });
    } catch (error) {
      mine.close();
      throw error;
    }
  }

  /** Names of the globals, by interface; of several of one interface the first. */
  globals(): Map<string, { name: number; version: number }> {
    const found = new Map<string, { name: number; version: number }>();
    for (const { name, interface: type, version } of this.#display.registry.globals.values()) {
      if (!found.has(type)) found.set(type, { name, version });
    }
    return found;
  }

  /** One round trip. Why it failed, or undefined. */
  roundTrip(): string | undefined {
    let done = false;
    this.#display.sync(() => {
      done = true;
    });
    this.#display.flush();
    for (let turn = 0; turn < TURNS && !done; turn++) this.#target.poller.dispatch();
    if (done) return undefined;
    return this.#display.error?.message ?? `no answer to wl_display.sync within ${TURNS} turns`;
  }

  /** One frame of its window, on servers that show windows. Why it failed, or undefined. */
  frame(): string | undefined {
    if (!this.#target.showsWindows) return undefined;
    this.#window ??= new BystanderWindow(this.#display);
    let requested = this.#window.requestFrame();
    for (let turn = 0; turn < FRAME_TURNS; turn++) {
      this.#display.flush();
      this.#target.poller.dispatch();
      if (requested && this.#window.shown) return undefined;
      requested ||= this.#window.requestFrame();
      this.#target.advance();
    }
    return this.#display.error?.message ?? `no frame of its window within ${FRAME_TURNS} turns`;
  }

  dispose(): void {
    this.#display.close();
  }
}
