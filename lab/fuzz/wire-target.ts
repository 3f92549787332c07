/** The wire alone: a display with every interface of all bindings and handlers that only answer. */
import { native } from '../../native/binding.ts';
import { ManualClock } from '../../native/clock.ts';
import { OwnedFd } from '../../native/fd.ts';
import { Poller } from '../../native/poller.ts';
import { Display } from '../../protocols/server/display.ts';
import { EchoHandlers } from './echo-handlers.ts';
import type { AnyServerInterface } from './interfaces.ts';
import type { FuzzTarget } from './target.ts';

const MFD_CLOEXEC = 1;
const TURN_NS = 1_000_000n;
/** Made by the wire itself. */
const NO_GLOBALS = new Set(['wl_display', 'wl_registry', 'wl_callback']);

/** Every interface that no request or event creates is a global; the others come to be as in real life. */
export function createWireTarget(types: ReadonlyMap<string, AnyServerInterface>): FuzzTarget {
  return new WireTarget(types);
}

class WireTarget implements FuzzTarget {
  readonly name = 'wire';
  readonly showsWindows = false;
  readonly actions = [];
  readonly poller = new Poller();
  readonly display: Display;
  readonly #clock = new ManualClock();
  readonly #lent = new OwnedFd(native.memfdCreate('syncline-fuzz-event', MFD_CLOEXEC));
  #errors: string[] = [];

  constructor(types: ReadonlyMap<string, AnyServerInterface>) {
    this.display = new Display({
      poller: this.poller,
      clock: this.#clock,
      env: {},
      log: {
        error: (message, cause) => this.#errors.push(`${message}: ${describe(cause)}`),
        warn: () => undefined,
        debug: () => undefined,
      },
    });
    const handlers = new EchoHandlers(types, this.#lent.fd);
    const created = createdInterfaces(types);
    for (const [name, type] of types) {
      if (created.has(name) || NO_GLOBALS.has(name)) continue;
      this.display.createGlobal(type, type.description.version, (resource) =>
        handlers.adopt(resource),
      );
    }
  }

  act(): void {}

  rest(): void {}

  lend(): undefined {
    return undefined;
  }

  ownFds(): number {
    return 0;
  }

  advance(): void {
    this.#clock.advanceBy(TURN_NS);
  }

  takeErrors(): readonly string[] {
    const errors = this.#errors;
    this.#errors = [];
    return errors;
  }

  held(): Readonly<Record<string, number>> {
    return { watches: this.poller.size, timers: this.#clock.pendingTimers };
  }

  dispose(): void {
    this.display.close();
    this.poller.close();
    this.#lent.close();
  }
}

function createdInterfaces(types: ReadonlyMap<string, AnyServerInterface>): ReadonlySet<string> {
  const created = new Set<string>();
  for (const { description } of types.values()) {
    for (const { signature, types: interfaces } of [
      ...description.requests,
      ...description.events,
    ]) {
      const index = signature.replaceAll(/[0-9?]/g, '').indexOf('n');
      const name = interfaces[index];
      if (name) created.add(name);
    }
  }
  return created;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
