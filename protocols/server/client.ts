/** A connected client: its socket, its objects, and the loop that hands its requests to them. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EAGAIN, EMFILE, ETOOMANYREFS } from '../../native/errno.ts';
import { Connection } from '../wire/connection.ts';
import type { InterfaceDescription } from '../wire/interface-description.ts';
import { HEADER_BYTES } from '../wire/limits.ts';
import { CLOSED_WRITER } from '../wire/writer.ts';
import type { Writer, WriterOwner } from '../wire/writer.ts';
import type { ClientHost } from './client-host.ts';
import { ClientWatch } from './client-watch.ts';
import type { WatchedClient } from './client-watch.ts';
import { DISPLAY_ID, sendDeleteId, sendDone } from './display-events.ts';
import { DisplayError, ProtocolError } from './protocol-error.ts';
import { kindOf } from './kind.ts';
import type { Kind } from './kind.ts';
import { ObjectMap } from './object-map.ts';
import { Resource } from './resource.ts';
import type { ServerInterface } from './resource.ts';

/** SO_PEERCRED of the moment it connected. */
export interface ClientCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const ERROR_OPCODE = 0;
const MAX_ERROR_BYTES = 2048;
const peer = new Uint32Array(3);

/** Made by Display for every connection. */
export class Client implements WriterOwner, WatchedClient {
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
  /** For RequestReader alone. */
  readonly objects: ObjectMap = new ObjectMap();
  readonly #pid: number;
  readonly #uid: number;
  readonly #gid: number;
  readonly #host: ClientHost;
  readonly #watch: ClientWatch;
  readonly #writer: Writer;
  readonly #maxObjects: number;
  #destroyListeners: (() => void)[] | null = null;
  #pauses: Set<string> | null = null;
  #running = true;
  #alive = true;
  #gone = false;
  #createdCount = 0;

  /** Used by Display alone. Takes ownership of `socket`, also when it throws. */
  constructor(
    host: ClientHost,
    socket: OwnedFd,
    number: number,
    display: ServerInterface<unknown>,
  ) {
    this.#host = host;
    this.#maxObjects = host.limits.maxObjects;
    this.number = number;
    try {
      native.peerCredentials(socket.fd, peer);
      this.#pid = peer[0]!;
      this.#uid = peer[1]!;
      this.#gid = peer[2]!;
      this.connection = new Connection(socket, this, host.pool, host.limits, host.fdsInFlight);
      this.#writer = this.connection.writer;
      this.#writer.trace = host.trace;
      this.#watch = new ClientWatch(host.poller, socket.fd, (events) => host.serve(this, events));
    } catch (error) {
      socket.close();
      throw error;
    }
    this.displayResource = this.createResource(display, 1, DISPLAY_ID);
    host.fdsInFlight.peerCame();
  }

  get credentials(): ClientCredentials {
    return { pid: this.#pid, uid: this.#uid, gid: this.#gid };
  }

  /** False once it was disconnected, cut or sent an error: its objects are freed at the end of the turn. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Whether its requests are dispatched: it is neither paused nor doomed. */
  get running(): boolean {
    return this.#running;
  }

  /** Whether an event with a descriptor can be sent without danger: the client reads those it has got. */
  get hasRoomForFd(): boolean {
    return this.#writer.hasRoomForFd;
  }

  /** Live objects, wl_display included. */
  get objectCount(): number {
    return this.objects.size;
  }

  /** The live object with this id. */
  resource(id: number): Resource | undefined {
    return this.objects.get(id);
  }

  resources(): Iterable<Resource> {
    return this.objects.live();
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
    const kind = kindOf(type, version);
    if (id !== 0) return this.createRequested(kind, id);
    const { objects } = this;
    if (objects.size >= this.#maxObjects) throw this.#tooManyObjects();
    const ownId = objects.takeServerId();
    const resource = new Resource<R>(this, this.#writer, kind, ownId, this.#createdCount++);
    objects.setServerSide(ownId, resource);
    if (this.#gone) resource.destroy();
    return resource;
  }

  /** For newIdArgument alone: an object with an id of the client's. Throws as {@link createResource}. */
  createRequested<R>(kind: Kind<R>, id: number): Resource<R> {
    const { objects } = this;
    objects.checkClientId(id);
    if (objects.size >= this.#maxObjects) throw this.#tooManyObjects();
    const resource = new Resource<R>(this, this.#writer, kind, id, this.#createdCount++);
    objects.setClientSide(id, resource);
    if (this.#gone) resource.destroy();
    return resource;
  }

  /**
   * Answers wl_display.sync: wl_callback.done and wl_display.delete_id, without the wl_callback. Throws as {@link createResource}.
   * Not for a connection that is traced.
   */
  answerSync(id: number, serial: number): void {
    this.objects.checkClientId(id);
    if (this.objects.size >= this.#maxObjects) throw this.#tooManyObjects();
    this.objects.use(id);
    sendDone(this.#writer, id, serial);
  }

  /** A request of its takes as long as so many usual ones, of which a client may have a number in one turn. */
  charge(requests: number): void {
    this.#host.requests.charge(this, requests);
  }

  /** Sends wl_display.error and disconnects. Later errors and events are swallowed. */
  postError(resource: Resource, code: number, message: string): void {
    if (!this.#alive) return;
    this.#host.log.warn(`client ${this.number}: ${resource.toString()} error ${code}: ${message}`);
    const text = Buffer.from(message.replaceAll('\0', '').slice(0, MAX_ERROR_BYTES / 4));
    const paddedBytes = (text.length + 4) & ~3;
    const writer = this.#writer;
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
    this.#stop();
    this.#await();
  }

  resume(reason: string): void {
    if (!this.#pauses?.delete(reason) || this.#pauses.size > 0 || !this.#alive) return;
    this.#running = true;
    this.#await();
    if (this.connection.keptBytes > 0) this.#host.markBacklog(this);
    if (this.connection.fds.size > 0) this.#host.markStraying(this);
  }

  get paused(): boolean {
    return this.#pauses !== null && this.#pauses.size > 0;
  }

  /** Sends what was written, then nothing more; the objects are freed and the socket closed at the end of the turn. Idempotent. */
  disconnect(): void {
    if (!this.#alive) return;
    this.#writer.flush();
    this.#doom();
  }

  /** Sends the pending events now, as far as the socket takes them. */
  flush(): void {
    if (!this.#alive) return;
    this.#writer.flush();
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
    const { id } = resource;
    // The ids of the server's are those from 0xff00_0000 on: told without a floating-point comparison.
    if (id >>> 24 === 0xff) this.objects.removeServerSide(resource, this.#gone);
    else {
      if (id !== DISPLAY_ID) sendDeleteId(this.#writer, id);
      this.objects.removeClientSide(id);
    }
    resource.writer = CLOSED_WRITER;
  }

  /** For Display alone: one receive and the dispatch of what came. `receive` false: only what was kept. Bytes received and dispatched. */
  read(receive: boolean): number {
    if (!this.#alive) return 0;
    const { connection } = this;
    const { requests } = this.#host;
    let usedBytes = connection.unkeep(requests);
    let count = 0;
    if (receive && usedBytes < requests.bytes.length) {
      count = connection.receive(requests, usedBytes);
      if (count === -EAGAIN) count = 0;
      else if (count <= 0) {
        this.#receiveFailed(-count);
        return 0;
      }
      usedBytes += count;
    }
    const dispatchedBytes = requests.dispatchAll(this, usedBytes);
    connection.keep(requests, dispatchedBytes, usedBytes);
    if (connection.fds.size > 0) this.#strayed();
    if (requests.budgetSpent && this.#running) this.#host.markBacklog(this);
    // Also when the buffer was too full to receive: what filled it did not drain the socket.
    if (receive && !connection.drained && this.#running) this.#watch.lookAgain();
    return count + dispatchedBytes;
  }

  /** For Display alone: the socket is writable, readable or hung up. */
  onEvents(events: number): void {
    this.#watch.tell(this, events);
  }

  /** For Display alone: frees everything, newest object first. */
  destroy(): void {
    if (this.#gone) return;
    this.#doom();
    this.#gone = true;
    this.#watch.close();
    this.#host.fdsInFlight.peerWent();
    for (const resource of this.objects.newestFirst()) {
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
    return this.objects.receiver(id)?.description;
  }

  #tooManyObjects(): ProtocolError {
    return new ProtocolError(this.displayResource, DisplayError.noMemory, 'too many objects');
  }

  /** `errno` 0: the client has hung up. */
  #receiveFailed(errno: number): void {
    if (errno === EMFILE) this.postNoMemory();
    if (errno === ETOOMANYREFS) this.#tooManyStrayFds();
    if (errno !== 0) this.#host.log.debug(`client ${this.number}: receive failed (errno ${errno})`);
    this.disconnect();
  }

  /** See StrayWatch. A paused client's descriptors are those of requests that wait for us. */
  get straying(): boolean {
    return this.#running && this.connection.fds.size > 0;
  }

  cutForStrayFds(): void {
    this.#host.log.warn(`client ${this.number}: sends descriptors and no request with them, cut`);
    this.disconnect();
  }

  #strayed(): void {
    if (this.connection.closeStrayFds()) this.#tooManyStrayFds();
    else if (this.#running) this.#host.markStraying(this);
  }

  #tooManyStrayFds(): void {
    const { noMemory } = DisplayError;
    this.postError(this.displayResource, noMemory, 'too many descriptors that no request takes');
  }

  #doom(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#stop();
    this.#writer.close();
    this.#host.markDoomed(this);
  }

  #stop(): void {
    this.#running = false;
    this.#host.requests.stop();
  }

  /** Awaits what is of interest now: requests unless paused, room for events when they wait. */
  #await(): void {
    if (!this.#alive) return;
    const { blocked, heldUp } = this.#writer;
    if (heldUp) this.#host.markHeldUp(this);
    this.#watch.await(this.#running, blocked && !heldUp);
  }

  #freeingFailed(error: unknown): void {
    this.#host.log.error(`client ${this.number}: freeing it failed`, error);
  }
}
