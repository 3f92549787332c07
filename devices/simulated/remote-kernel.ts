/** A simulated kernel that lives in another process (see {@link SimServer}), used like any other. */
import { native } from '../../native/binding.ts';
import { systemError } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { EPOLLIN, EPOLLOUT, type Poller } from '../../native/poller.ts';
import { ENODEV } from '../../native/errno.ts';
import type {
  DeviceNode,
  DmabufFences,
  HotplugEvent,
  HotplugSource,
  SyncFileEnd,
  SyncFileInfo,
  SyncFiles,
  SyncKernel,
} from '../sync-kernel.ts';
import type { DeviceId, Point, SyncobjDevice, SyncobjHandle } from '../syncobj-device.ts';
import { RemoteDevice, type OpenedDevice, type RemoteCall } from './remote-device.ts';
import { SimConnectionError, SimMessageSocket, type SimMessage } from './sim-messages.ts';

export interface RemoteKernelOptions {
  /** Where the server listens. */
  readonly path: string;
  /** Drives hot-plug events. */
  readonly poller: Poller;
  /**
   * Waits until the borrowed socket is readable or writable (poll(2) events), for one answer. Blocks by default; a test with the
   * server in its own thread lets that run instead.
   */
  readonly wait?: (fd: number, events: number) => void;
}

/** The server is a local process that does nothing else meanwhile: later than this it is stuck. */
const ANSWER_TIMEOUT_MS = 10_000;

/** A fence at the other process. */
export interface RemoteFence {
  /** A new sync_file, owned by the caller. */
  exportSyncFile(): OwnedFd;
  signal(): boolean;
  fail(errno: number): boolean;
  /** Its number there. */
  readonly number: number;
}

/** See the file comment. Requests block; SimConnectionError when the server has gone. */
export class RemoteKernel implements SyncKernel {
  readonly description = 'simulated, in another process';
  readonly syncFiles: SyncFiles;
  readonly dmabufs: DmabufFences;
  readonly hotplug: HotplugSource;
  readonly #options: RemoteKernelOptions;
  readonly #socket: SimMessageSocket;
  readonly #stoppers = new Set<() => void>();

  /** SystemError: ENOENT, ECONNREFUSED. */
  constructor(options: RemoteKernelOptions) {
    this.#options = options;
    this.#socket = connect(options.path);
    this.syncFiles = {
      info: (fd) => toInfo(this.#call({ op: 'info' }, [fd]).result),
      end: (fd) => toEnd(this.#call({ op: 'info' }, [fd]).result),
      merge: (first, second) => only(this.#call({ op: 'merge' }, [first, second])),
      setDeadline: () => {},
    };
    this.dmabufs = {
      exportSyncFile: (fd, access) => only(this.#call({ op: 'dmabufExport', access }, [fd])),
      importSyncFile: (fd, syncFileFd, access) =>
        void this.#call({ op: 'dmabufImport', access }, [fd, syncFileFd]),
    };
    this.hotplug = { listen: (onEvent) => this.#listen(onEvent) };
  }

  listNodes(): DeviceNode[] {
    return (this.#call({ op: 'nodes' }).result as WireNode[]).map(toNode);
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    const { result } = this.#call({ op: 'open', path: node.path });
    return new RemoteDevice(result as OpenedDevice, this.#call);
  }

  /** A pending fence; with a device it ends at that device's removal. */
  createFence(options: { readonly deviceId?: DeviceId } = {}): RemoteFence {
    const number = this.#call({ op: 'fence', ...options }).result as number;
    const end = (errno: number): boolean =>
      this.#call({ op: 'fenceEnd', fence: number, errno }).result === true;
    return {
      number,
      exportSyncFile: () => only(this.#call({ op: 'fenceExport', fence: number })),
      signal: () => end(0),
      fail: end,
    };
  }

  /** Puts a fence on a point, as a driver does for a job. DeviceLostError; SystemError ENOENT: no such handle. */
  submit(device: SyncobjDevice, handle: SyncobjHandle, point: Point, fence: RemoteFence): void {
    if (!(device instanceof RemoteDevice))
      throw new TypeError(`${device.label} is not of this kernel`);
    device.submit(handle, point, fence.number);
  }

  /** A linear dma-buf of a device, owned by the caller. SystemError ENOENT: no such device. */
  createDmabuf(id: DeviceId, sizeBytes: number): OwnedFd {
    return only(this.#call({ op: 'dmabufCreate', id, sizeBytes }));
  }

  /** Pulls a device, as root does by its sysfs `remove` on a real kernel. SystemError ENOENT: no such device. */
  removeDevice(id: DeviceId): void {
    this.#call({ op: 'unplug', id });
  }

  /** Plugs a device in, a new one or one that was pulled. SystemError EEXIST: it is there. */
  addDevice(id: DeviceId): void {
    this.#call({ op: 'plug', id });
  }

  /** Leaves; the server closes what was opened through this. Idempotent. */
  dispose(): void {
    for (const stop of this.#stoppers) stop();
    this.#socket.close();
  }

  /** A connection of its own, so that events never come between a request and its answer. */
  #listen(onEvent: (event: HotplugEvent) => void): () => void {
    const socket = connect(this.#options.path);
    const receive = (): void => {
      try {
        for (let message = socket.receive(); message; message = socket.receive()) {
          const { event } = message.body;
          if (event !== undefined) onEvent(toEvent(event as WireEvent));
          if (socket.closed) return;
        }
      } catch (error) {
        if (!(error instanceof SimConnectionError)) throw error;
        stop();
      }
    };
    const stop = (): void => {
      this.#stoppers.delete(stop);
      watch.close();
      socket.close();
    };
    exchange(socket, { op: 'listen' }, [], this.#wait);
    const watch = this.#options.poller.watch(socket.fd, EPOLLIN, receive);
    this.#stoppers.add(stop);
    // An event that came with the answer is in our memory already, where the poller does not see it.
    queueMicrotask(() => {
      if (!socket.closed) receive();
    });
    return stop;
  }

  readonly #wait = (fd: number, events: number): void => {
    if (this.#options.wait) this.#options.wait(fd, events);
    else if (native.poll(fd, events, ANSWER_TIMEOUT_MS) === 0)
      throw new SimConnectionError(`${this.#options.path} does not answer`);
  };

  readonly #call: RemoteCall = (body, fds = []) => exchange(this.#socket, body, fds, this.#wait);
}

interface WireNode {
  readonly id: string;
  readonly path: string;
  readonly driver: string;
  readonly kind: DeviceNode['kind'];
  readonly rdev: string;
}

type WireEvent =
  | { readonly type: 'added' | 'changed'; readonly node: WireNode }
  | { readonly type: 'removed'; readonly id: DeviceId; readonly path: string };

interface WireError {
  readonly lost?: true;
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly message: string;
}

function connect(path: string): SimMessageSocket {
  return new SimMessageSocket(new OwnedFd(native.connectUnix(path)));
}

function exchange(
  socket: SimMessageSocket,
  body: SimMessage,
  fds: readonly number[],
  wait: (fd: number, events: number) => void,
): ReturnType<RemoteCall> {
  if (socket.closed) throw new SimConnectionError('this kernel was disposed of');
  socket.send(body, fds, () => wait(socket.fd, EPOLLOUT));
  for (;;) {
    const answer = socket.receive();
    if (!answer) wait(socket.fd, EPOLLIN);
    else if (answer.body['ok'] === true) return { result: answer.body['result'], fds: answer.fds };
    else throw toError(answer.body['error'] as WireError);
  }
}

/** A removed device is told as ENODEV; the device makes a DeviceLostError of it. */
function toError({ lost, errno, syscall, message }: WireError): Error {
  if (lost) return systemError(ENODEV, 'ioctl');
  const error = systemError(errno, syscall);
  error.message = message;
  return error;
}

function only({ fds }: ReturnType<RemoteCall>): OwnedFd {
  const [fd, ...others] = fds;
  for (const other of others) other.close();
  if (!fd) throw new SimConnectionError('an answer without its descriptor');
  return fd;
}

function toNode(node: WireNode): DeviceNode {
  return { ...node, id: node.id as DeviceId, rdev: BigInt(node.rdev) };
}

function toEvent(event: WireEvent): HotplugEvent {
  return event.type === 'removed' ? event : { type: event.type, node: toNode(event.node) };
}

function toEnd(result: unknown): SyncFileEnd | undefined {
  const { status, fences } = toInfo(result);
  if (fences.some((fence) => fence.status === 0)) return undefined;
  const times = fences.map(({ timestampNs }) => timestampNs);
  return { status, timestampNs: times.reduce((latest, ns) => (ns > latest ? ns : latest), 0n) };
}

function toInfo(result: unknown): SyncFileInfo {
  const { status, fences } = result as {
    readonly status: number;
    readonly fences: readonly { readonly status: number; readonly timestampNs: string }[];
  };
  return {
    status,
    fences: fences.map((fence) => ({
      status: fence.status,
      timestampNs: BigInt(fence.timestampNs),
    })),
  };
}
