/** One end of a Wayland connection: a socket, what is to be sent, and what came but is not dispatched yet. */
import { native } from '../../native/binding.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EMFILE, ETOOMANYREFS } from '../../native/errno.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { FdQueue } from './fd-queue.ts';
import type { FdsInFlight } from './fds-in-flight.ts';
import { MAX_FDS_PER_RECEIVE } from './limits.ts';
import type { WireLimits } from './limits.ts';
import type { Reader, ReaderGuest } from './reader.ts';
import { Writer } from './writer.ts';
import type { WriterOwner } from './writer.ts';

/** Count, descriptors, and whether some were lost. */
const receivedFds = new Int32Array(2 + MAX_FDS_PER_RECEIVE);
const receivedFdsBuffer = receivedFds.buffer;
const LOST = 1 + MAX_FDS_PER_RECEIVE;

/** A reader large enough for what one {@link Connection.receive} may yield: shared by all connections of a display. */
export function receiveBufferBytes(limits: WireLimits): number {
  return (limits.maxBytesPerTurn + limits.maxMessageBytes + 3) & ~3;
}

/** Owns the socket. Between turns it holds no buffer but for what came and was not dispatched, once another connection needs the reader. */
export class Connection implements ReaderGuest {
  readonly writer: Writer;
  /** Whether the last {@link receive} took all there was; what comes later is an event of its own to an edge-triggered watch. */
  drained = true;
  /** Received, not yet taken by a message. */
  readonly fds: FdQueue;
  readonly #socket: OwnedFd;
  readonly #limits: WireLimits;
  readonly #inFlight: FdsInFlight | null;
  /** What is not dispatched yet: so many bytes, in that reader or, when moved out of it, here. */
  #keptBytes = 0;
  #keptIn: Reader | null = null;
  #kept: Uint8Array | null = null;

  /** `inFlight`: of all connections of this end's display. */
  constructor(
    socket: OwnedFd,
    owner: WriterOwner,
    pool: ChunkPool,
    limits: WireLimits,
    inFlight: FdsInFlight | null = null,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#inFlight = inFlight;
    this.fds = new FdQueue(inFlight);
    this.writer = new Writer(socket.fd, owner, pool, limits, inFlight);
  }

  /** The socket, borrowed. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Bytes that came and wait for the rest of their message, or for the end of a pause. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Puts what was kept at the start of the reader's buffer; its length. */
  unkeep(reader: Reader): number {
    if (this.#keptIn !== null && this.#keptIn !== reader) this.#keptIn.evict();
    const left = reader.enter(this);
    const kept = this.#kept;
    this.#keptBytes = 0;
    this.#keptIn = null;
    if (kept === null) return left;
    reader.bytes.set(kept);
    this.#kept = null;
    return kept.length;
  }

  /**
   * One recvmsg behind the `usedBytes` already in the reader's buffer. Returns the bytes added, 0 at the end of the stream, or
   * a negated errno: EMFILE when descriptors were lost because this process can have no more, ETOOMANYREFS when the peer sends
   * more than its messages take.
   */
  receive(reader: Reader, usedBytes: number): number {
    const room = Math.min(reader.bytes.length - usedBytes, this.#limits.maxBytesPerTurn);
    const count = native.recvmsg(this.fd, reader.buffer, usedBytes, room, receivedFdsBuffer);
    const fdCount = receivedFds[0] ?? 0;
    const lost = receivedFds[LOST] !== 0;
    // A receive ends with the first descriptors it meets (net/unix/af_unix.c: unix_stream_read_generic).
    this.drained = count < room && fdCount === 0 && !lost;
    if (count < 0) return count;
    if (fdCount === 0 && !lost) return count;
    for (let index = 1; index <= fdCount; index++) this.fds.push(receivedFds[index]!);
    if (!lost && this.fds.size <= this.#limits.maxPendingFds) return count;
    // At once, not with the connection: whoever is served before it goes needs descriptors as well.
    this.fds.closeAll();
    return lost ? -EMFILE : -ETOOMANYREFS;
  }

  /** Whether descriptors are left over that no message took, and there is no room to keep them. They are closed then. */
  closeStrayFds(): boolean {
    if (this.fds.size === 0 || !this.#inFlight?.isTooMany(this.fds.size)) return false;
    this.fds.closeAll();
    return true;
  }

  /** Keeps what was not dispatched: where it is, until another connection needs the room. */
  keep(reader: Reader, fromByte: number, toByte: number): void {
    if (fromByte >= toByte) return;
    this.#keptBytes = toByte - fromByte;
    this.#keptIn = reader;
    reader.leave(this, fromByte, toByte);
  }

  moveOut(bytes: Uint8Array): void {
    this.#keptIn = null;
    this.#kept = bytes.slice();
  }

  /** Closes the socket and every descriptor on the way, in both directions. The watch on it is closed before. Idempotent. */
  close(): void {
    this.writer.close();
    this.fds.closeAll();
    this.#keptIn?.forget(this);
    this.#keptIn = null;
    this.#kept = null;
    this.#keptBytes = 0;
    this.#socket.close();
  }
}
