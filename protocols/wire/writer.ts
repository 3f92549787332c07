/** Writing messages in place into the send buffer; sending them is one sendmsg a turn. */
import { native } from '../../native/binding.ts';
import { EAGAIN, ETOOMANYREFS } from '../../native/errno.ts';
import { ChunkPool, makeChunk } from './chunk-pool.ts';
import type { Chunk } from './chunk-pool.ts';
import { FdQueue } from './fd-queue.ts';
import type { FdsInFlight } from './fds-in-flight.ts';
import type { InterfaceDescription } from './interface-description.ts';
import { DEFAULT_WIRE_LIMITS, HEADER_BYTES, MAX_FDS_PER_SEND } from './limits.ts';
import type { WireLimits } from './limits.ts';
import type { Trace } from './trace.ts';

/** Bytes of a string argument with its length word, terminator and padding. Throws on a nul inside. */
export function stringBytes(value: string | null): number {
  if (value === null) return 4;
  if (value.includes('\0')) throw new TypeError('a string on the wire cannot hold a nul');
  return 4 + ((Buffer.byteLength(value) + 4) & ~3);
}

/** Bytes of an array argument with its length word and padding. */
export function arrayBytes(value: Uint8Array): number {
  return 4 + ((value.byteLength + 3) & ~3);
}

/** Who is told what happens to a {@link Writer}. */
export interface WriterOwner {
  /** There is something to send now; may be called again before it is sent. */
  onDirty(): void;
  /** The peer reads too slowly or not at all; nothing more will be written. `errno` 0: our limit, else sendmsg's. */
  onBroken(errno: number): void;
  /** What the live object `id` is: for traces. */
  describe(id: number): InterfaceDescription | undefined;
}

/** How a {@link Writer.flush} ended. */
export type FlushResult = 'sent' | 'blocked' | 'broken';

const NO_CHUNK = makeChunk(0);
const SINK = makeChunk(65_536);
const sending = new Int32Array(MAX_FDS_PER_SEND);
const sendingBuffer = sending.buffer;

/**
 * The outgoing half of a connection.
 *
 * Generated code calls {@link addFd} for its descriptors first, then {@link begin}, then stores plain words at
 * `writer.words[at…]`, or uses {@link string} and {@link array}, which return the index after them. Nothing else may happen
 * between begin and the last store. A closed writer swallows everything.
 */
export class Writer {
  /** Where the arguments of the message just begun are stored. Only valid until the next begin. */
  words: Int32Array = NO_CHUNK.words;
  /** Set while WAYLAND_DEBUG is on. */
  trace: Trace | null = null;
  #chunk: Chunk = NO_CHUNK;
  /** Next word to write, end of the chunk in words, first byte not sent. */
  #head = 0;
  #limit = 0;
  #sentBytes = 0;
  #closed = false;
  #blocked = false;
  #heldUp = false;
  readonly #fds: FdQueue;
  readonly #inFlight: FdsInFlight | null;
  readonly #fd: number;
  readonly #owner: WriterOwner;
  readonly #pool: ChunkPool;
  readonly #limits: WireLimits;
  readonly #maxMessageBytes: number = 0;

  /** `fd`: the socket, borrowed for as long as the writer is open. `inFlight`: of all connections of this end's display. */
  constructor(
    fd: number,
    owner: WriterOwner,
    pool: ChunkPool,
    limits: WireLimits,
    inFlight: FdsInFlight | null = null,
  ) {
    this.#fds = new FdQueue(inFlight);
    this.#inFlight = inFlight;
    this.#fd = fd;
    this.#owner = owner;
    this.#pool = pool;
    this.#limits = limits;
    this.#maxMessageBytes = limits.maxMessageBytes;
  }

  /** Bytes written and not sent. */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.#head * 4 - this.#sentBytes;
  }

  /** Whether the last send left something for later: until the socket is writable, or while {@link heldUp} for a moment. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /**
   * Whether that is because programs of our user have more descriptors on their way than we may have (ETOOMANYREFS: net/unix/scm.c,
   * unix_attach_fds). Any of them can do that, so it is not the peer's fault; no event tells when it is over.
   */
  get heldUp(): boolean {
    return this.#heldUp;
  }

  /**
   * Starts a message to object `id`; `sizeBytes` includes the header and is a multiple of 4. Returns the index of its first
   * argument in {@link words}. Throws a RangeError for a message the peer could not take, before anything is written.
   */
  begin(id: number, opcode: number, sizeBytes: number): number {
    let at = this.#head;
    if (at + (sizeBytes >>> 2) > this.#limit || sizeBytes > this.#maxMessageBytes) {
      this.#checkSize(sizeBytes);
      this.#makeRoom(sizeBytes);
      at = this.#head;
    }
    if (this.trace !== null) this.trace.sending(this, this.#owner, at, id);
    const words = this.words;
    words[at] = id;
    words[at + 1] = (sizeBytes << 16) | opcode;
    this.#head = at + (sizeBytes >>> 2);
    return at + 2;
  }

  /**
   * Room for `count` words that the caller fills with whole messages, short ones: the index of the first. Not while {@link trace} is
   * set, and the writer has to have sent or queued nothing else before they are filled.
   */
  reserve(count: number): number {
    let at = this.#head;
    if (at + count > this.#limit) {
      this.#makeRoom(4 * count);
      at = this.#head;
    }
    this.#head = at + count;
    return at;
  }

  /** Stores a string; the index after it. */
  string(at: number, value: string | null): number {
    if (value === null) {
      this.words[at] = 0;
      return at + 1;
    }
    const from = (at + 1) * 4;
    const length = this.#chunk.text.write(value, from, 'utf8');
    const next = at + 1 + ((length + 4) >>> 2);
    this.#chunk.bytes.fill(0, from + length, next * 4);
    this.words[at] = length + 1;
    return next;
  }

  /** Stores an array; the index after it. */
  array(at: number, value: Uint8Array): number {
    const from = (at + 1) * 4;
    const next = at + 1 + ((value.byteLength + 3) >>> 2);
    this.#chunk.bytes.set(value, from);
    this.#chunk.bytes.fill(0, from + value.byteLength, next * 4);
    this.words[at] = value.byteLength;
    return next;
  }

  /**
   * `sizeBytes`, when a message may be that long, else a RangeError. For messages with strings or arrays that also bring
   * descriptors or new objects: those would be left over if {@link begin} were the first to complain.
   */
  checkedSize(sizeBytes: number): number {
    if (sizeBytes <= this.#limits.maxMessageBytes) return sizeBytes;
    throw new RangeError(
      `message of ${sizeBytes} bytes: the limit is ${this.#limits.maxMessageBytes}`,
    );
  }

  /** Queues a duplicate of the borrowed `fd`. Call it before {@link begin}. Throws a SystemError (EMFILE, EBADF). */
  addFd(fd: number): void {
    if (this.#closed) return;
    this.trace?.settle();
    if (this.#hasTooManyFds && this.flush() !== 'sent') {
      if (this.#hasTooManyFds) this.#break(0);
      if (this.#closed) return;
    }
    this.#fds.push(native.dup(fd));
  }

  /** Whether one more descriptor for this peer is safe to queue: it reads those it has got. */
  get hasRoomForFd(): boolean {
    const own = this.#fds.size;
    if (this.#closed || own >= this.#limits.maxQueuedFds / 2) return false;
    return this.#inFlight === null || !this.#inFlight.isTooMany(own);
  }

  /** The `index`th descriptor that is still queued, counted from the last one. For traces. */
  queuedFdFromEnd(index: number): number {
    return this.#fds.peek(this.#fds.size - 1 - index);
  }

  /** Sends what it can without blocking. Call again after 'blocked': see {@link blocked}. */
  flush(): FlushResult {
    if (this.#closed) return 'broken';
    this.trace?.settle();
    const endBytes = this.#head * 4;
    while (this.#sentBytes < endBytes) {
      const restBytes = endBytes - this.#sentBytes;
      const sent =
        this.#fds.size === 0
          ? native.send(this.#fd, this.#chunk.buffer, this.#sentBytes, restBytes)
          : this.#sendWithFds(restBytes);
      if (sent === -EAGAIN || sent === -ETOOMANYREFS) {
        this.#blocked = true;
        this.#heldUp = sent === -ETOOMANYREFS;
        return 'blocked';
      }
      if (sent < 0) {
        this.#break(-sent);
        return 'broken';
      }
      this.#sentBytes += sent;
    }
    this.#unblock();
    this.#giveBack();
    return 'sent';
  }

  /** Drops what was not sent and swallows everything from now on. Does not touch the socket. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.trace?.settle();
    this.#closed = true;
    this.#unblock();
    this.#fds.closeAll();
    this.#giveBack();
  }

  /** One sendmsg. Bytes or -errno; the descriptors that went are closed. */
  #sendWithFds(restBytes: number): number {
    const fdCount = Math.min(this.#fds.size, MAX_FDS_PER_SEND);
    for (let index = 0; index < fdCount; index++) sending[index] = this.#fds.peek(index);
    // Descriptors may come before their message but never after it: with more than fit in one call they go ahead, a byte each time.
    const length = this.#fds.size > MAX_FDS_PER_SEND ? 1 : restBytes;
    const { buffer } = this.#chunk;
    const sent = native.sendmsg(this.#fd, buffer, this.#sentBytes, length, sendingBuffer, fdCount);
    if (sent >= 0) this.#fds.closeFirst(fdCount);
    return sent;
  }

  get #hasTooManyFds(): boolean {
    const own = this.#fds.size;
    return own >= this.#limits.maxQueuedFds || (this.#inFlight?.isTooMany(own) ?? false);
  }

  #unblock(): void {
    this.#blocked = false;
    this.#heldUp = false;
  }

  #break(errno: number): void {
    this.close();
    this.#owner.onBroken(errno);
  }

  #giveBack(): void {
    if (this.#chunk !== NO_CHUNK && this.#chunk !== SINK) this.#pool.give(this.#chunk);
    this.#use(NO_CHUNK);
  }

  #use(chunk: Chunk): void {
    this.#chunk = chunk;
    this.words = chunk.words;
    this.#head = 0;
    this.#sentBytes = 0;
    this.#limit = chunk.words.length;
  }

  #checkSize(sizeBytes: number): void {
    if (sizeBytes > this.#maxMessageBytes || sizeBytes < HEADER_BYTES)
      throw new RangeError(`message of ${sizeBytes} bytes: the limit is ${this.#maxMessageBytes}`);
  }

  #makeRoom(sizeBytes: number): void {
    this.trace?.settle();
    if (!this.#closed) {
      if (this.#chunk === NO_CHUNK) this.#useEmpty(sizeBytes);
      else this.#extend(sizeBytes);
    }
    // Closed before, or by a failing send just now.
    if (this.#closed) this.#use(SINK);
  }

  #useEmpty(sizeBytes: number): void {
    const chunk = this.#pool.take();
    this.#use(sizeBytes <= chunk.bytes.length ? chunk : makeChunk(SINK.bytes.length));
    this.#owner.onDirty();
  }

  /** The chunk is full: send, else move to the front, else a larger chunk, else the peer is cut. */
  #extend(sizeBytes: number): void {
    if (!this.#blocked && this.flush() === 'sent') {
      this.#useEmpty(sizeBytes);
      return;
    }
    if (this.#closed) return;
    const neededBytes = this.queuedBytes + sizeBytes;
    if (neededBytes > this.#limits.maxQueuedBytes) {
      this.#break(0);
      return;
    }
    const old = this.#chunk;
    let chunkBytes = old.bytes.length;
    while (neededBytes > chunkBytes / 2) chunkBytes *= 2;
    const chunk = chunkBytes === old.bytes.length ? old : makeChunk(chunkBytes);
    // A send may have ended inside a word; words stay where words are.
    const keptFrom = this.#sentBytes & ~3;
    const keptBytes = this.#head * 4 - keptFrom;
    const sentBytes = this.#sentBytes - keptFrom;
    chunk.bytes.set(old.bytes.subarray(keptFrom, keptFrom + keptBytes));
    if (chunk !== old) this.#pool.give(old);
    this.#use(chunk);
    this.#head = keptBytes / 4;
    this.#sentBytes = sentBytes;
  }
}

/** Swallows everything: what destroyed objects write to. */
export const CLOSED_WRITER: Writer = closedWriter();

function closedWriter(): Writer {
  const owner: WriterOwner = {
    onDirty: () => undefined,
    onBroken: () => undefined,
    describe: () => undefined,
  };
  const writer = new Writer(-1, owner, new ChunkPool(), {
    ...DEFAULT_WIRE_LIMITS,
    maxMessageBytes: 0xfffc,
  });
  writer.close();
  return writer;
}
