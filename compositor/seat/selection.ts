/** What was copied last, offered to whoever has the keyboard: the clipboard, and likewise the primary selection. */
import type { Client } from '../../protocols/server/client.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Keyboard } from './keyboard.ts';

/** Somebody who has data to give. */
export interface TransferSource {
  /** Null: the compositor's own. */
  readonly client: Client | null;
  readonly mimeTypes: Iterable<string>;
  /** Writes the data into `fd`, whose ownership moves in, and closes it. */
  send(mimeType: string, fd: OwnedFd): void;
  /** Nobody will ask for it any more. */
  cancel(): void;
}

/** Makes the offer known to a client that has, or gets, the keyboard. Null: there is nothing to paste. */
export type SelectionAnnouncer = (client: Client, source: TransferSource | null) => void;

export class Selection {
  readonly #keyboard: Keyboard;
  readonly #announce: SelectionAnnouncer;
  #source: TransferSource | null = null;

  constructor(keyboard: Keyboard, announce: SelectionAnnouncer) {
    this.#keyboard = keyboard;
    this.#announce = announce;
    keyboard.onFocus((focus, previous) => {
      if (focus && focus.client !== previous?.client) announce(focus.client, this.#source);
    });
  }

  get source(): TransferSource | null {
    return this.#source;
  }

  /** Replaces the selection; the source before is cancelled. Tells the client with the keyboard. */
  set(source: TransferSource | null): void {
    const before = this.#source;
    if (before === source) return;
    this.#source = source;
    before?.cancel();
    const focus = this.#keyboard.focus;
    if (focus) this.#announce(focus.client, source);
  }

  /** The source's object is gone. */
  gone(source: TransferSource): void {
    if (this.#source !== source) return;
    this.#source = null;
    const focus = this.#keyboard.focus;
    if (focus) this.#announce(focus.client, null);
  }
}
