/**
 * A kernel whose devices make as many syscalls as a DRM device would, others, and answer from memory.
 *
 * It shows natively, on machines without DRM, what JavaScript adds to the syscalls of a wait. Those of DRM take longer: measured in
 * multiples of getppid(2), an export and its close take as long as those of an eventfd, a query or transfer twice FIONREAD.
 */
import { native } from '../../../native/binding.ts';
import { OwnedFd } from '../../../native/fd.ts';
import type { DeviceNode, SyncKernel } from '../../../devices/sync-kernel.ts';
import type {
  ArmPhase,
  DeviceId,
  Point,
  QueryKind,
  SyncobjCapabilities,
  SyncobjDevice,
  SyncobjHandle,
} from '../../../devices/syncobj-device.ts';

/** What two devices know of one syncobj. Its points have signalled fences, and no others. */
interface StandInSyncobj {
  reached: Point;
  armed: { readonly point: Point; readonly eventfd: number }[];
}

const NODES: readonly DeviceNode[] = ['stand-in:0', 'stand-in:1'].map((id, index) => ({
  id: id as DeviceId,
  path: id,
  driver: 'stand-in',
  kind: 'render',
  rdev: BigInt(index),
}));

const POLLIN = 1;

export class StandInKernel implements SyncKernel {
  readonly description = 'stand-ins for syscalls';
  readonly syncFiles: SyncKernel['syncFiles'] = {
    info: () => refuse(),
    end: (fd) => {
      native.poll(fd, POLLIN, 0);
      return { status: 1, timestampNs: 0n };
    },
    merge: () => refuse(),
    setDeadline: () => undefined,
  };
  readonly dmabufs: SyncKernel['dmabufs'] = {
    exportSyncFile: () => refuse(),
    importSyncFile: () => refuse(),
  };
  readonly hotplug: SyncKernel['hotplug'] = { listen: () => () => undefined };
  /** By the number of the descriptor they were exported as. */
  readonly #exported = new Map<number, StandInSyncobj>();

  listNodes(): DeviceNode[] {
    return [...NODES];
  }

  openDevice(node: DeviceNode): SyncobjDevice {
    return new StandInDevice(node, this.#exported);
  }

  dispose(): void {
    this.#exported.clear();
  }
}

class StandInDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities = {
    timeline: true,
    eventfd: true,
    pointSyncFile: 'transfer',
    importless: false,
  };
  lost = false;
  readonly #exported: Map<number, StandInSyncobj>;
  readonly #syncobjs: StandInSyncobj[] = [];
  readonly #socket: OwnedFd;
  readonly #peer: OwnedFd;

  constructor(node: DeviceNode, exported: Map<number, StandInSyncobj>) {
    this.id = node.id;
    this.label = node.path;
    this.#exported = exported;
    const [socket, peer] = native.socketPair();
    this.#socket = new OwnedFd(socket);
    this.#peer = new OwnedFd(peer);
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    this.#ioctl();
    return this.#add(this.#exported.get(syncobjFd) ?? refuse());
  }

  createTimeline(): SyncobjHandle {
    this.#ioctl();
    return this.#add({ reached: 0n, armed: [] });
  }

  destroy(): void {
    this.#ioctl();
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    const fd = this.#socket.dup();
    this.#exported.set(fd.fd, this.#of(handle));
    return fd;
  }

  /** TRANSFER, then HANDLE_TO_FD where there is a fence. */
  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    this.#ioctl();
    return this.#of(handle).reached < point ? undefined : new OwnedFd(native.eventfd(1));
  }

  importSyncFile(): void {
    refuse();
  }

  arm(handle: SyncobjHandle, point: Point, _phase: ArmPhase, eventfd: number): void {
    this.#ioctl();
    this.#of(handle).armed.push({ point, eventfd });
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, _kind: QueryKind): void {
    this.#ioctl();
    for (let index = 0; index < count; index++)
      points[index] = this.#of(handles[index]! as SyncobjHandle).reached;
  }

  /** One write for each eventfd that fires; the kernel does it within the ioctl. */
  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    for (let index = 0; index < count; index++) {
      const syncobj = this.#of(handles[index]! as SyncobjHandle);
      syncobj.reached = points[index]!;
      const fired = syncobj.armed.filter(({ point }) => point <= syncobj.reached);
      syncobj.armed = syncobj.armed.filter(({ point }) => point > syncobj.reached);
      if (fired.length === 0) this.#ioctl();
      for (const { eventfd } of fired) native.eventfdWrite(eventfd, 1n);
    }
  }

  reset(): void {
    refuse();
  }

  signalBinary(): void {
    refuse();
  }

  transfer(): void {
    refuse();
  }

  markLost(): void {
    this.lost = true;
  }

  close(): void {
    this.lost = true;
    this.#socket.close();
    this.#peer.close();
  }

  #ioctl(): void {
    native.bytesReadable(this.#socket.fd);
  }

  #add(syncobj: StandInSyncobj): SyncobjHandle {
    this.#syncobjs.push(syncobj);
    return this.#syncobjs.length as SyncobjHandle;
  }

  #of(handle: SyncobjHandle): StandInSyncobj {
    return this.#syncobjs[handle - 1] ?? refuse();
  }
}

function refuse(): never {
  throw new Error('a stand-in does only what waiting needs');
}
