/** A client without manners: writes any bytes, reads events without believing them. */
import { native } from '../../native/binding.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EAGAIN } from '../../native/errno.ts';

const MAX_FDS = 253;

/** One event as it came. */
export interface RawEvent {
  readonly id: number;
  readonly opcode: number;
  readonly body: Buffer;
}

export class RawClient {
  /** The server closed the connection. */
  closed = false;
  readonly #socket: OwnedFd;
  readonly #into = new Uint8Array(65_536);
  readonly #fds = new Int32Array(1 + MAX_FDS);
  #pending: Buffer = Buffer.alloc(0);

  /** Takes ownership of the socket. */
  constructor(socket: OwnedFd) {
    this.#socket = socket;
  }

  /** Bytes taken by the socket: fewer when it is full, 0 when it is closed. `fds` are borrowed. */
  send(bytes: Uint8Array, fds: readonly number[]): number {
    const lent = Int32Array.from(fds);
    const sent = native.sendmsg(this.#socket.fd, bytes, 0, bytes.length, lent, lent.length);
    if (sent < 0 && sent !== -EAGAIN) this.closed = true;
    return Math.max(0, sent);
  }

  /** Complete events that have come; descriptors among them are closed. */
  read(): readonly RawEvent[] {
    for (let count = 1; count > 0;) {
      count = native.recvmsg(this.#socket.fd, this.#into, 0, this.#into.length, this.#fds);
      const fdCount = count > 0 ? (this.#fds[0] ?? 0) : 0;
      for (let index = 1; index <= fdCount; index++) native.close(this.#fds[index] ?? -1);
      if (count === 0 || (count < 0 && count !== -EAGAIN)) this.closed = true;
      if (count > 0) {
        this.#pending = Buffer.concat([this.#pending, this.#into.subarray(0, count)]);
      }
    }
    return this.#takeEvents();
  }

  close(): void {
    this.#socket.close();
  }

  #takeEvents(): RawEvent[] {
    const events: RawEvent[] = [];
    let at = 0;
    while (this.#pending.length - at >= 8) {
      const header = this.#pending.readUInt32LE(at + 4);
      const sizeBytes = header >>> 16;
      if (sizeBytes < 8) throw new Error(`the server sent a message of ${sizeBytes} bytes`);
      if (this.#pending.length - at < sizeBytes) break;
      events.push({
        id: this.#pending.readUInt32LE(at),
        opcode: header & 0xffff,
        body: Buffer.from(this.#pending.subarray(at + 8, at + sizeBytes)),
      });
      at += sizeBytes;
    }
    this.#pending = this.#pending.subarray(at);
    return events;
  }
}
