/** A connected client: its socket, its objects, and the loop that hands its requests to them. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from '../../native/poller.ts';
import type { Watch } from '../../native/poller.ts';
import { EAGAIN, EMFILE } from '../../native/errno.ts';
import { Connection } from '../wire/connection.ts';
import { WireFormatError } from '../wire/errors.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import { HEADER_BYTES } from '../wire/limits.ts';
import type { Reader } from '../wire/reader.ts';
import { CLOSED_WRITER } from '../wire/writer.ts';
import type { WriterOwner } from '../wire/writer.ts';
import type { ClientHost } from './client-host.ts';
import { DisplayError, ProtocolError } from './protocol-error.ts';
import { ObjectMap, SERVER_ID_START } from './object-map.ts';
import { checkMethod, invalidObject, reportRequestError } from './request-errors.ts';
import { Resource } from './resource.ts';
import type { ServerInterface } from './resource.ts';

/** SO_PEERCRED of the moment it connected. */
export interface ClientCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const DISPLAY_ID = 1;
const ERROR_OPCODE = 0;
const DELETE_ID_OPCODE = 1;
/** wl_callback.done */
const DONE_OPCODE = 0;
const MAX_ERROR_BYTES = 2048;
const peer = new Uint32Array(3);

/** Made by Display for every connection. */
export class Client implements WriterOwner {
  /** Connections count from 1, unless the display was told another number. */
  readonly number: number;
  /** The implementer's own. */
  data: unknown = undefined;
  /** Display's own: whether it is in the list of those with events to send, and who comes next in it. */
  dirty = false;
  nextDirty: Client | null = null;
  readonly connection: Connection;
  /** The wl_display object. */
  readonly displayResource: Resource;
  readonly #pid: number;
  readonly #uid: number;
  readonly #gid: number;
  readonly #host: ClientHost;
  readonly #objects = new ObjectMap();
  readonly #watch: Watch;
  #destroyListeners: (() => void)[] | null = null;
  #pauses: Set<string> | null = null;
  /** Whether requests are dispatched: not paused, not doomed. */
  #running = true;
  #alive = true;
  #gone = false;
  #awaitedEvents = EPOLLIN;
  #createdCount = 0;
  /** The server-side object whose destructor is being dispatched. */
  #endingId = 0;
  /** Where in the receive buffer the message being dispatched begins, in words. */
  #messageAt = 0;
  /** Messages it may still have dispatched in this turn; below 0 when there are more. */
  #budget = 0;

  /** Used by Display alone. Takes ownership of `socket`, also when it throws. */
  constructor(
    host: ClientHost,
    socket: OwnedFd,
    number: number,
    display: ServerInterface<unknown>,
  ) {
    this.#host = host;
    this.number = number;
    try {
      native.peerCredentials(socket.fd, peer);
      this.#pid = peer[0]!;
      this.#uid = peer[1]!;
      this.#gid = peer[2]!;
      this.connection = new Connection(socket, this, host.pool, host.limits);
      this.connection.writer.trace = host.trace;
      this.#watch = host.poller.watch(socket.fd, EPOLLIN, (events) => host.serve(this, events));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.displayResource = this.createResource(display, 1, DISPLAY_ID);
  }

  get credentials(): ClientCredentials {
    return { pid: this.#pid, uid: this.#uid, gid: this.#gid };
  }

  /** False once it was disconnected, cut or sent an error: its objects are freed at the end of the turn. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Live objects, wl_display included. */
  get objectCount(): number {
    return this.#objects.size;
  }

  /** The live object with this id. */
  resource(id: number): Resource | undefined {
    return this.#objects.get(id);
  }

  resources(): Iterable<Resource> {
    return this.#objects.live();
  }

  /** A pidfd of the peer, owned by the caller; null where the kernel has none (before 6.5). */
  pidfd(): OwnedFd | null {
    const fd = native.peerPidfd(this.connection.fd);
    return fd === null ? null : new OwnedFd(fd);
  }

  /**
   * Makes an object. `id` 0 takes a server-side id; another one was given by the client: throws a WireFormatError when it may
   * not, and a ProtocolError no_memory beyond the limit of objects. On a client that is gone the object is dead from the start.
   */
  createResource<R>(type: ServerInterface<R>, version: number, id: number): Resource<R> {
    if (id !== 0) this.#objects.checkClientId(id);
    if (this.#objects.size >= this.#host.limits.maxObjects) throw this.#tooManyObjects();
    const ownId = id === 0 ? this.#objects.takeServerId() : id;
    if (ownId === this.#endingId) this.#endingId = 0;
    const order = this.#createdCount++;
    const resource = new Resource<R>(this, this.connection.writer, type, version, ownId, order);
    this.#objects.set(resource);
    if (this.#gone) resource.destroy();
    return resource;
  }

  /**
   * Answers wl_display.sync: wl_callback.done and wl_display.delete_id, without the wl_callback. Throws as {@link createResource}.
   * Not for a connection that is traced.
   */
  answerSync(id: number, serial: number): void {
    this.#objects.checkClientId(id);
    if (this.#objects.size >= this.#host.limits.maxObjects) throw this.#tooManyObjects();
    this.#objects.use(id);
    const writer = this.connection.writer;
    const doneAt = writer.begin(id, DONE_OPCODE, HEADER_BYTES + 4);
    writer.words[doneAt] = serial;
    const deletedAt = writer.begin(DISPLAY_ID, DELETE_ID_OPCODE, HEADER_BYTES + 4);
    writer.words[deletedAt] = id;
  }

  /** Sends wl_display.error and disconnects. Later errors and events are swallowed. */
  postError(resource: Resource, code: number, message: string): void {
    if (!this.#alive) return;
    this.#host.log.warn(`client ${this.number}: ${resource.toString()} error ${code}: ${message}`);
    const text = Buffer.from(message.replaceAll('\0', '').slice(0, MAX_ERROR_BYTES / 4));
    const paddedBytes = (text.length + 4) & ~3;
    const writer = this.connection.writer;
    const at = writer.begin(DISPLAY_ID, ERROR_OPCODE, HEADER_BYTES + 12 + paddedBytes);
    writer.words[at] = resource.id;
    writer.words[at + 1] = code;
    writer.string(at + 2, text.toString());
    this.disconnect();
  }

  postNoMemory(): void {
    this.postError(this.displayResource, DisplayError.noMemory, 'no memory');
  }

  postImplementationError(message: string): void {
    this.postError(this.displayResource, DisplayError.implementation, message);
  }

  /** Stops reading the socket until every reason is resumed: the client then blocks when the socket is full. */
  pause(reason: string): void {
    (this.#pauses ??= new Set()).add(reason);
    this.#running = false;
    this.#await();
  }

  resume(reason: string): void {
    if (!this.#pauses?.delete(reason) || this.#pauses.size > 0 || !this.#alive) return;
    this.#running = true;
    this.#await();
    if (this.connection.keptBytes > 0) this.#host.markBacklog(this);
  }

  get paused(): boolean {
    return this.#pauses !== null && this.#pauses.size > 0;
  }

  /** Sends what was written, then nothing more; the objects are freed and the socket closed at the end of the turn. Idempotent. */
  disconnect(): void {
    if (!this.#alive) return;
    this.connection.writer.flush();
    this.#doom();
  }

  /** Sends the pending events now, as far as the socket takes them. */
  flush(): void {
    if (!this.#alive) return;
    this.connection.writer.flush();
    this.#await();
  }

  /** Called once when the client is gone, after its objects. Returns its remover. */
  addDestroyListener(listener: () => void): () => void {
    (this.#destroyListeners ??= []).push(listener);
    return () => {
      const index = this.#destroyListeners?.indexOf(listener) ?? -1;
      if (index >= 0) this.#destroyListeners?.splice(index, 1);
    };
  }

  /** For Resource.destroy alone: gives the id back. */
  forget(resource: Resource): void {
    const id = resource.id;
    const writer = this.connection.writer;
    if (id < SERVER_ID_START) {
      if (id !== DISPLAY_ID) {
        const at = writer.begin(DISPLAY_ID, DELETE_ID_OPCODE, HEADER_BYTES + 4);
        writer.words[at] = id;
      }
      this.#objects.remove(resource, false);
    } else {
      const awaitsDestructor = id !== this.#endingId && resource.description.requests.length > 0;
      this.#objects.remove(resource, awaitsDestructor && !this.#gone);
    }
    resource.writer = CLOSED_WRITER;
  }

  /** For Display alone: one receive and the dispatch of what came. `receive` false: only what was kept. Bytes received and dispatched. */
  read(reader: Reader, receive: boolean): number {
    if (!this.#alive) return 0;
    let usedBytes = this.connection.unkeep(reader);
    let count = 0;
    if (receive && usedBytes < reader.bytes.length) {
      count = this.connection.receive(reader, usedBytes);
      if (count === -EAGAIN) count = 0;
      else if (count <= 0) {
        if (count === -EMFILE) this.postNoMemory();
        if (count < 0)
          this.#host.log.debug(`client ${this.number}: receive failed (errno ${-count})`);
        this.disconnect();
        return 0;
      }
      usedBytes += count;
    }
    reader.fds = this.connection.fds;
    this.#budget = this.#host.limits.maxMessagesPerTurn;
    const dispatchedBytes = this.#dispatchAll(reader, usedBytes);
    this.connection.keep(reader, dispatchedBytes, usedBytes);
    if (this.#budget < 0 && this.#running) this.#host.markBacklog(this);
    return count + dispatchedBytes;
  }

  /** For Display alone: the socket is writable, readable or hung up. */
  onEvents(events: number, reader: Reader): void {
    if (events & EPOLLOUT) this.flush();
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    if (!this.paused) this.read(reader, true);
    else if (events & (EPOLLHUP | EPOLLERR)) this.disconnect();
  }

  /** For Display alone: frees everything, newest object first. */
  destroy(): void {
    if (this.#gone) return;
    this.#doom();
    this.#gone = true;
    this.#watch.close();
    for (const resource of this.#objects.newestFirst()) {
      try {
        resource.destroy();
      } catch (error) {
        this.#freeingFailed(error);
      }
    }
    // One may remove itself or another.
    for (const listener of this.#destroyListeners ? [...this.#destroyListeners] : []) {
      if (!this.#destroyListeners?.includes(listener)) continue;
      try {
        listener();
      } catch (error) {
        this.#freeingFailed(error);
      }
    }
    this.connection.close();
    this.#host.forget(this);
  }

  onDirty(): void {
    this.#host.markDirty(this);
  }

  onBroken(errno: number): void {
    if (!this.#alive) return;
    if (errno === 0) this.#host.log.warn(`client ${this.number}: does not read its events, cut`);
    this.#doom();
  }

  describe(id: number): InterfaceDescription | undefined {
    return this.#objects.receiver(id)?.description;
  }

  #tooManyObjects(): ProtocolError {
    return new ProtocolError(this.displayResource, DisplayError.noMemory, 'too many objects');
  }

  #doom(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#running = false;
    this.connection.writer.close();
    this.#host.markDoomed(this);
  }

  /** Awaits what is of interest now: requests unless paused, room for events when they wait. */
  #await(): void {
    if (!this.#alive) return;
    const events = (this.#running ? EPOLLIN : 0) | (this.connection.writer.blocked ? EPOLLOUT : 0);
    if (events === this.#awaitedEvents) return;
    this.#awaitedEvents = events;
    this.#watch.modify(events);
  }

  /** Dispatches complete messages until there is none, or the client is paused or doomed. Returns the bytes dispatched. */
  #dispatchAll(reader: Reader, usedBytes: number): number {
    const endWords = usedBytes >>> 2;
    let at = 0;
    for (;;) {
      try {
        return 4 * this.#dispatchFrom(reader, at, endWords);
      } catch (error) {
        const header = reader.words[this.#messageAt + 1] ?? 0;
        at = this.#messageAt + (header >>> 18);
        const id = reader.words[this.#messageAt]! >>> 0;
        reportRequestError(this, error, id, header & 0xffff, this.#host.log);
        // Goes on when the error was another client's.
        if (!this.#running) return 4 * at;
      }
    }
  }

  /** The hot loop: no allocation, no closure. Returns the word it came to. */
  #dispatchFrom(reader: Reader, from: number, endWords: number): number {
    const words = reader.words;
    const clientSide = this.#objects.clientSide;
    const trace = this.#host.trace;
    const maxBytes = this.#host.limits.maxMessageBytes;
    let at = from;
    while (this.#running && at + 2 <= endWords) {
      const id = words[at]! >>> 0;
      const header = words[at + 1]!;
      const sizeBytes = header >>> 16;
      const opcode = header & 0xffff;
      this.#messageAt = at;
      if (sizeBytes < HEADER_BYTES || (sizeBytes & 3) !== 0 || sizeBytes > maxBytes)
        throw new WireFormatError(`message of ${sizeBytes} bytes`);
      const end = at + (sizeBytes >>> 2);
      if (end > endWords || --this.#budget < 0) break;
      const resource = id < SERVER_ID_START ? clientSide[id] : this.#serverSide(id, opcode);
      if (resource === null || resource === undefined) throw invalidObject(this, id);
      const kind = resource.kind;
      if (opcode >= kind.openRequests) checkMethod(resource, opcode);
      if (trace !== null) {
        const describe = (other: number) => this.describe(other);
        trace.received(
          reader,
          resource.description,
          at,
          this.connection.fds,
          describe,
          !resource.alive,
        );
      }
      kind.dispatch(resource, opcode, reader, at + 2, end);
      at = end;
    }
    return at;
  }

  /** Who gets a request to a server-side id: for zombies the destructor frees the id. */
  #serverSide(id: number, opcode: number): Resource | undefined {
    const receiver = this.#objects.receiver(id);
    if (receiver?.description.requests[opcode]?.destructor !== true) return receiver;
    if (this.#objects.isZombie(id)) this.#objects.bury(id);
    else this.#endingId = id;
    return receiver;
  }

  #freeingFailed(error: unknown): void {
    this.#host.log.error(`client ${this.number}: freeing it failed`, error);
  }
}
