/** The server: listens, owns the clients and the globals, and decides when is read and when is sent. */
import { native } from '../../native/binding.ts';
import type { Clock } from '../../native/clock.ts';
import type { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { ChunkPool } from '../wire/chunk-pool.ts';
import { FdsInFlight } from '../wire/fds-in-flight.ts';
import { wireLimits } from '../wire/limits.ts';
import type { WireLimits } from '../wire/limits.ts';
import { SILENT_LOG } from '../wire/log.ts';
import type { WireLog } from '../wire/log.ts';
import { SendRetry } from '../wire/send-retry.ts';
import { isTraced, Trace } from '../wire/trace.ts';
import { Acceptor } from './acceptor.ts';
import { Client } from './client.ts';
import type { ClientHost } from './client-host.ts';
import { displayInterface, DisplayRequests } from './display-requests.ts';
import { DisplaySocket } from './display-socket.ts';
import type { Global } from './global.ts';
import { GlobalRegistry } from './registry.ts';
import { RequestReader } from './request-reader.ts';
import type { Resource, ServerInterface } from './resource.ts';
import { StrayWatch } from './stray-watch.ts';
import { WakeUp } from './wake-up.ts';

export interface DisplayOptions {
  readonly poller: Poller;
  readonly clock: Clock;
  readonly log?: WireLog;
  readonly limits?: Partial<WireLimits>;
  /** Connections beyond it wait until somebody leaves. Default: as many as there are descriptors for. */
  readonly maxClients?: number;
  /**
   * Descriptors on their way, from and to all clients: received and not taken by a request, or not read by the client they are for.
   * Beyond it those above their share are cut. Default: no limit but each client's own ({@link WireLimits}).
   */
  readonly maxFdsInFlight?: number;
  /** For WAYLAND_DEBUG and XDG_RUNTIME_DIR. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gets the lines of WAYLAND_DEBUG. Default: stderr. */
  readonly traceTo?: (line: string) => void;
}

/** Told of connections. */
export interface ClientListener {
  /** One that throws refuses the client. */
  created?(client: Client): void;
  /** Its objects are gone. Told to those who were told of it. */
  destroyed?(client: Client): void;
}

const MAX_DRAIN_ROUNDS = 64;

/** One Wayland server. Everything happens in the turns of its poller, or in {@link drain} and {@link flush}. */
export class Display implements ClientHost {
  readonly poller: Poller;
  readonly limits: WireLimits;
  readonly log: WireLog;
  readonly pool: ChunkPool = new ChunkPool();
  readonly trace: Trace | null;
  readonly requests: RequestReader;
  readonly fdsInFlight: FdsInFlight;
  /** The number the next connection gets; then counts on. */
  nextClientNumber = 1;
  readonly #clock: Clock;
  readonly #sendRetry: SendRetry;
  readonly #strayWatch: StrayWatch;
  readonly #maxClients: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #clients = new Set<Client>();
  readonly #registry = new GlobalRegistry();
  readonly #displayRequests = new DisplayRequests(this.#registry);
  readonly #listeners = new Set<ClientListener>();
  readonly #sockets = new Set<{ acceptor: Acceptor; socket: DisplaySocket | OwnedFd }>();
  readonly #turnEndListeners = new Set<() => void>();
  readonly #stopTurnEnd: () => void;
  /** The first of the list of clients with events to send: each knows the next. */
  #dirty: Client | null = null;
  #doomed: Client[] = [];
  #backlog: Client[] = [];
  readonly #wakeUp: WakeUp;
  #flushQueued = false;
  #serving = false;
  #closed = false;

  constructor(options: DisplayOptions) {
    this.poller = options.poller;
    this.limits = wireLimits(options.limits);
    this.log = options.log ?? SILENT_LOG;
    this.#clock = options.clock;
    this.#sendRetry = new SendRetry(options.clock);
    this.#strayWatch = new StrayWatch(options.clock);
    this.#maxClients = options.maxClients ?? Infinity;
    this.fdsInFlight = new FdsInFlight(options.maxFdsInFlight ?? Infinity);
    this.#env = options.env ?? process.env;
    this.trace = this.#makeTrace(options.traceTo);
    this.requests = new RequestReader(this.limits, this.trace, this.log);
    this.#wakeUp = new WakeUp(options.poller, () => this.#serveBacklog());
    this.#stopTurnEnd = options.poller.onTurnEnd(() => this.#endTurn());
  }

  get clients(): ReadonlySet<Client> {
    return this.#clients;
  }

  /**
   * Listens on `name` in `runtimeDir` (default XDG_RUNTIME_DIR), or on an absolute path; without a name on the first free
   * wayland-N. Returns the name for WAYLAND_DISPLAY. Throws a DisplaySocketError.
   */
  listen(options: { name?: string; runtimeDir?: string } = {}): string {
    const runtimeDir = options.runtimeDir ?? this.#env['XDG_RUNTIME_DIR'];
    const socket =
      options.name === undefined
        ? DisplaySocket.createAuto(runtimeDir)
        : DisplaySocket.create(options.name, runtimeDir);
    this.#accept(socket);
    return socket.name;
  }

  /**
   * Accepts connections on a socket that listens already (LISTEN_FDS, security contexts). Takes ownership. `onClient` gets each new
   * client before its first request is read. Returns what ends the listening and closes the socket.
   */
  listenFd(socket: OwnedFd, onClient?: (client: Client) => void): () => void {
    return this.#accept(socket, onClient);
  }

  /** Makes a client of a connected socket. Takes ownership, also when it throws: then there is no client. */
  connect(socket: OwnedFd): Client {
    const client = new Client(this, socket, this.nextClientNumber, displayInterface);
    this.nextClientNumber++;
    client.displayResource.handler = this.#displayRequests;
    this.#clients.add(client);
    const told: ClientListener[] = [];
    try {
      for (const listener of this.#listeners) {
        listener.created?.(client);
        told.push(listener);
      }
    } catch (error) {
      this.#clients.delete(client);
      client.destroy();
      this.#tellDestroyed(client, told);
      throw error;
    }
    return client;
  }

  /**
   * Announces a global to those for whom `filter` is true. `bind` gets each new resource and sets its handler.
   * Throws a RangeError for a version the interface has not.
   */
  createGlobal<R>(
    type: ServerInterface<R>,
    version: number,
    bind: (resource: Resource<R>) => void,
    options: { filter?: (client: Client) => boolean } = {},
  ): Global {
    // Only resources of this type are ever given to it.
    const bindAny = bind as (resource: Resource) => void;
    return this.#registry.create(type, version, bindAny, options.filter);
  }

  addClientListener(listener: ClientListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Told at the end of each turn, before its events are sent: for what is done once, however many requests wanted it. Returns the remover.
   */
  onTurnEnd(listener: () => void): () => void {
    this.#turnEndListeners.add(listener);
    return () => this.#turnEndListeners.delete(listener);
  }

  /** Outside a turn one ends when the running script does. */
  endTurnSoon(): void {
    this.#flushSoon();
  }

  /** The next event serial: 1 to 2^32 - 1, then again. */
  nextSerial(): number {
    const requests = this.#displayRequests;
    requests.serial = requests.serial === 0xffff_ffff ? 1 : requests.serial + 1;
    return requests.serial;
  }

  /**
   * Accepts, reads and dispatches all that clients have written until now, then sends the answers. A client that never stops writing
   * is read for a bounded number of rounds. Does nothing within a request handler.
   */
  drain(): void {
    if (this.#serving) return;
    for (const { acceptor } of this.#sockets) acceptor.acceptAll();
    for (let round = 0; round < MAX_DRAIN_ROUNDS; round++) {
      let progressBytes = 0;
      for (const client of this.#clients)
        if (!client.paused) progressBytes += this.#read(client, true);
      if (progressBytes === 0) break;
    }
    this.#endTurn();
  }

  /** Sends all pending events, as far as the sockets take them. */
  flush(): void {
    for (let client = this.#dirty; client !== null; client = this.#dirty) {
      this.#dirty = client.nextDirty;
      client.nextDirty = null;
      client.dirty = false;
      client.flush();
    }
  }

  /** Sends what is pending, disconnects everybody, frees everything and unlinks the sockets. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { acceptor, socket } of this.#sockets) {
      acceptor.close();
      socket.close();
    }
    for (const client of this.#clients) {
      client.disconnect();
      client.destroy();
    }
    this.#doomed = [];
    this.#wakeUp.close();
    this.#sendRetry.close();
    this.#strayWatch.close();
    this.#stopTurnEnd();
  }

  /** wl_fixes.ack_global_remove: false when no such global was removed. */
  acknowledgeRemoval(registry: Resource, name: number): boolean {
    return this.#registry.acknowledgeRemoval(registry, name);
  }

  markDirty(client: Client): void {
    if (client.dirty) return;
    client.dirty = true;
    client.nextDirty = this.#dirty;
    this.#dirty = client;
    this.#flushSoon();
  }

  markStraying(client: Client): void {
    this.#strayWatch.touch(client);
  }

  markHeldUp(client: Client): void {
    this.#sendRetry.add(client);
  }

  markDoomed(client: Client): void {
    this.#doomed.push(client);
    this.#flushSoon();
  }

  markBacklog(client: Client): void {
    this.#backlog.push(client);
    this.#wakeUp.request();
  }

  serve(client: Client, events: number): void {
    this.#serving = true;
    try {
      client.onEvents(events);
    } finally {
      this.#serving = false;
    }
  }

  forget(client: Client): void {
    this.#strayWatch.forget(client);
    if (this.#clients.delete(client)) this.#tellDestroyed(client, this.#listeners);
    for (const { acceptor } of this.#sockets) acceptor.retry();
  }

  #tellDestroyed(client: Client, listeners: Iterable<ClientListener>): void {
    for (const listener of listeners) {
      try {
        listener.destroyed?.(client);
      } catch (error) {
        // Others that are doomed have to go as well.
        this.log.error(`client ${client.number}: freeing it failed`, error);
      }
    }
  }

  #accept(socket: DisplaySocket | OwnedFd, onClient?: (client: Client) => void): () => void {
    try {
      native.setNonBlocking(socket.fd, true);
      const acceptor = new Acceptor(socket.fd, {
        poller: this.poller,
        clock: this.#clock,
        log: this.log,
        hasRoom: () => this.#clients.size < this.#maxClients,
        onConnection: (connected) => this.#welcome(connected, onClient),
      });
      const listening = { acceptor, socket };
      this.#sockets.add(listening);
      return () => {
        if (!this.#sockets.delete(listening)) return;
        acceptor.close();
        socket.close();
      };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  #welcome(socket: OwnedFd, onClient: ((client: Client) => void) | undefined): void {
    let client: Client | undefined;
    try {
      client = this.connect(socket);
      onClient?.(client);
    } catch (error) {
      // Half of a client could do what the whole may not.
      client?.destroy();
      this.log.error('a connection could not be made a client', error);
    }
  }

  #read(client: Client, receive: boolean): number {
    this.#serving = true;
    try {
      return client.read(receive);
    } finally {
      this.#serving = false;
    }
  }

  /** Events made outside a turn of the poller are sent when the running script ends. */
  #flushSoon(): void {
    if (this.#flushQueued || this.#serving) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#endTurn();
    });
  }

  #endTurn(): void {
    if (this.#serving || this.#closed) return;
    this.#tellTurnEnd();
    this.flush();
    while (this.#doomed.length > 0) {
      const doomed = this.#doomed;
      this.#doomed = [];
      for (const client of doomed) client.destroy();
      this.#tellTurnEnd();
      this.flush();
    }
  }

  #tellTurnEnd(): void {
    for (const listener of this.#turnEndListeners) {
      try {
        listener();
      } catch (error) {
        this.log.error('at the end of a turn', error);
      }
    }
  }

  #serveBacklog(): void {
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const client of backlog) this.#read(client, false);
  }

  #makeTrace(write: ((line: string) => void) | undefined): Trace | null {
    if (!isTraced('server', this.#env)) return null;
    const nowUs = () => Number(this.#clock.nowNs() / 1000n);
    return new Trace({ side: 'server', nowUs, ...(write && { write }) });
  }
}
