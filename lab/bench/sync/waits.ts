/** What is measured of waiting: from a commit with a submitted point, or from the signal, to the outcome. */
import { native } from '../../../native/binding.ts';
import type { SyncobjHandle } from '../../../devices/syncobj-device.ts';
import type { SyncOwner } from '../../../sync/owner.ts';
import type { Timeline } from '../../../sync/timeline.ts';
import { median } from '../statistics.ts';
import type { SyncBed } from './bed.ts';

/** What one kind of wait takes. */
export interface WaitTimes {
  readonly p50Ns: number;
  /** Syscalls of a whole wait, from its beginning to its outcome, but for those of node's own loop; on simulated devices its ioctls. */
  readonly calls: number;
}

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

/** TIMELINE_SIGNAL by the client. */
export function signalPoint(bed: SyncBed, handle: SyncobjHandle, point: bigint): void {
  bed.client.signal(Uint32Array.of(handle), BigUint64Array.of(point), 1);
}

/** `warmUp` more come first, for the compiler's sake. */
export interface Amount {
  readonly count: number;
  readonly warmUp: number;
}

/** A point that has signalled before it is waited for. */
export function measureSubmitted(bed: SyncBed, { count, warmUp }: Amount): WaitTimes {
  const { timeline, handle } = shareTimeline(
    bed,
    bed.manager.createOwner('client', () => {}),
  );
  const times: number[] = [];
  const callsBefore = bed.calls;
  const total = warmUp + count;
  for (let index = 0; index < total; index++) {
    const point = BigInt(index + 1);
    signalPoint(bed, handle, point);
    const startNs = native.monotonicNs();
    let endNs: bigint | undefined;
    timeline.waitForPoint(point).subscribe({
      next: ({ type }) => {
        if (type === 'signalled') endNs = native.monotonicNs();
      },
    });
    if (endNs === undefined) throw new Error(`point ${point} was not signalled at once`);
    if (index >= warmUp) times.push(Number(endNs - startNs));
  }
  return { p50Ns: median(times), calls: callsOfAWait(bed, callsBefore, total) };
}

/** A point that is signalled while it is awaited. */
export async function measureSignal(bed: SyncBed, { count, warmUp }: Amount): Promise<WaitTimes> {
  const shared = shareTimeline(
    bed,
    bed.manager.createOwner('client', () => {}),
  );
  const times: number[] = [];
  const callsBefore = bed.calls;
  const total = warmUp + count;
  for (let index = 0; index < total; index++) {
    const tookNs = await signalOnce(bed, shared, BigInt(index + 1));
    if (index >= warmUp) times.push(tookNs);
  }
  return { p50Ns: median(times), calls: callsOfAWait(bed, callsBefore, total) };
}

/** The client has signalled each point with one call, which is not ours. */
function callsOfAWait(bed: SyncBed, callsBefore: number, waits: number): number {
  return (bed.calls - callsBefore - waits) / waits;
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
