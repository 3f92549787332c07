/** Who is to be told when a painted frame becomes visible. */
import { WlCallback } from '../../protocols/generated/wayland.server.ts';
import type { WlCallbackResource } from '../../protocols/generated/wayland.server.ts';
import type { PresentationFeedback } from './presentation-feedback.ts';
import type { PresentedInfo } from './surface-output.ts';

const NS_PER_MS = 1_000_000n;

/** Sends wl_callback.done with a wrapping millisecond time and destroys the callback. */
export function sendFrameDone(callback: WlCallbackResource, timeNs: bigint): void {
  if (!callback.alive) return;
  WlCallback.sendDone(callback, Number((timeNs / NS_PER_MS) & 0xffff_ffffn));
  callback.destroy();
}

/**
 * What an output took from a surface when it painted it: frame callbacks and presentation feedbacks of the updates in that frame.
 * Exactly one of `presented` and `discarded` is called on it, perhaps after `done`.
 */
export class SurfaceFrame {
  /** Number of the newest content update in it. */
  readonly update: number;
  readonly #callbacks: readonly WlCallbackResource[] | null;
  readonly #feedbacks: readonly PresentationFeedback[] | null;
  readonly #onPresented: (info: PresentedInfo) => void;

  constructor(
    update: number,
    callbacks: readonly WlCallbackResource[] | null,
    feedbacks: readonly PresentationFeedback[] | null,
    onPresented: (info: PresentedInfo) => void,
  ) {
    this.update = update;
    this.#callbacks = callbacks;
    this.#feedbacks = feedbacks;
    this.#onPresented = onPresented;
  }

  /** It is time to draw the next frame, whether or not this one is visible yet: frame callbacks. Idempotent. */
  done(timeNs: bigint): void {
    for (const callback of this.#callbacks ?? []) sendFrameDone(callback, timeNs);
  }

  /** The frame is visible: frame callbacks, then presentation feedback. */
  presented(info: PresentedInfo): void {
    this.done(info.timestampNs);
    for (const feedback of this.#feedbacks ?? []) feedback.presented(info);
    this.#onPresented(info);
  }

  /** The frame never became visible (output gone). Callbacks fire all the same, so that the client goes on. */
  discarded(timeNs: bigint): void {
    this.done(timeNs);
    for (const feedback of this.#feedbacks ?? []) feedback.discarded();
  }
}
