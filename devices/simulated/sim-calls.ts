/** What happens around each call into the simulated kernel: counting, hooks for races, injected faults. */
import { systemError } from '../../native/errors.ts';
import { EINTR, EINVAL, EMFILE, ENOMEM } from '../../native/errno.ts';
import type { DeviceId, SyncobjDevice } from '../syncobj-device.ts';

/** The calls of a {@link SyncobjDevice} that reach the kernel. */
export type SimOperation =
  | 'importTimeline'
  | 'createTimeline'
  | 'destroy'
  | 'exportTimelineFd'
  | 'exportSyncFile'
  | 'importSyncFile'
  | 'arm'
  | 'query'
  | 'signal'
  | 'reset'
  | 'signalBinary'
  | 'transfer';

/** A call that is about to happen, or has just succeeded. */
export interface SimCall {
  readonly phase: 'before' | 'after';
  readonly operation: SimOperation;
  readonly device: SyncobjDevice;
}

/** A fault to inject. */
export interface SimFault {
  readonly operation: SimOperation;
  readonly code: 'EMFILE' | 'ENOMEM' | 'EINVAL' | 'EINTR';
  /** Only on this device. */
  readonly deviceId?: DeviceId;
  /** Calls that still succeed first. */
  readonly afterCalls?: number;
  /** How many calls fail then; for ever when left out. */
  readonly times?: number;
}

interface ActiveFault extends SimFault {
  toPass: number;
  toFail: number;
}

const ERRNO: Readonly<Record<SimFault['code'], number>> = { EINTR, ENOMEM, EINVAL, EMFILE };

/** See the file comment. */
export class SimCalls {
  readonly #counts = new Map<string, number>();
  readonly #interceptors = new Set<(call: SimCall) => void>();
  readonly #faults = new Set<ActiveFault>();
  #total = 0;

  /** All ioctls so far. */
  get total(): number {
    return this.#total;
  }

  /** Ioctls so far by kernel name, as "SYNCOBJ_EVENTFD". */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Counts one ioctl. */
  count(ioctl: string): void {
    this.#total++;
    this.#counts.set(ioctl, (this.#counts.get(ioctl) ?? 0) + 1);
  }

  /** Calls back around every device call, synchronously: the way to act between two of them. Returns its remover. */
  intercept(callback: (call: SimCall) => void): () => void {
    this.#interceptors.add(callback);
    return () => this.#interceptors.delete(callback);
  }

  /** Returns the remover of the fault. */
  inject(fault: SimFault): () => void {
    const active = {
      ...fault,
      toPass: fault.afterCalls ?? 0,
      toFail: fault.times ?? Number.POSITIVE_INFINITY,
    };
    this.#faults.add(active);
    return () => this.#faults.delete(active);
  }

  announce(phase: SimCall['phase'], operation: SimOperation, device: SyncobjDevice): void {
    if (this.#interceptors.size === 0) return;
    for (const interceptor of this.#interceptors) interceptor({ phase, operation, device });
  }

  /** Throws the SystemError of a fault that is due. */
  check(operation: SimOperation, device: SyncobjDevice): void {
    for (const fault of this.#faults) {
      if (fault.operation !== operation) continue;
      if (fault.deviceId !== undefined && fault.deviceId !== device.id) continue;
      if (fault.toPass > 0) {
        fault.toPass--;
        continue;
      }
      if (--fault.toFail <= 0) this.#faults.delete(fault);
      throw systemError(ERRNO[fault.code], operation, `${device.label}: injected fault`);
    }
  }
}
