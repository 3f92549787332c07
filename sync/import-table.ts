/** One syncobj in all the devices that know it, and the fd it came with. */
import type { OwnedFd } from '../native/fd.ts';
import { hasErrno } from '../native/errors.ts';
import {
  DeviceLostError,
  type DeviceId,
  type SyncobjDevice,
  type SyncobjHandle,
} from '../devices/syncobj-device.ts';
import type { Account } from './budget.ts';
import type { SyncContext } from './context.ts';
import { ImportRefusedError, InvalidTimelineError } from './errors.ts';

/** A syncobj as one device knows it. */
export interface TimelineImport {
  readonly device: SyncobjDevice;
  readonly handle: SyncobjHandle;
}

/** What came of an attempt to import: `retry` = the system had no room (ENOMEM), `gone` = the device went meanwhile. */
export type ImportResult = 'done' | 'gone' | 'impossible' | 'invalid' | 'retry';

export class ImportTable {
  readonly #context: SyncContext;
  readonly #account: Account;
  readonly #timelineId: number;
  readonly #imports = new Map<SyncobjDevice, SyncobjHandle>();
  #fd: OwnedFd | undefined;
  #current: TimelineImport | undefined;
  #lastLost: DeviceId | undefined;

  /** Takes `fd`, which the account has already been charged for. */
  constructor(context: SyncContext, account: Account, timelineId: number, fd: OwnedFd) {
    this.#context = context;
    this.#account = account;
    this.#timelineId = timelineId;
    this.#fd = fd;
  }

  /** The import that waits and releases use. Undefined: no live device knows the syncobj. */
  get current(): TimelineImport | undefined {
    return this.#current;
  }

  /** The device `current` was last on, if that was lost. */
  get lastLost(): DeviceId | undefined {
    return this.#lastLost;
  }

  /** Whether a device that comes later can still be given the syncobj. */
  get keepsFd(): boolean {
    return this.#fd !== undefined;
  }

  get handles(): number {
    return this.#imports.size;
  }

  /**
   * The first import, where the strategy wants it. Without any device (or room) a strategy that keeps fds has it stay a debt.
   * InvalidTimelineError: not a syncobj. ImportRefusedError: it cannot be taken now.
   */
  place(): void {
    const { strategy } = this.#context;
    for (;;) {
      const devices = strategy.placeTimeline(this.#context.recovery());
      if (devices.length === 0) return this.#refuseUnlessKept('no device');
      const results = devices.map((device) => this.add(device));
      if (results.includes('invalid')) throw new InvalidTimelineError(this.#account.name);
      if (results.includes('gone') && strategy.importFailureIsFatal)
        return this.#refuse('its device is going');
      if (this.#current) break;
      if (results.includes('gone')) continue;
      return this.#refuseUnlessKept('the import failed');
    }
    if (!strategy.keepsFd) this.dropFd();
  }

  /** Imports into `device` if it does not know the syncobj yet, from the fd or by way of another live import. Never throws. */
  add(device: SyncobjDevice): ImportResult {
    if (this.#imports.has(device)) return 'done';
    let borrowed: OwnedFd | undefined;
    try {
      const source = this.#fd ?? (borrowed = this.#exportFromAnother());
      if (!source) return 'impossible';
      const handle = device.importTimeline(source.fd);
      this.#imports.set(device, handle);
      this.#current ??= { device, handle };
      const { tracer } = this.#context;
      if (tracer.active)
        tracer.emit({
          type: 'import',
          owner: this.#account.name,
          timelineId: this.#timelineId,
          device: device.id,
        });
      return 'done';
    } catch (error) {
      if (error instanceof DeviceLostError) {
        this.#context.deviceLost(device);
        return 'gone';
      }
      return hasErrno(error, 'EINVAL') || hasErrno(error, 'EBADF') ? 'invalid' : 'retry';
    } finally {
      borrowed?.close();
    }
  }

  /** Makes `device` the one that waits and releases use. */
  moveTo(device: SyncobjDevice): ImportResult {
    if (this.#current?.device === device) return 'done';
    const result = this.add(device);
    const handle = this.#imports.get(device);
    if (result !== 'done' || handle === undefined) return result;
    const from = this.#lastLost;
    this.#current = { device, handle };
    if (from === undefined) return 'done';
    const { tracer } = this.#context;
    if (tracer.active)
      tracer.emit({
        type: 'moved',
        owner: this.#account.name,
        timelineId: this.#timelineId,
        from,
        to: device.id,
      });
    return 'done';
  }

  /** The device is gone and its handles with it. Returns whether waits and releases now lack an import. */
  forget(device: SyncobjDevice): boolean {
    this.#imports.delete(device);
    if (this.#current?.device === device) {
      this.#current = undefined;
      this.#lastLost = device.id;
    }
    return this.#current === undefined;
  }

  /** From here on only handles are held. Idempotent. */
  dropFd(): void {
    if (!this.#fd) return;
    this.#fd.close();
    this.#fd = undefined;
    this.#account.fds.give();
  }

  /** Destroys every handle and closes the fd. Idempotent. */
  dispose(): void {
    for (const [device, handle] of this.#imports) {
      try {
        device.destroy(handle);
      } catch (error) {
        // ENODEV frees it as well; anything else would be our own wrong handle.
        if (!(error instanceof DeviceLostError))
          this.#context.log.error(`${device.label}: destroy failed`, error);
      }
    }
    this.#imports.clear();
    this.#current = undefined;
    this.dropFd();
  }

  #exportFromAnother(): OwnedFd | undefined {
    for (const [device, handle] of this.#imports) {
      try {
        return device.exportTimelineFd(handle);
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error;
        this.#context.deviceLost(device);
      }
    }
    return undefined;
  }

  #refuseUnlessKept(reason: string): void {
    if (!this.#context.strategy.keepsFd) this.#refuse(reason);
  }

  #refuse(reason: string): never {
    throw new ImportRefusedError(this.#account.name, this.#context.strategy.name, reason);
  }
}
