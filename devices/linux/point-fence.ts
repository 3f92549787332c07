/** One call into the addon that takes the fence of a point: the block of memory in which it is asked and answered. */
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import type { SyncFileEnd } from '../sync-kernel.ts';
import type { Point, SyncobjHandle } from '../syncobj-device.ts';

/** Words of 32 bits, as native/src/point_fence.rs has them. */
const DEVICE = 0;
const HANDLE = 1;
const SCRATCH = 2;
const LOOK = 3;
const ERRNO = 8;
const IN_TRANSFER = 9;
const SYNC_FILE = 10;
const STATUS = 11;
/** Words of 64 bits. */
const POINT = 2;
const TIMESTAMP_NS = 3;
const BLOCK_BYTES = 48;

/** See the file comment. Serves one device: the answer is read before the next question. */
export class PointFenceCall {
  readonly #block = new ArrayBuffer(BLOCK_BYTES);
  readonly #words = new Int32Array(this.#block);
  readonly #longs = new BigUint64Array(this.#block);

  /**
   * `look`: ask the fence whether it has ended; then its end is the answer, and leaves no sync_file. Returns the errno, 0 when there
   * is an answer. `scratch`: 0, or a syncobj for kernels that export no point of a timeline.
   */
  ask(
    deviceFd: number,
    handle: SyncobjHandle,
    point: Point,
    scratch: number,
    look: boolean,
  ): number {
    const words = this.#words;
    words[DEVICE] = deviceFd;
    words[HANDLE] = handle;
    words[SCRATCH] = scratch;
    words[LOOK] = look ? 1 : 0;
    this.#longs[POINT] = point;
    native.syncobjTakeFence(this.#block);
    return words[ERRNO]!;
  }

  /** How the fence has ended. Undefined: it was not looked at, or is active; then there is {@link syncFile}. */
  get end(): SyncFileEnd | undefined {
    const status = this.#words[STATUS]!;
    return status === 0 ? undefined : { status, timestampNs: this.#longs[TIMESTAMP_NS]! };
  }

  /** The caller's from now on: to be asked for once. */
  get syncFile(): OwnedFd {
    return new OwnedFd(this.#words[SYNC_FILE]!);
  }

  /** Which ioctl answered the errno. */
  get failedSyscall(): string {
    const name = this.#words[IN_TRANSFER] === 0 ? 'HANDLE_TO_FD' : 'TRANSFER';
    return `ioctl(SYNCOBJ_${name})`;
  }
}
