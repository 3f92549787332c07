/** What the host says of one frame: when to draw the next one, and when this one was seen. */
import { WpPresentationFeedbackKind } from '../../protocols/generated/presentation-time.interfaces.ts';
import type {
  WpPresentationFeedbackProxy,
  WpPresentationProxy,
} from '../../protocols/generated/presentation-time.client.ts';
import type { WlCallbackProxy, WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { Presentation } from './backend.ts';

export interface HostFrameListener {
  done(): void;
  /** Null: never seen. Only with a presentation global. */
  seen(presentation: Presentation | null): void;
}

const NS_PER_SECOND = 1_000_000_000n;
/** Copying may have happened on our side: zero_copy is not ours to claim. */
const FLAGS_OF_HOST =
  WpPresentationFeedbackKind.vsync |
  WpPresentationFeedbackKind.hwClock |
  WpPresentationFeedbackKind.hwCompletion;

/**
 * Asked of several surfaces committed together, the window and what lies on top of it: hosts do not answer for a surface that is
 * covered. The first answer counts.
 */
export class HostFrame {
  readonly #listener: HostFrameListener;
  readonly #callbacks = new Set<WlCallbackProxy>();
  readonly #feedbacks = new Set<WpPresentationFeedbackProxy>();

  /** Before the surfaces' commits. */
  constructor(
    surfaces: readonly WlSurfaceProxy[],
    presentation: WpPresentationProxy | null,
    listener: HostFrameListener,
  ) {
    this.#listener = listener;
    for (const surface of surfaces) {
      this.#awaitCallback(surface);
      if (presentation) this.#awaitFeedback(presentation.feedback(surface));
    }
  }

  /** A newer frame asks for the next one; when this one was seen is still told. */
  cancelCallbacks(): void {
    for (const callback of this.#callbacks) callback.handler = null;
    this.#callbacks.clear();
  }

  /** Nothing is told any more. */
  cancel(): void {
    this.cancelCallbacks();
    for (const feedback of this.#feedbacks) feedback.handler = null;
    this.#feedbacks.clear();
  }

  #awaitCallback(surface: WlSurfaceProxy): void {
    const callback = surface.frame();
    this.#callbacks.add(callback);
    callback.handler = {
      done: () => {
        this.cancelCallbacks();
        this.#listener.done();
      },
    };
  }

  #awaitFeedback(feedback: WpPresentationFeedbackProxy): void {
    this.#feedbacks.add(feedback);
    feedback.handler = {
      presented: (_, secondsHigh, secondsLow, ns, refreshNs, sequenceHigh, sequenceLow, flags) => {
        for (const other of this.#feedbacks) other.handler = null;
        this.#feedbacks.clear();
        const seconds = join(secondsHigh, secondsLow);
        this.#listener.seen({
          timestampNs: seconds * NS_PER_SECOND + BigInt(ns >>> 0),
          refreshNs: BigInt(refreshNs >>> 0),
          sequence: join(sequenceHigh, sequenceLow),
          flags: flags & FLAGS_OF_HOST,
        });
      },
      discarded: () => {
        this.#feedbacks.delete(feedback);
        if (this.#feedbacks.size === 0) this.#listener.seen(null);
      },
    };
  }
}

function join(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
