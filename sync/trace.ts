/**
 * What happened, as typed events: to a hook, to `diagnostics_channel` "xsync:wait" and, with NODE_DEBUG=xsync:sync, to stderr.
 *
 * Events are made only when somebody listens ({@link Tracer.active}).
 */
import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { DeviceId, Point } from '../devices/syncobj-device.ts';
import type { FencePhase, LostReason } from './fence.ts';

/** Which timeline of which owner. */
export interface TimelineRef {
  readonly owner: string;
  readonly timelineId: number;
}

/** One point of it. Waits for bare sync_files and dma-bufs have timelineId 0 and a serial number as point. */
export interface PointRef extends TimelineRef {
  readonly point: Point;
}

export type SyncTraceDetail =
  | { readonly type: 'device-added'; readonly device: DeviceId; readonly label: string }
  | { readonly type: 'device-lost'; readonly device: DeviceId; readonly label: string }
  | ({ readonly type: 'import'; readonly device: DeviceId } & TimelineRef)
  | ({
      readonly type: 'moved';
      readonly from: DeviceId | undefined;
      readonly to: DeviceId;
    } & TimelineRef)
  | ({ readonly type: 'wait' } & PointRef)
  | ({
      readonly type: 'arm';
      readonly phase: 'available' | 'signalled';
      readonly device: DeviceId;
    } & PointRef)
  | ({ readonly type: 'available' } & PointRef)
  | ({ readonly type: 'sync-file' } & PointRef)
  | ({ readonly type: 'parked' } & PointRef)
  | ({
      readonly type: 'signalled';
      readonly timestampNs: bigint;
      readonly errorsVisible: boolean;
    } & PointRef)
  | ({ readonly type: 'failed'; readonly errno: number; readonly timestampNs: bigint } & PointRef)
  | ({ readonly type: 'lost'; readonly reason: LostReason } & PointRef)
  | ({ readonly type: 'cancelled' } & PointRef)
  | ({
      readonly type: 'overdue';
      readonly phase: FencePhase;
      readonly ageNs: bigint;
    } & PointRef)
  | ({ readonly type: 'release-created' } & PointRef)
  | ({ readonly type: 'release-owed'; readonly reason: string } & PointRef)
  | ({ readonly type: 'release-signalled'; readonly by: 'fence' | 'cpu' } & PointRef)
  | ({ readonly type: 'release-abandoned'; readonly reason: string } & PointRef);

export type SyncTraceEvent = SyncTraceDetail & { readonly timeNs: bigint };

/** Called synchronously, in order; must not throw. */
export type SyncTrace = (event: SyncTraceEvent) => void;

const waitChannel = channel('xsync:wait');
const debug = debuglog('xsync:sync');

export class Tracer {
  readonly #hook: SyncTrace | undefined;
  readonly #nowNs: () => bigint;
  /** Known before somebody listens to the channel. */
  readonly #alwaysActive: boolean;

  constructor(nowNs: () => bigint, hook: SyncTrace | undefined) {
    this.#nowNs = nowNs;
    this.#hook = hook;
    this.#alwaysActive = hook !== undefined || debug.enabled;
  }

  /** Ask before making an event. */
  get active(): boolean {
    return this.#alwaysActive || waitChannel.hasSubscribers;
  }

  emit(detail: SyncTraceDetail): void {
    const event: SyncTraceEvent = { ...detail, timeNs: this.#nowNs() };
    this.#hook?.(event);
    if (waitChannel.hasSubscribers) waitChannel.publish(event);
    if (debug.enabled) debug('%o', event);
  }
}
