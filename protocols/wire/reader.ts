/** Reading the arguments of one message in place, out of the receive buffer. */
import type { OwnedFd } from '../../native/fd.ts';
import { WireFormatError } from './errors.ts';
import { FdQueue } from './fd-queue.ts';
import { fixedToDouble } from './fixed.ts';

/** Who left bytes in a {@link Reader} that is shared. */
export interface ReaderGuest {
  /** Somebody else needs the room: `bytes` are the ones left, a view to be copied from. */
  moveOut(bytes: Uint8Array): void;
}

/**
 * Where generated dispatch functions get arguments from. There is one a display, not one a client.
 *
 * A message of fixed size is read by index: `reader.need(at, end, 4)` once, then `reader.words[at]`. A message with strings or
 * arrays is read with the cursor: `reader.begin(at, end)`, then one call an argument, in order. Descriptors are asked for
 * with {@link needFds} *before* and taken with {@link takeFd} *after* everything else was read, so that a bad message leaks none.
 */
export class Reader {
  /** The receive buffer as words, and as bytes. Indices below count words. Declared, not defined: V8 then knows what they are. */
  declare readonly words: Int32Array;
  declare readonly bytes: Uint8Array;
  declare readonly buffer: ArrayBuffer;
  /** Received and not yet taken by the peer whose message is being dispatched. */
  fds: FdQueue = new FdQueue();
  readonly #text: Buffer;
  /** Whose the bytes from `#guestFrom` to `#guestTo` are. */
  #guest: ReaderGuest | null = null;
  #guestFrom = 0;
  #guestTo = 0;
  #cursor = 0;
  #end = 0;

  /** `buffer`: its length is a multiple of 4. */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.#text = Buffer.from(buffer);
  }

  /**
   * The buffer is `user`'s from now on. What another one left moves out; what it left itself is put at the start: how many bytes.
   */
  enter(user: ReaderGuest): number {
    if (this.#guest === null) return 0;
    if (this.#guest !== user) {
      this.evict();
      return 0;
    }
    this.#guest = null;
    const [from, to] = [this.#guestFrom, this.#guestTo];
    this.bytes.copyWithin(0, from, to);
    return to - from;
  }

  /** Whoever left something takes it along. */
  evict(): void {
    const guest = this.#guest;
    this.#guest = null;
    guest?.moveOut(this.bytes.subarray(this.#guestFrom, this.#guestTo));
  }

  /** `guest` leaves these bytes for when it comes again. Nobody has {@link enter}ed since it did. */
  leave(guest: ReaderGuest, fromByte: number, toByte: number): void {
    this.#guest = guest;
    this.#guestFrom = fromByte;
    this.#guestTo = toByte;
  }

  /** What `guest` left is of no use any more. */
  forget(guest: ReaderGuest): void {
    if (this.#guest === guest) this.#guest = null;
  }

  /** Throws when the message has fewer than `count` words of arguments. More are ignored, as libwayland does. */
  need(at: number, end: number, count: number): void {
    if (end - at < count) throw tooShort();
  }

  /** Puts the cursor on the first argument. */
  begin(at: number, end: number): void {
    this.#cursor = at;
    this.#end = end;
  }

  int(): number {
    if (this.#cursor >= this.#end) throw tooShort();
    return this.words[this.#cursor++]!;
  }

  /** Also an object id or new_id. */
  uint(): number {
    return this.int() >>> 0;
  }

  fixed(): number {
    return fixedToDouble(this.int());
  }

  string(): string {
    const value = this.stringOrNull();
    if (value === null)
      throw new WireFormatError('null string for an argument that is not nullable');
    return value;
  }

  stringOrNull(): string | null {
    const sizeBytes = this.uint();
    if (sizeBytes === 0) return null;
    const from = this.#skipBytes(sizeBytes);
    const last = from + sizeBytes - 1;
    if (this.bytes[last] !== 0) throw new WireFormatError('string without a terminating nul');
    if (this.bytes.indexOf(0, from) !== last)
      throw new WireFormatError('string with an embedded nul');
    return this.#text.toString('utf8', from, last);
  }

  /** A view into the receive buffer: valid during the handler's call only. */
  array(): Uint8Array {
    const sizeBytes = this.uint();
    const from = this.#skipBytes(sizeBytes);
    return this.bytes.subarray(from, from + sizeBytes);
  }

  /** Throws when fewer than `count` descriptors have arrived: then none is taken. */
  needFds(count: number): void {
    if (this.fds.size < count) throw new WireFormatError('file descriptor expected');
  }

  /** The next descriptor; ownership moves to the caller. */
  takeFd(): OwnedFd {
    const fd = this.fds.take();
    if (fd === undefined) throw new WireFormatError('file descriptor expected');
    return fd;
  }

  /** Closes the next `count` descriptors: of a message nobody handles. */
  dropFds(count: number): void {
    this.needFds(count);
    this.fds.closeFirst(count);
  }

  /** Moves the cursor over padded bytes; their offset in `bytes`. */
  #skipBytes(sizeBytes: number): number {
    const wordCount = Math.ceil(sizeBytes / 4);
    if (wordCount > this.#end - this.#cursor) throw tooShort();
    const from = this.#cursor * 4;
    this.#cursor += wordCount;
    return from;
  }
}

function tooShort(): WireFormatError {
  return new WireFormatError('message too short');
}
