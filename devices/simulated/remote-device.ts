/** A device of a simulated kernel in another process: each call is a request. */
import { hasErrno, systemError } from '../../native/errors.ts';
import type { OwnedFd } from '../../native/fd.ts';
import { EINVAL } from '../../native/errno.ts';
import {
  DeviceLostError,
  type ArmPhase,
  type DeviceId,
  type Point,
  type QueryKind,
  type SyncobjCapabilities,
  type SyncobjDevice,
  type SyncobjHandle,
} from '../syncobj-device.ts';
import { SimConnectionError, type SimMessage } from './sim-messages.ts';

/** What the server answers to an open. */
export interface OpenedDevice {
  readonly device: number;
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
}

/** Makes a request with (borrowed) descriptors. The receiver owns those of the answer. */
export type RemoteCall = (
  body: SimMessage,
  fds?: readonly number[],
) => { readonly result: unknown; readonly fds: readonly OwnedFd[] };

/** See the file comment. */
export class RemoteDevice implements SyncobjDevice {
  readonly id: DeviceId;
  readonly label: string;
  readonly capabilities: SyncobjCapabilities;
  readonly #number: number;
  readonly #send: RemoteCall;
  #lost = false;
  #closed = false;

  constructor(opened: OpenedDevice, send: RemoteCall) {
    this.id = opened.id;
    this.label = opened.label;
    this.capabilities = opened.capabilities;
    this.#number = opened.device;
    this.#send = send;
  }

  get lost(): boolean {
    return this.#lost;
  }

  importTimeline(syncobjFd: number): SyncobjHandle {
    try {
      return this.#call('importTimeline', {}, [syncobjFd]).result as SyncobjHandle;
    } catch (error) {
      // A closed descriptor does not even reach the server. The ioctl would call it EINVAL.
      if (!hasErrno(error, 'EBADF')) throw error;
      const detail = `${this.label}: fd ${syncobjFd} is closed`;
      throw systemError(EINVAL, 'ioctl(SYNCOBJ_FD_TO_HANDLE)', detail);
    }
  }

  createTimeline(): SyncobjHandle {
    return this.#call('createTimeline', {}).result as SyncobjHandle;
  }

  destroy(handle: SyncobjHandle): void {
    if (this.#lost) return;
    try {
      this.#call('destroy', { handle });
    } catch (error) {
      if (!(error instanceof DeviceLostError)) throw error;
    }
  }

  exportTimelineFd(handle: SyncobjHandle): OwnedFd {
    return only(this.#call('exportTimelineFd', { handle }));
  }

  exportSyncFile(handle: SyncobjHandle, point: Point): OwnedFd | undefined {
    return this.#call('exportSyncFile', { handle, point: String(point) }).fds[0];
  }

  importSyncFile(handle: SyncobjHandle, point: Point, syncFileFd: number): void {
    this.#call('importSyncFile', { handle, point: String(point) }, [syncFileFd]);
  }

  arm(handle: SyncobjHandle, point: Point, phase: ArmPhase, eventfd: number): void {
    this.#call('arm', { handle, point: String(point), phase }, [eventfd]);
  }

  query(handles: Uint32Array, points: BigUint64Array, count: number, kind: QueryKind): void {
    const list = [...handles.subarray(0, count)];
    const answer = this.#call('query', { handles: list, kind }).result as readonly string[];
    answer.forEach((point, index) => (points[index] = BigInt(point)));
  }

  signal(handles: Uint32Array, points: BigUint64Array, count: number): void {
    this.#call('signal', {
      handles: [...handles.subarray(0, count)],
      points: Array.from(points.subarray(0, count), String),
    });
  }

  reset(handles: Uint32Array, count: number): void {
    this.#call('reset', { handles: [...handles.subarray(0, count)] });
  }

  signalBinary(handles: Uint32Array, count: number): void {
    this.#call('signalBinary', { handles: [...handles.subarray(0, count)] });
  }

  transfer(
    source: SyncobjHandle,
    sourcePoint: Point,
    target: SyncobjHandle,
    targetPoint: Point,
  ): void {
    this.#call('transfer', {
      source,
      sourcePoint: String(sourcePoint),
      target,
      targetPoint: String(targetPoint),
    });
  }

  /** Puts the server's fence of that number on a point. */
  submit(handle: SyncobjHandle, point: Point, fence: number): void {
    this.#request('submit', { op: 'submit', handle, point: String(point), fence }, []);
  }

  markLost(): void {
    this.#lost = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lost = true;
    try {
      this.#send({ op: 'close', device: this.#number });
    } catch (error) {
      // A server that has gone has closed it already.
      if (!(error instanceof SimConnectionError)) throw error;
    }
  }

  #call(operation: string, body: SimMessage, fds: readonly number[] = []): ReturnType<RemoteCall> {
    return this.#request(operation, { ...body, op: 'device', operation }, fds);
  }

  #request(operation: string, body: SimMessage, fds: readonly number[]): ReturnType<RemoteCall> {
    if (this.#lost) throw new DeviceLostError(this.id, this.label, operation);
    try {
      return this.#send({ ...body, device: this.#number }, fds);
    } catch (error) {
      if (!hasErrno(error, 'ENODEV')) throw error;
      this.#lost = true;
      throw new DeviceLostError(this.id, this.label, operation, error);
    }
  }
}

function only({ fds }: ReturnType<RemoteCall>): OwnedFd {
  const [fd] = fds;
  if (!fd) throw new SimConnectionError('an answer without its descriptor');
  return fd;
}
