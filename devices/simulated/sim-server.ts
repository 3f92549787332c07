/**
 * Lets other processes use this process's simulated kernel, over a Unix socket. Its state never leaves here: they have
 * descriptors, which mean nothing but to this kernel, and make requests.
 */
import { rmSync } from 'node:fs';
import { native } from '../../native/binding.ts';
import { isSystemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN, type Poller, type Watch } from '../../native/poller.ts';
import type { HotplugEvent } from '../sync-kernel.ts';
import { DeviceLostError } from '../syncobj-device.ts';
import { SimMessageSocket, type ReceivedMessage, type SimMessage } from './sim-messages.ts';
import { SimSession } from './sim-session.ts';
import type { SimulatedKernel } from './simulated-kernel.ts';

const BACKLOG = 16;
/** Requests of one connection handled before others have their turn. */
const MAX_REQUESTS_A_TURN = 64;

/** See the file comment. Driven by the poller; a blocking requester must not live in the same thread. */
export class SimServer {
  readonly #kernel: SimulatedKernel;
  readonly #poller: Poller;
  readonly #path: string;
  readonly #socket: OwnedFd;
  readonly #watch: Watch;
  readonly #connections = new Set<Connection>();

  /** Creates the socket at `path`, which must not exist. SystemError: EADDRINUSE, EACCES. */
  constructor(kernel: SimulatedKernel, poller: Poller, path: string) {
    this.#kernel = kernel;
    this.#poller = poller;
    this.#path = path;
    this.#socket = new OwnedFd(native.listenUnix(path, BACKLOG));
    this.#watch = poller.watch(this.#socket.fd, EPOLLIN, () => this.#accept());
  }

  /** Connected processes (a process that watches hot-plug counts twice). */
  get connections(): number {
    return this.#connections.size;
  }

  /** Closes all connections and removes the socket. Idempotent. */
  dispose(): void {
    if (this.#socket.closed) return;
    this.#watch.close();
    this.#socket.close();
    rmSync(this.#path, { force: true });
    for (const connection of this.#connections) connection.close();
  }

  #accept(): void {
    for (;;) {
      const accepted = native.accept(this.#socket.fd);
      if (accepted < 0) return;
      const socket = new SimMessageSocket(new OwnedFd(accepted));
      const connection = new Connection(this.#kernel, this.#poller, socket, () =>
        this.#connections.delete(connection),
      );
      this.#connections.add(connection);
    }
  }
}

class Connection {
  readonly #kernel: SimulatedKernel;
  readonly #socket: SimMessageSocket;
  readonly #session: SimSession;
  readonly #watch: Watch;
  readonly #onClose: () => void;
  #stopListening: (() => void) | undefined;

  constructor(
    kernel: SimulatedKernel,
    poller: Poller,
    socket: SimMessageSocket,
    onClose: () => void,
  ) {
    this.#kernel = kernel;
    this.#socket = socket;
    this.#session = new SimSession(kernel);
    this.#onClose = onClose;
    this.#watch = poller.watch(socket.fd, EPOLLIN, () => this.#receive());
  }

  close(): void {
    if (this.#socket.closed) return;
    this.#stopListening?.();
    this.#watch.close();
    this.#socket.close();
    this.#session.dispose();
    this.#onClose();
  }

  #receive(): void {
    try {
      for (let turn = 0; turn < MAX_REQUESTS_A_TURN; turn++) {
        const message = this.#socket.receive();
        if (!message) return;
        this.#answer(message);
      }
    } catch {
      // It has gone, or does not speak our language; either way its things are given back.
      this.close();
    }
  }

  #answer(message: ReceivedMessage): void {
    let answerFds: readonly OwnedFd[] = [];
    try {
      let body: SimMessage;
      try {
        if (message.body['op'] === 'listen') {
          this.#listen();
          body = { ok: true };
        } else {
          const { result, fds = [] } = this.#session.handle(message);
          answerFds = fds;
          body = { ok: true, result };
        }
      } catch (error) {
        body = { ok: false, error: toWireError(error) };
      }
      this.#socket.send(
        body,
        answerFds.map(({ fd }) => fd),
      );
    } finally {
      for (const fd of [...message.fds, ...answerFds]) fd.close();
    }
  }

  #listen(): void {
    this.#stopListening ??= this.#kernel.hotplug.listen((event) => {
      try {
        this.#socket.send({ event: toWireEvent(event) }, []);
      } catch {
        this.close();
      }
    });
  }
}

function toWireEvent(event: HotplugEvent): object {
  if (event.type === 'removed') return event;
  return { type: event.type, node: { ...event.node, rdev: String(event.node.rdev) } };
}

/** Errors the requester is meant to see; anything else is a bug here, and is thrown. */
function toWireError(error: unknown): object {
  if (error instanceof DeviceLostError) return { lost: true, operation: error.operation };
  if (!isSystemError(error)) throw error;
  const { code, errno, syscall, message } = error;
  return { code, errno, syscall, message };
}
