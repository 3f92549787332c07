/** Signals points by the CPU, many with one ioctl where they fall due together. */
import { DeviceLostError, type Point, type SyncobjDevice } from '../devices/syncobj-device.ts';
import type { TimelineImport } from './import-table.ts';

/** One point to be signalled. Exactly one of the three is called for each attempt. */
export interface Signallable {
  readonly point: Point;
  /** Where it can be signalled now. Undefined: nowhere. */
  readonly signalAt: TimelineImport | undefined;
  signalled(): void;
  /** No device takes it: stays owed. */
  unsignalled(): void;
  /** The device lives but refused: to be tried again. */
  signalFailed(error: unknown): void;
}

export class SignalBatch {
  readonly #deviceLost: (device: SyncobjDevice) => void;
  #handles = new Uint32Array(16);
  #points = new BigUint64Array(16);
  #pending: Signallable[] = [];
  #depth = 0;

  constructor(deviceLost: (device: SyncobjDevice) => void) {
    this.#deviceLost = deviceLost;
  }

  /** Signals now, or at the end of the outermost {@link run}. */
  add(item: Signallable): void {
    this.#pending.push(item);
    if (this.#depth === 0) this.flush();
  }

  /** What falls due within `scope` is signalled with one call a device. */
  run(scope: () => void): void {
    this.#depth++;
    try {
      scope();
    } finally {
      if (--this.#depth === 0) this.flush();
    }
  }

  /** Signals what has fallen due, also within {@link run}. */
  flush(): void {
    while (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = [];
      const [first] = pending;
      if (pending.length === 1 && first?.signalAt) {
        this.#signal(first.signalAt.device, pending);
        continue;
      }
      const byDevice = new Map<SyncobjDevice, Signallable[]>();
      for (const item of pending) {
        const device = item.signalAt?.device;
        if (!device) item.unsignalled();
        else if (byDevice.has(device)) byDevice.get(device)?.push(item);
        else byDevice.set(device, [item]);
      }
      for (const [device, items] of byDevice) this.#signal(device, items);
    }
  }

  #signal(device: SyncobjDevice, items: readonly Signallable[]): void {
    try {
      this.#callDevice(device, items);
    } catch (error) {
      if (error instanceof DeviceLostError) {
        for (const item of items) item.unsignalled();
        this.#deviceLost(device);
      } else if (items.length > 1) {
        // One of them spoils the call for all: find out which.
        for (const item of items) this.#signal(device, [item]);
      } else {
        items[0]?.signalFailed(error);
      }
      return;
    }
    for (const item of items) item.signalled();
  }

  #callDevice(device: SyncobjDevice, items: readonly Signallable[]): void {
    if (items.length > this.#handles.length) {
      this.#handles = new Uint32Array(2 * items.length);
      this.#points = new BigUint64Array(2 * items.length);
    }
    let count = 0;
    for (const item of items) {
      const at = item.signalAt;
      // The device may have been lost through an earlier item of this batch.
      if (at?.device !== device) continue;
      this.#handles[count] = at.handle;
      this.#points[count++] = item.point;
    }
    if (count < items.length) throw new DeviceLostError(device.id, device.label, 'signal');
    device.signal(this.#handles, this.#points, count);
  }
}
