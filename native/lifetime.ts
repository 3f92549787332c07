/** Ownership of things that must be given back. */

export interface Disposable {
  dispose(): void;
}

/** Anything a Lifetime can own: a Disposable, a subscription, a watch or a closable. */
export type Owned = Disposable | { unsubscribe(): void } | { close(): void } | (() => void);

/**
 * Owns things and gives them back in reverse order, once.
 *
 * What is added after disposal is given back at once. A failing item does not keep the others: failures go to `onError`.
 */
export class Lifetime implements Disposable {
  #owned: Owned[] | undefined = [];
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void = reportLater) {
    this.#onError = onError;
  }

  get disposed(): boolean {
    return this.#owned === undefined;
  }

  add<T extends Owned>(owned: T): T {
    if (this.#owned === undefined) this.#giveBack(owned);
    else this.#owned.push(owned);
    return owned;
  }

  /** Forgets an item that was given back by other means. */
  remove(owned: Owned): void {
    const index = this.#owned?.lastIndexOf(owned) ?? -1;
    if (index >= 0) this.#owned?.splice(index, 1);
  }

  dispose(): void {
    const owned = this.#owned ?? [];
    this.#owned = undefined;
    for (const item of owned.reverse()) this.#giveBack(item);
  }

  #giveBack(owned: Owned): void {
    try {
      if (typeof owned === 'function') owned();
      else if ('dispose' in owned) owned.dispose();
      else if ('unsubscribe' in owned) owned.unsubscribe();
      else owned.close();
    } catch (error) {
      this.#onError(error);
    }
  }
}

function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
