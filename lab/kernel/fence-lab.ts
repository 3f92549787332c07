/** /dev/fencelab (modules/fencelab.c): real kernel fences that end when, and as, the caller says. */
import { native } from '../../native/binding.ts';
import { hasErrno } from '../../native/errors.ts';
import { OwnedFd } from '../../native/fd.ts';
import { O_RDWR } from '../../native/open-flags.ts';

const PATH = '/dev/fencelab';
const IOCTL_CREATE = 0xc010_4601;
const IOCTL_SIGNAL = 0x4008_4602;
const SHARED_CONTEXT = 1;

/** A fence nobody but its maker can signal. */
export interface LabFence {
  /** A sync_file with the fence, owned by the caller. */
  readonly syncFile: OwnedFd;
  /** Ends the fence, once: 0 is success, else a positive errno that FILE_INFO will report. SystemError ENOENT the second time. */
  signal(errno: number): void;
}

/** One open /dev/fencelab. Closing it ends what is pending with ECANCELED. */
export class FenceLab {
  readonly #device: OwnedFd;

  /** SystemError ENOENT when the module is not loaded (`syncline kernel --modules`). */
  constructor() {
    this.#device = new OwnedFd(native.open(PATH, O_RDWR, 0));
  }

  /** Undefined when the module is not loaded. */
  static openIfThere(): FenceLab | undefined {
    try {
      return new FenceLab();
    } catch (error) {
      if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  /** `sharedContext`: in one context with the others made so, like the jobs of one ring; they must then be signalled in order. */
  createFence(options: { sharedContext?: boolean } = {}): LabFence {
    const argument = new DataView(new ArrayBuffer(16));
    argument.setUint32(8, options.sharedContext ? SHARED_CONTEXT : 0, true);
    native.ioctl(this.#device.fd, IOCTL_CREATE, new Uint8Array(argument.buffer));
    const id = argument.getUint32(4, true);
    return {
      syncFile: new OwnedFd(argument.getInt32(0, true)),
      signal: (errno) => this.#signal(id, errno),
    };
  }

  close(): void {
    this.#device.close();
  }

  #signal(id: number, errno: number): void {
    const argument = new DataView(new ArrayBuffer(8));
    argument.setUint32(0, id, true);
    argument.setInt32(4, -errno, true);
    native.ioctl(this.#device.fd, IOCTL_SIGNAL, new Uint8Array(argument.buffer));
  }
}
