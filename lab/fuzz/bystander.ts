/** Another client of the same server, that must never notice. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { FuzzTarget } from './target.ts';

/** Turns a round trip may take: the request, the answer, and one for the order of the epoll set. */
const TURNS = 4;

export class Bystander {
  readonly #display: ClientDisplay;
  readonly #target: FuzzTarget;

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

  dispose(): void {
    this.#display.close();
  }
}
