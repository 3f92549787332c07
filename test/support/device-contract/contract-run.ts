/** One run of one contract case: the devices and descriptors it uses, and the trace it leaves. */
import { native } from '../../../native/binding.ts';
import { isSystemError } from '../../../native/errors.ts';
import { OwnedFd } from '../../../native/fd.ts';
import { Lifetime } from '../../../native/lifetime.ts';
import type { SyncKernel } from '../../../devices/sync-kernel.ts';
import {
  DeviceLostError,
  type Point,
  type QueryKind,
  type SyncobjCapabilities,
  type SyncobjDevice,
  type SyncobjHandle,
} from '../../../devices/syncobj-device.ts';
import { fenceOf } from '../fence-of.ts';

/** A: where the compositor imports. B: where the client creates. */
export type Gpu = 'A' | 'B';

export interface PendingFence {
  readonly syncFile: OwnedFd;
  /** 0 or a positive errno. */
  end(errno: number): void;
}

/** A kernel with two GPUs that can be pulled and plugged in. */
export interface ContractRig {
  readonly kernel: SyncKernel;
  open(gpu: Gpu): SyncobjDevice;
  /** Returns when its ioctls answer ENODEV and its node is gone. */
  remove(gpu: Gpu): Promise<void>;
  add(gpu: Gpu): Promise<void>;
  createFence(): PendingFence;
  createDmabuf(): OwnedFd;
  /** Gives the kernel time for what it does a moment later. */
  settle(): Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  /** It pulls a GPU out: not for devices that cannot be pulled. */
  readonly pulls?: true;
  /** It needs fences that end with an error: not for vgem's, which cannot. */
  readonly fails?: true;
  run(run: ContractRun): Promise<void>;
  /** What kernel-facts says the trace is. */
  readonly expected: readonly string[] | ((capabilities: SyncobjCapabilities) => readonly string[]);
}

const POLLIN = 1;

/** See the file comment. */
export class ContractRun {
  readonly trace: string[] = [];
  readonly rig: ContractRig;
  readonly #lifetime = new Lifetime();

  constructor(rig: ContractRig) {
    this.rig = rig;
  }

  device(gpu: Gpu): SyncobjDevice {
    return this.#lifetime.add(this.rig.open(gpu));
  }

  own(fd: OwnedFd): OwnedFd {
    return this.#lifetime.add(fd);
  }

  eventfd(): OwnedFd {
    return this.own(new OwnedFd(native.eventfd(0)));
  }

  fence(): PendingFence {
    const fence = this.rig.createFence();
    this.own(fence.syncFile);
    return fence;
  }

  /** Puts a fence on a point as a client's driver would. */
  attach(
    device: SyncobjDevice,
    handle: SyncobjHandle,
    point: Point,
    fence = this.fence(),
  ): PendingFence {
    device.importSyncFile(handle, point, fence.syncFile.fd);
    return fence;
  }

  signal(device: SyncobjDevice, handle: SyncobjHandle, point: Point): void {
    device.signal(Uint32Array.of(handle), BigUint64Array.of(point), 1);
  }

  query(device: SyncobjDevice, handle: SyncobjHandle, kind: QueryKind = 'signalled'): Point {
    const points = new BigUint64Array(1);
    device.query(Uint32Array.of(handle), points, 1, kind);
    return points[0] ?? 0n;
  }

  exportPoint(device: SyncobjDevice, handle: SyncobjHandle, point: Point): OwnedFd {
    const syncFile = this.own(fenceOf(device, handle, point));
    this.#takenAlike(device, handle, point, syncFile);
    return syncFile;
  }

  /** Traces whether a point has a fence, or the errno of asking. */
  attemptExport(label: string, device: SyncobjDevice, handle: SyncobjHandle, point: Point): void {
    try {
      const syncFile = device.exportSyncFile(handle, point);
      this.trace.push(`${label}: ${syncFile ? 'ok' : 'no fence'}`);
      if (syncFile) this.own(syncFile);
      this.#takenAlike(device, handle, point, syncFile);
    } catch (error) {
      this.trace.push(`${label}: ${errnoOf(error)}`);
      if (device.takeFence && !device.lost) {
        const again = this.#errnoOfTaking(device, handle, point);
        if (again !== errnoOf(error)) this.trace.push(`${label}, taken: ${again}`);
      }
    }
  }

  /** Traces how a call ends: "ok", its value, or its errno. */
  attempt<T>(label: string, call: () => T): T | undefined {
    try {
      const value = call();
      const shown = typeof value === 'bigint' || typeof value === 'number' ? `${value}` : 'ok';
      this.trace.push(`${label}: ${shown}`);
      if (value instanceof OwnedFd) this.own(value);
      return value;
    } catch (error) {
      this.trace.push(`${label}: ${errnoOf(error)}`);
      return undefined;
    }
  }

  /** Traces a call that makes a handle, whose number says nothing. */
  attemptHandle(label: string, call: () => SyncobjHandle): SyncobjHandle | undefined {
    let handle: SyncobjHandle | undefined;
    this.attempt(label, () => {
      handle = call();
    });
    return handle;
  }

  /** Traces how often each eventfd has fired since it was last asked. */
  async fired(label: string, ...eventfds: readonly OwnedFd[]): Promise<void> {
    await this.rig.settle();
    const counts = eventfds.map((eventfd) => native.eventfdRead(eventfd.fd) ?? 0n);
    this.trace.push(`${label}: ${counts.join(' ')}`);
  }

  /** Traces a timeline's points. */
  points(label: string, device: SyncobjDevice, handle: SyncobjHandle): void {
    const signalled = this.query(device, handle);
    const submitted = this.query(device, handle, 'submitted');
    this.trace.push(`${label}: signalled ${signalled} submitted ${submitted}`);
  }

  /** Traces what FILE_INFO tells, and whether the sync_file polls readable. */
  async status(label: string, syncFile: OwnedFd): Promise<void> {
    await this.rig.settle();
    const readable = (native.poll(syncFile.fd, POLLIN, 0) & POLLIN) !== 0;
    const { status } = this.rig.kernel.syncFiles.info(syncFile.fd);
    this.trace.push(`${label}: ${status}${readable ? ' readable' : ''}`);
    // Readable and over are the same thing: what a wait asks must agree with the poll.
    const end = this.rig.kernel.syncFiles.end(syncFile.fd);
    if ((end !== undefined) !== readable || (end && end.status !== status))
      this.trace.push(`${label}: ended ${end?.status}`);
  }

  /** Traces the status of each fence inside a sync_file. */
  async fences(label: string, syncFile: OwnedFd): Promise<void> {
    await this.rig.settle();
    const { fences } = this.rig.kernel.syncFiles.info(syncFile.fd);
    this.trace.push(`${label}: ${fences.map(({ status }) => status).join(' ')}`);
  }

  /** A device that takes a fence in one call tells the same as in several. Traces nothing then. */
  #takenAlike(
    device: SyncobjDevice,
    handle: SyncobjHandle,
    point: Point,
    syncFile: OwnedFd | undefined,
  ): void {
    const taken = device.takeFence?.(handle, point);
    if (!device.takeFence) return;
    if (taken instanceof OwnedFd) this.own(taken);
    const end = syncFile && this.rig.kernel.syncFiles.end(syncFile.fd);
    const exported = end ? `${end.status} at ${end.timestampNs}` : syncFile ? 'active' : 'none';
    const told = !taken
      ? 'none'
      : taken instanceof OwnedFd
        ? 'active'
        : `${taken.status} at ${taken.timestampNs}`;
    if (told !== exported) this.trace.push(`exported: ${exported}, taken: ${told}`);
  }

  #errnoOfTaking(device: SyncobjDevice, handle: SyncobjHandle, point: Point): string {
    try {
      device.takeFence?.(handle, point);
      return 'ok';
    } catch (error) {
      return errnoOf(error);
    }
  }

  /** Closes what the case has left open. */
  dispose(): void {
    this.#lifetime.dispose();
  }
}

/** Runs a case on a rig and returns its trace beside the expected one. */
export async function playContract(
  contractCase: ContractCase,
  rig: ContractRig,
): Promise<{ trace: readonly string[]; expected: readonly string[] }> {
  const probe = rig.open('A');
  const { capabilities } = probe;
  probe.close();
  const run = new ContractRun(rig);
  try {
    await contractCase.run(run);
  } finally {
    run.dispose();
  }
  const { expected } = contractCase;
  return {
    trace: run.trace,
    expected: typeof expected === 'function' ? expected(capabilities) : expected,
  };
}

function errnoOf(error: unknown): string {
  if (error instanceof DeviceLostError) return 'ENODEV';
  if (isSystemError(error)) return error.code;
  throw error;
}
