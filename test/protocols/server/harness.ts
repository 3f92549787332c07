/** A display, clients of both kinds on socket pairs, all turned by hand. */
import { ManualClock } from '../../../native/clock.ts';
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Poller } from '../../../native/poller.ts';
import { EAGAIN } from '../../../native/errno.ts';
import { ClientDisplay } from '../../../protocols/client/client-display.ts';
import type { Client } from '../../../protocols/server/client.ts';
import { Display } from '../../../protocols/server/display.ts';
import type { DisplayOptions } from '../../../protocols/server/display.ts';
import type { WireLog } from '../../../protocols/wire/log.ts';

/** One message as it was on the wire. */
export interface RawMessage {
  readonly id: number;
  readonly opcode: number;
  readonly words: readonly number[];
  readonly bytes: Buffer;
}

/** wl_display.error, read out of raw bytes. */
export interface RawError {
  readonly objectId: number;
  readonly code: number;
  readonly message: string;
}

/** Writes any bytes, checks nothing. */
export class RawClient {
  readonly socket: OwnedFd;
  readonly received: RawMessage[] = [];
  readonly receivedFds: OwnedFd[] = [];
  /** The server closed the connection. */
  closed = false;
  #pending = Buffer.alloc(0);
  readonly #into = new Uint8Array(65_536);
  readonly #fds = new Int32Array(255);

  constructor(socket: OwnedFd) {
    this.socket = socket;
  }

  /** `fds`: borrowed. */
  sendBytes(bytes: Uint8Array, fds: readonly number[] = []): number {
    return native.sendmsg(this.socket.fd, bytes, 0, bytes.length, Int32Array.from(fds), fds.length);
  }

  send(
    id: number,
    opcode: number,
    args: readonly (number | string | Uint8Array)[],
    fds: readonly number[] = [],
  ): void {
    const bytes = message(id, opcode, args);
    const sent = this.sendBytes(bytes, fds);
    if (sent !== bytes.length) throw new Error(`sent ${sent} of ${bytes.length} bytes`);
  }

  /** Reads what has come; all messages so far. */
  read(): readonly RawMessage[] {
    while (this.readSome(this.#into.length) > 0) continue;
    return this.received;
  }

  /** Reads at most so many bytes; how many there were. */
  readSome(maxBytes: number): number {
    const room = Math.min(maxBytes, this.#into.length);
    const count = native.recvmsg(this.socket.fd, this.#into, 0, room, this.#fds);
    for (let index = 1; index <= this.#fds[0]! && count > 0; index++)
      this.receivedFds.push(new OwnedFd(this.#fds[index]!));
    if (count === 0 || (count < 0 && count !== -EAGAIN)) this.closed = true;
    if (count <= 0) return 0;
    this.#pending = Buffer.concat([this.#pending, this.#into.subarray(0, count)]);
    this.#parse();
    return count;
  }

  #parse(): void {
    while (this.#pending.length >= 8) {
      const size = this.#pending.readUInt32LE(4) >>> 16;
      if (this.#pending.length < size) break;
      this.received.push(parse(this.#pending.subarray(0, size)));
      this.#pending = this.#pending.subarray(size);
    }
  }

  /** The wl_display.error that came, if any. */
  error(): RawError | undefined {
    const found = this.read().find(({ id, opcode }) => id === 1 && opcode === 0);
    if (found === undefined) return undefined;
    const length = found.words[2]!;
    return {
      objectId: found.words[0]!,
      code: found.words[1]!,
      message: found.bytes.toString('utf8', 20, 20 + length - 1),
    };
  }

  close(): void {
    this.socket.close();
    for (const fd of this.receivedFds) fd.close();
  }
}

function parse(bytes: Buffer): RawMessage {
  const copy = Buffer.from(bytes);
  const words = Array.from({ length: copy.length / 4 - 2 }, (_, index) =>
    copy.readUInt32LE(8 + 4 * index),
  );
  return { id: copy.readUInt32LE(0), opcode: copy.readUInt16LE(4), words, bytes: copy };
}

/** A well-formed message; strings get length, terminator and padding, arrays length and padding. */
export function message(
  id: number,
  opcode: number,
  args: readonly (number | string | Uint8Array)[],
): Buffer {
  const parts = args.map((arg) => {
    if (typeof arg === 'number') return word(arg);
    const body = typeof arg === 'string' ? Buffer.from(`${arg}\0`) : Buffer.from(arg);
    return Buffer.concat([word(body.length), body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([word(id), word(((8 + body.length) << 16) | opcode), body]);
}

export function word(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value | 0);
  return buffer;
}

/** What the display logged. */
export interface Logged {
  readonly level: 'error' | 'warn' | 'debug';
  readonly text: string;
}

export class Harness {
  readonly poller = new Poller();
  readonly clock = new ManualClock();
  readonly logged: Logged[] = [];
  readonly display: Display;
  readonly #closing: { close(): void }[] = [];

  constructor(options: Partial<DisplayOptions> = {}) {
    const add = (level: Logged['level']) => (text: string) =>
      void this.logged.push({ level, text });
    const log: WireLog = { error: add('error'), warn: add('warn'), debug: add('debug') };
    this.display = new Display({
      poller: this.poller,
      clock: this.clock,
      log,
      env: {},
      ...options,
    });
  }

  /** A connected client that is only a socket. */
  raw(): { raw: RawClient; client: Client } {
    const [ours, theirs] = native.socketPair();
    const raw = new RawClient(new OwnedFd(theirs));
    this.#closing.push(raw);
    return { raw, client: this.display.connect(new OwnedFd(ours)) };
  }

  /** A connected client on our own bindings, on the same poller. */
  client(env: NodeJS.ProcessEnv = {}, traceTo?: (line: string) => void): ClientDisplay {
    const [ours, theirs] = native.socketPair();
    this.display.connect(new OwnedFd(ours));
    return this.attach(new OwnedFd(theirs), env, traceTo);
  }

  /** A client of ours whose server is whoever has the other end. */
  attach(
    fd: OwnedFd,
    env: NodeJS.ProcessEnv = {},
    traceTo?: (line: string) => void,
  ): ClientDisplay {
    const { poller, clock } = this;
    const client = ClientDisplay.connect({ poller, fd, env, clock, ...(traceTo && { traceTo }) });
    this.#closing.push(client);
    return client;
  }

  /** Turns until nobody has anything more to say. */
  settle(): void {
    this.display.flush();
    for (let quiet = 0, turn = 0; quiet < 2 && turn < 10_000; turn++)
      quiet = this.poller.dispatch(0) === 0 ? quiet + 1 : 0;
  }

  close(): void {
    for (const closing of this.#closing.reverse()) closing.close();
    this.display.close();
    this.poller.close();
  }
}

/** Runs `body` with a harness that is closed whatever happens. */
export async function withHarness(
  body: (harness: Harness) => void | Promise<void>,
  options: Partial<DisplayOptions> = {},
): Promise<void> {
  const harness = new Harness(options);
  try {
    await body(harness);
  } finally {
    harness.close();
  }
}
