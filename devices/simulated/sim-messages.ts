/**
 * Messages between a simulated kernel and other processes: JSON behind its length in bytes (u32, little-endian) on a stream
 * socket, with descriptors by SCM_RIGHTS. Points travel as decimal strings.
 */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EAGAIN, EBADF } from '../../native/errno.ts';

/** Requests carry `op`, answers `ok`, events `event`. */
export type SimMessage = Readonly<Record<string, unknown>>;

/** A message and its descriptors, owned by whoever receives it. */
export interface ReceivedMessage {
  readonly body: SimMessage;
  readonly fds: OwnedFd[];
}

const HEADER_BYTES = 4;
const MAX_MESSAGE_BYTES = 1 << 20;
/** What sendmsg takes at once (SCM_MAX_FD). */
const MAX_FDS = 253;
const CHUNK_BYTES = 65_536;
/** The count of descriptors that belong to a message, among its fields. */
const FD_COUNT = 'fds';

/** The other side broke the rules above, or has gone. The connection is of no more use. */
export class SimConnectionError extends Error {
  override readonly name = 'SimConnectionError';
  readonly code = 'XSYNC_SIM_CONNECTION';
}

/** One end of a connection. Owns its socket (non-blocking). */
export class SimMessageSocket {
  readonly #socket: OwnedFd;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  readonly #fdNumbers = new Int32Array(1 + MAX_FDS);
  #pending = Buffer.alloc(0);
  #fds: OwnedFd[] = [];

  constructor(socket: OwnedFd) {
    this.#socket = socket;
  }

  /** The socket's descriptor, borrowed, to wait on. */
  get fd(): number {
    return this.#socket.fd;
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  /**
   * Sends one message with (borrowed) descriptors. `whenFull` waits for room and is called as often as needed; without it a full
   * socket is an error. SimConnectionError; SystemError EBADF: one of the descriptors is closed, and nothing was sent.
   */
  send(body: SimMessage, fds: readonly number[], whenFull?: () => void): void {
    const text = Buffer.from(JSON.stringify({ ...body, [FD_COUNT]: fds.length }), 'utf8');
    const bytes = Buffer.alloc(HEADER_BYTES + text.length);
    bytes.writeUInt32LE(text.length);
    text.copy(bytes, HEADER_BYTES);
    const numbers = Int32Array.from(fds);
    let sent = 0;
    while (sent < bytes.length) {
      const count = sent === 0 ? fds.length : 0;
      const written = native.sendmsg(
        this.#socket.fd,
        bytes,
        sent,
        bytes.length - sent,
        numbers,
        count,
      );
      if (written >= 0) sent += written;
      else if (written === -EAGAIN && whenFull) whenFull();
      else if (written === -EBADF)
        throw systemError(EBADF, 'sendmsg', `closed fd among ${fds.join(', ')}`);
      else throw new SimConnectionError(`cannot send to the simulated kernel's peer (${written})`);
    }
  }

  /** The next complete message, or undefined when there is none yet. SimConnectionError: at its end, or a broken message. */
  receive(): ReceivedMessage | undefined {
    for (;;) {
      const message = this.#take();
      if (message) return message;
      const received = native.recvmsg(
        this.#socket.fd,
        this.#chunk,
        0,
        CHUNK_BYTES,
        this.#fdNumbers,
      );
      const fdCount = received < 0 ? 0 : (this.#fdNumbers[0] ?? 0);
      for (const number of this.#fdNumbers.subarray(1, 1 + fdCount))
        this.#fds.push(new OwnedFd(number));
      if (received === -EAGAIN) return undefined;
      if (received <= 0) throw new SimConnectionError('the peer has closed the connection');
      this.#pending = Buffer.concat([this.#pending, this.#chunk.subarray(0, received)]);
    }
  }

  /** Idempotent. */
  close(): void {
    for (const fd of this.#fds) fd.close();
    this.#fds = [];
    this.#socket.close();
  }

  #take(): ReceivedMessage | undefined {
    if (this.#pending.length < HEADER_BYTES) return undefined;
    const length = this.#pending.readUInt32LE();
    if (length > MAX_MESSAGE_BYTES) throw new SimConnectionError(`a message of ${length} bytes`);
    const end = HEADER_BYTES + length;
    if (this.#pending.length < end) return undefined;
    const body = parse(this.#pending.toString('utf8', HEADER_BYTES, end));
    this.#pending = this.#pending.subarray(end);
    const count = body[FD_COUNT];
    if (typeof count !== 'number' || count < 0 || count > this.#fds.length)
      throw new SimConnectionError('a message without the descriptors it names');
    return { body, fds: this.#fds.splice(0, count) };
  }
}

function parse(text: string): SimMessage {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new SimConnectionError('a message that is no JSON', { cause });
  }
  if (typeof body !== 'object' || body === null)
    throw new SimConnectionError('a message that is no object');
  return body as SimMessage;
}
