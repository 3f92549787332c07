/** Points of a client's timelines, waited for without a compositor: what the benches of many waits are made of. */
import { native } from '../../../native/binding.ts';
import type { SyncobjHandle } from '../../../devices/syncobj-device.ts';
import type { SyncOwner } from '../../../sync/owner.ts';
import type { Timeline } from '../../../sync/timeline.ts';
import type { SyncBed } from './bed.ts';

/** One end with the client, one with us. */
export interface SharedTimeline {
  readonly timeline: Timeline;
  /** In the client's device. */
  readonly handle: SyncobjHandle;
}

export function shareTimeline(bed: SyncBed, owner: SyncOwner): SharedTimeline {
  const handle = bed.client.createTimeline();
  return { timeline: owner.importTimeline(bed.client.exportTimelineFd(handle)), handle };
}

/** Made once: what is small enough to be inside the heap has to be copied out of it for the first call into the addon. */
const signalledHandle = new Uint32Array(1);
const signalledPoint = new BigUint64Array(1);

/** TIMELINE_SIGNAL by the client. */
export function signalPoint(bed: SyncBed, handle: SyncobjHandle, point: bigint): void {
  signalledHandle[0] = handle;
  signalledPoint[0] = point;
  bed.client.signal(signalledHandle, signalledPoint, 1);
}

/** `warmUp` more come first, for the compiler's sake. */
export interface Amount {
  readonly count: number;
  readonly warmUp: number;
}

/** Waits for a point, signals it, and tells the time from the signal to the outcome. */
export function signalOnce(
  bed: SyncBed,
  { timeline, handle }: SharedTimeline,
  point: bigint,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let startNs = 0n;
    timeline.waitForPoint(point).subscribe({
      next: ({ type }) => {
        if (startNs > 0n && type === 'signalled') resolve(Number(native.monotonicNs() - startNs));
        else reject(new Error(`point ${point}: ${type} too early`));
      },
      error: reject,
    });
    // Not in the turn that began the wait: a compositor is told of signals in a turn of their own.
    setImmediate(() => {
      startNs = native.monotonicNs();
      signalPoint(bed, handle, point);
    });
  });
}
