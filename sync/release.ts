/** Release points: what we owe a client for its buffer (linux-drm-syncobj-v1.xml: set_release_point). */
import type { OwnedFd } from '../native/fd.ts';
import type { Point } from '../devices/syncobj-device.ts';
import type { Timeline } from './timeline.ts';

/** `held`: somebody uses the buffer. `owed`: nobody does, but no device takes the signal at the moment. */
export type ReleaseState = 'held' | 'signalled' | 'owed';

/** One use of a buffer: on screen, captured, forwarded to the host. */
export interface ReleaseUse {
  /**
   * The use is over, or will be once `syncFile` (taken) has signalled. Idempotent: of a second call only the fd is closed.
   */
  end(syncFile?: OwnedFd): void;
}

/** Where a release goes when its last use has ended. Takes the fds. */
export interface ReleaseHome {
  onDue(fences: readonly OwnedFd[]): void;
}

/** Nearly every use ends without one: an array for each release would be for nothing. */
export const NO_FENCES: readonly OwnedFd[] = [];

/**
 * A debt: signalled exactly once, whatever happens to devices, after the last use and never before.
 *
 * Generic over the timeline it names, which is only passed through.
 */
export class ReleasePoint<T = Timeline> {
  readonly timeline: T;
  readonly point: Point;
  readonly #home: ReleaseHome;
  #fences = NO_FENCES;
  #uses = 0;
  #sealed = false;
  #due = false;
  #state: ReleaseState = 'held';

  constructor(timeline: T, point: Point, home: ReleaseHome) {
    this.timeline = timeline;
    this.point = point;
    this.#home = home;
  }

  get state(): ReleaseState {
    return this.#state;
  }

  /** The last use has ended: the point is signalled as soon as a device takes it. */
  get due(): boolean {
    return this.#due;
  }

  /** One more user. Not after {@link seal}. */
  use(): ReleaseUse {
    if (this.#sealed) throw new Error(`release point ${this.point} is sealed: no new use`);
    this.#uses++;
    let ended = false;
    return {
      end: (syncFile) => {
        if (ended || this.#due) {
          syncFile?.close();
          ended = true;
          return;
        }
        ended = true;
        if (syncFile) this.#fences = [...this.#fences, syncFile];
        this.#uses--;
        this.#maybeDue();
      },
    };
  }

  /** No further {@link use} will come; with none left the point falls due now. Idempotent. */
  seal(): void {
    this.#sealed = true;
    this.#maybeDue();
  }

  /** Ends all uses: the client is gone. For the owner. */
  finish(): void {
    this.#sealed = true;
    this.#uses = 0;
    this.#maybeDue();
  }

  /** Closes what is held without signalling: no device will take it. For the owner. */
  drop(): void {
    this.#sealed = true;
    this.#due = true;
    for (const fence of this.#fences) fence.close();
    this.#fences = NO_FENCES;
  }

  /** How the debt stands. For the debts alone. */
  setState(state: ReleaseState): void {
    this.#state = state;
  }

  #maybeDue(): void {
    if (!this.#sealed || this.#uses > 0 || this.#due) return;
    this.#due = true;
    const fences = this.#fences;
    this.#fences = NO_FENCES;
    this.#home.onDue(fences);
  }
}
