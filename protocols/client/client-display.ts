/** wl_display as a client has it: the connection, its objects, and who calls their handlers when. */
import type { Clock } from '../../native/clock.ts';
import { SystemClock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN, EPOLLOUT } from '../../native/poller.ts';
import type { Poller, Watch } from '../../native/poller.ts';
import { EAGAIN, ENOBUFS, EPIPE, EPROTO } from '../../native/errno.ts';
import { WlDisplayProxy } from '../generated/wayland.client.ts';
import { Connection, receiveBufferBytes } from '../wire/connection.ts';
import { WireFormatError } from '../wire/errors.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import { DEFAULT_WIRE_LIMITS, HEADER_BYTES } from '../wire/limits.ts';
import type { WireLimits } from '../wire/limits.ts';
import { SILENT_LOG } from '../wire/log.ts';
import type { WireLog } from '../wire/log.ts';
import type { Reader } from '../wire/reader.ts';
import { SendRetry } from '../wire/send-retry.ts';
import { isTraced, Trace } from '../wire/trace.ts';
import type { WriterOwner } from '../wire/writer.ts';
import { ClientBuffers } from './client-buffers.ts';
import { ClientObjects } from './client-objects.ts';
import { ClientRegistry } from './client-registry.ts';
import { connectToDisplay } from './connect.ts';
import { WaylandClientError } from './errors.ts';
import { EventQueue } from './event-queue.ts';
import type { Proxy } from './proxy.ts';
import { takeEvent } from './queued-event.ts';
import type { QueuedEvent } from './queued-event.ts';

export interface ClientDisplayOptions {
  readonly poller: Poller;
  /** Instead of WAYLAND_DISPLAY. */
  readonly name?: string;
  /** An already connected socket; ownership moves in. */
  readonly fd?: OwnedFd;
  /** Default: the process's. WAYLAND_SOCKET is removed from it when used. */
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: WireLog;
  readonly limits?: Partial<WireLimits>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Gets the lines of WAYLAND_DEBUG. Default: stderr. */
  readonly traceTo?: (line: string) => void;
}

/**
 * One connection to a compositor. Events are dispatched by the poller as they arrive, or by hand with {@link dispatch};
 * those of proxies on an {@link EventQueue} wait there. Requests are sent at the end of a turn, or by {@link flush}.
 */
export class ClientDisplay implements WriterOwner {
  readonly objects: ClientObjects;
  readonly proxy: WlDisplayProxy;
  readonly registry: ClientRegistry;
  /** Called once when the connection ends; without an error after {@link close}. */
  onClosed: ((error?: WaylandClientError) => void) | undefined;
  /** Called when the server reads more slowly than requests are made, with true, and when it has caught up. */
  onBlocked: ((blocked: boolean) => void) | undefined;
  readonly #connection: Connection;
  readonly #buffers: ClientBuffers;
  readonly #readerBytes: number;
  readonly #trace: Trace | null;
  readonly #log: WireLog;
  readonly #maxMessageBytes: number;
  readonly #watch: Watch;
  readonly #stopTurnEnd: () => void;
  readonly #sendRetry: SendRetry;
  readonly #queues = new Set<EventQueue>();
  #error: WaylandClientError | undefined;
  #open = true;
  #dispatching = false;
  #flushQueued = false;
  #awaitsWritable = false;
  #blocked = false;

  /** Throws a ConnectError. */
  static connect(options: ClientDisplayOptions): ClientDisplay {
    const env = options.env ?? process.env;
    const socket = options.fd ?? connectToDisplay(env, options.name);
    try {
      return new ClientDisplay(socket, env, options);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(socket: OwnedFd, env: NodeJS.ProcessEnv, options: ClientDisplayOptions) {
    const limits = { ...DEFAULT_WIRE_LIMITS, ...options.limits };
    const clock = options.clock ?? new SystemClock();
    this.#sendRetry = new SendRetry(clock);
    this.#log = options.log ?? SILENT_LOG;
    this.#maxMessageBytes = limits.maxMessageBytes;
    this.#buffers = ClientBuffers.of(options.poller);
    this.#readerBytes = receiveBufferBytes(limits);
    this.#connection = new Connection(socket, this, this.#buffers.chunks, limits);
    this.#trace = isTraced('client', env)
      ? new Trace({
          side: 'client',
          nowUs: () => Number(clock.nowNs() / 1000n),
          ...(options.traceTo && { write: options.traceTo }),
        })
      : null;
    this.#connection.writer.trace = this.#trace;
    this.objects = new ClientObjects(this.#connection.writer);
    this.#watch = options.poller.watch(socket.fd, EPOLLIN, (events) => this.#onEvents(events));
    this.#stopTurnEnd = options.poller.onTurnEnd(() => this.flush());
    this.proxy = this.objects.create(WlDisplayProxy.interface, 1, null);
    this.proxy.handler = {
      error: (_proxy, object, code, message) => this.#onError(object, code, message),
      deleteId: (_proxy, id) => this.objects.deleteId(id),
    };
    this.registry = new ClientRegistry(this.proxy.getRegistry());
  }

  /** Why the connection ended; undefined while it is open and after {@link close}. */
  get error(): WaylandClientError | undefined {
    return this.#error;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The socket, borrowed: for those who poll it themselves. */
  get fd(): number {
    return this.#connection.fd;
  }

  /** Calls back when the server has handled all requests made before. Never called when the connection ends first. */
  sync(done: () => void, queue: EventQueue | null = null): void {
    const callback = this.proxy.sync();
    callback.queue = queue;
    callback.handler = { done };
  }

  /** Resolves when the server has handled all requests made before; rejects with the WaylandClientError that ends the connection. */
  roundtrip(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#open) {
        reject(this.#error ?? closedError());
        return;
      }
      const waiter = { reject };
      this.#waiting.add(waiter);
      this.sync(() => {
        this.#waiting.delete(waiter);
        resolve();
      });
    });
  }

  /** Set as `proxy.queue`, it holds that proxy's events back until its dispatch(). */
  createQueue(): EventQueue {
    const queue = new EventQueue((event) => this.#deliverQueued(event));
    this.#queues.add(queue);
    return queue;
  }

  /** Sends the pending requests, as far as the socket takes them. */
  flush(): void {
    if (!this.#open) return;
    const { writer } = this.#connection;
    writer.flush();
    if (!this.#open) return;
    if (writer.heldUp) this.#sendRetry.add(this);
    this.#tellBlocked(writer.blocked);
    const awaitsWritable = writer.blocked && !writer.heldUp;
    if (awaitsWritable === this.#awaitsWritable) return;
    this.#awaitsWritable = awaitsWritable;
    this.#watch.modify(awaitsWritable ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  /** Sends pending requests, reads what has arrived and dispatches it; the number of events. Does nothing within a handler. */
  dispatch(): number {
    if (this.#dispatching) return 0;
    this.flush();
    let total = 0;
    for (let count = 1; count > 0 && this.#open; total += count) count = this.#read();
    return total;
  }

  /** Sends what is pending and closes the connection; all proxies end. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#connection.writer.flush();
    this.#end(undefined);
  }

  onDirty(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.flush();
    });
  }

  onBroken(errno: number): void {
    if (!this.#open) return;
    // What the server said before it left may still be unread: its error is worth more than EPIPE.
    this.#brokenErrno = errno === 0 ? ENOBUFS : errno;
    if (!this.#dispatching) this.dispatch();
    if (this.#open) this.#fail(this.#brokenErrno, 'cannot send');
  }

  describe(id: number): InterfaceDescription | undefined {
    return this.objects.receiver(id)?.description;
  }

  readonly #waiting = new Set<{ reject(error: Error): void }>();
  #brokenErrno = 0;

  #tellBlocked(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    this.onBlocked?.(blocked);
  }

  #onEvents(events: number): void {
    if (events & EPOLLOUT) this.flush();
    if (this.#open && events & ~EPOLLOUT) this.#read();
  }

  /** One receive; the number of events dispatched or queued. */
  #read(): number {
    if (this.#dispatching) return 0;
    const reader = this.#buffers.takeReader(this.#readerBytes);
    try {
      return this.#readInto(reader);
    } finally {
      this.#buffers.giveReader(reader);
    }
  }

  #readInto(reader: Reader): number {
    const keptBytes = this.#connection.unkeep(reader);
    const count = this.#connection.receive(reader, keptBytes);
    if (count <= 0) {
      this.#connection.keep(reader, 0, keptBytes);
      if (count === -EAGAIN) return 0;
      this.#fail(
        count === 0 ? this.#brokenErrno || EPIPE : -count,
        'the server closed the connection',
      );
      return 0;
    }
    this.#dispatching = true;
    try {
      return this.#dispatchAll(reader, keptBytes + count);
    } finally {
      this.#dispatching = false;
    }
  }

  #dispatchAll(reader: Reader, usedBytes: number): number {
    const words = reader.words;
    const endWords = usedBytes >>> 2;
    let at = 0;
    let count = 0;
    while (this.#open && at + 2 <= endWords) {
      const sizeBytes = words[at + 1]! >>> 16;
      if (sizeBytes < HEADER_BYTES || (sizeBytes & 3) !== 0 || sizeBytes > this.#maxMessageBytes) {
        this.#fail(EPROTO, `message of ${sizeBytes} bytes`);
        return count;
      }
      const end = at + (sizeBytes >>> 2);
      if (end > endWords) break;
      reader.fds = this.#connection.fds;
      this.#deliver(reader, at, end);
      at = end;
      count++;
    }
    if (this.#open) this.#connection.keep(reader, at * 4, usedBytes);
    return count;
  }

  #deliver(reader: Reader, at: number, end: number): void {
    const id = reader.words[at]! >>> 0;
    const opcode = reader.words[at + 1]! & 0xffff;
    const proxy = this.objects.receiver(id);
    if (proxy === undefined) {
      // As libwayland does (wayland-client.c: queue_event).
      this.#log.warn(`event ${opcode} of unknown object ${id} dropped`);
      return;
    }
    if (opcode >= proxy.description.events.length) {
      this.#fail(EPROTO, `event ${opcode} of ${proxy.toString()}`);
      return;
    }
    if (this.#trace !== null) this.#traceReceived(reader, proxy, at);
    try {
      if (proxy.queue === null || !proxy.alive) proxy.dispatch(proxy, opcode, reader, at + 2, end);
      else proxy.queue.push(takeEvent(proxy, reader, at, end, this.objects));
    } catch (error) {
      this.#onDispatchError(error, proxy, opcode);
    }
  }

  #traceReceived(reader: Reader, proxy: Proxy, at: number): void {
    const describe = (id: number) => this.describe(id);
    this.#trace?.received(reader, proxy.description, at, reader.fds, describe, !proxy.alive);
  }

  /** A handler that throws has a bug: logged, and the connection lives. What cannot be read ends it. */
  #onDispatchError(error: unknown, proxy: Proxy, opcode: number): void {
    const where = `${proxy.toString()}.${proxy.description.events[opcode]?.name ?? opcode}`;
    if (error instanceof WireFormatError) this.#fail(EPROTO, `${where}: ${error.message}`);
    else this.#log.error(`handler of ${where} failed`, error);
  }

  #deliverQueued(event: QueuedEvent): void {
    if (!this.#open) {
      event.fds.closeAll();
      return;
    }
    const reader = this.#buffers.takeReader(this.#readerBytes);
    reader.evict();
    reader.bytes.set(event.bytes);
    reader.fds = event.fds;
    const opcode = reader.words[1]! & 0xffff;
    try {
      event.proxy.dispatch(event.proxy, opcode, reader, 2, event.bytes.length / 4);
    } catch (error) {
      this.#onDispatchError(error, event.proxy, opcode);
    } finally {
      event.fds.closeAll();
      this.#buffers.giveReader(reader);
    }
  }

  #onError(object: Proxy | null, code: number, message: string): void {
    const name = object?.description.name;
    const where = object === null ? 'a destroyed object' : object.toString();
    this.#error = new WaylandClientError(`${where}: error ${code}: ${message}`, {
      ...(object !== null && { objectId: object.id }),
      interface: name,
      code,
      errno: EPROTO,
    });
    this.#end(this.#error);
  }

  #fail(errno: number, message: string): void {
    this.#end(new WaylandClientError(`${message} (errno ${errno})`, { errno }));
  }

  #end(error: WaylandClientError | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#error = error;
    this.#stopTurnEnd();
    this.#sendRetry.close();
    this.#watch.close();
    for (const queue of this.#queues) queue.clear();
    this.objects.forgetAll();
    this.#connection.close();
    for (const waiter of this.#waiting) waiter.reject(error ?? closedError());
    this.#waiting.clear();
    this.onClosed?.(error);
  }
}

function closedError(): WaylandClientError {
  return new WaylandClientError('the connection is closed', {});
}
