/** What was copied last, offered to whoever has the keyboard: the clipboard, and likewise the primary selection. */
import type { Client } from '../../protocols/server/client.ts';
import { hasErrno } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Seat } from './seat.ts';

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

/**
 * Gives the client of a source by `send` what to write into. Takes `fd`. Without a descriptor to send it with the reader finds no data;
 * nor when the client does not read: it must not be cut for how often others ask it.
 */
export function passWriteEnd(client: Client, fd: OwnedFd, send: (fd: number) => void): void {
  using writeEnd = fd;
  if (!client.hasRoomForFd) return;
  try {
    send(writeEnd.fd);
  } catch (error) {
    if (!hasErrno(error, 'EMFILE')) throw error;
  }
}

/** Makes the offer known to a client that has, or gets, the keyboard. Null: there is nothing to paste. */
export type SelectionAnnouncer = (client: Client, source: TransferSource | null) => void;

export class Selection {
  readonly #seat: Seat;
  readonly #announce: SelectionAnnouncer;
  #source: TransferSource | null = null;
  /** Of the input the last request came from, undefined before the first. */
  #serial: number | undefined;

  constructor(seat: Seat, announce: SelectionAnnouncer) {
    this.#seat = seat;
    this.#announce = announce;
    seat.keyboard.onFocus((focus, previous) => {
      if (focus && focus.client !== previous?.client) announce(focus.client, this.#source);
    });
  }

  get source(): TransferSource | null {
    return this.#source;
  }

  /**
   * A client's set_selection. It has to have the keyboard; or to have lost it while the request was on its way: `serial` is of
   * input it was told of, no older than what the selection came from. Otherwise its source is cancelled.
   */
  request(client: Client, source: TransferSource | null, serial: number): void {
    const told = this.#seat.inputOf(client, serial);
    const outdated = this.#serial !== undefined && ((serial - this.#serial) | 0) < 0;
    if (this.#seat.keyboard.focus?.client !== client && (!told || outdated)) {
      source?.cancel();
      return;
    }
    if (told) this.#serial = serial;
    this.set(source);
  }

  /** Replaces the selection; the source before is cancelled. Tells the client with the keyboard. */
  set(source: TransferSource | null): void {
    const before = this.#source;
    if (before === source) return;
    this.#source = source;
    before?.cancel();
    const { focus } = this.#seat.keyboard;
    if (focus) this.#announce(focus.client, source);
  }

  /** The source's object is gone. */
  gone(source: TransferSource): void {
    if (this.#source !== source) return;
    this.#source = null;
    const { focus } = this.#seat.keyboard;
    if (focus) this.#announce(focus.client, null);
  }
}
