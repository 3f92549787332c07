/**
 * Explicit sync with the host: timelines of ours for the points of our commits to it.
 *
 * An acquire point is signalled before it is named: we have waited for the client's fence ourselves. Release points have a timeline
 * for each use at a time, so that no signal passes for that of a use before it.
 */
import type { Disposable } from '../../native/lifetime.ts';
import { DeviceLostError, type Point, type SyncobjDevice } from '../../devices/syncobj-device.ts';
import type {
  WpLinuxDrmSyncobjManagerV1Proxy,
  WpLinuxDrmSyncobjSurfaceV1Proxy,
  WpLinuxDrmSyncobjTimelineV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { isSystemError } from '../../native/errors.ts';
import { BudgetExceededError, ImportRefusedError } from '../../sync/errors.ts';
import { ClientTimeline } from '../../sync/client-timeline.ts';
import type { SyncManager } from '../../sync/manager.ts';
import type { SyncOwner } from '../../sync/owner.ts';
import { pointToHalves } from '../../sync/point.ts';
import type { Timeline } from '../../sync/timeline.ts';

/** A syncobj of ours that the host knows. */
interface SharedTimeline {
  readonly own: ClientTimeline;
  readonly proxy: WpLinuxDrmSyncobjTimelineV1Proxy;
  point: Point;
}

/** Where the host will signal the end of one use. */
export interface HostReleasePoint {
  readonly timeline: Timeline;
  readonly point: Point;
  /** Gives it back. `signalled`: nothing more will happen to its timeline, which can serve another use. */
  end(signalled: boolean): void;
}

interface ReleaseSlot extends SharedTimeline {
  readonly timeline: Timeline;
}

export class HostTimelines implements Disposable {
  readonly #manager: WpLinuxDrmSyncobjManagerV1Proxy;
  readonly #sync: SyncManager;
  readonly #owner: SyncOwner;
  readonly #free: ReleaseSlot[] = [];
  readonly #slots = new Set<ReleaseSlot>();
  #acquire: SharedTimeline | undefined;

  constructor(manager: WpLinuxDrmSyncobjManagerV1Proxy, sync: SyncManager) {
    this.#manager = manager;
    this.#sync = sync;
    this.#owner = sync.createOwner('host', () => undefined);
  }

  getSurface(
    surface: Parameters<WpLinuxDrmSyncobjManagerV1Proxy['getSurface']>[0],
  ): WpLinuxDrmSyncobjSurfaceV1Proxy {
    return this.#manager.getSurface(surface);
  }

  /** Sets both points of the next commit of `surface`'s. Undefined, and nothing set: there is no device to make points with. */
  setPoints(surface: WpLinuxDrmSyncobjSurfaceV1Proxy): HostReleasePoint | undefined {
    const slot = this.#takeSlot();
    if (!slot) return undefined;
    const acquire = this.#signalledAcquire();
    if (!acquire) {
      this.#free.push(slot);
      return undefined;
    }
    slot.point += 1n;
    const { point, timeline } = slot;
    const at = pointToHalves(acquire.point);
    const to = pointToHalves(point);
    surface.setAcquirePoint(acquire.proxy, at.high, at.low);
    surface.setReleasePoint(slot.proxy, to.high, to.low);
    let live = true;
    const end = (signalled: boolean): void => {
      if (!live) return;
      live = false;
      if (signalled) this.#free.push(slot);
      else this.#drop(slot);
    };
    return { timeline, point, end };
  }

  /** The host is told nothing any more. */
  dispose(): void {
    for (const slot of this.#slots) this.#drop(slot);
    if (this.#acquire) disposeShared(this.#acquire);
    this.#owner.dispose();
  }

  #takeSlot(): ReleaseSlot | undefined {
    const free = this.#free.pop();
    if (free) return free;
    const shared = this.#share();
    if (!shared) return undefined;
    try {
      const slot = { ...shared, timeline: this.#owner.importTimeline(shared.own.exportFd()) };
      this.#slots.add(slot);
      return slot;
    } catch (error) {
      disposeShared(shared);
      if (isWantOfRoom(error)) return undefined;
      throw error;
    }
  }

  /** Its timeline with the newest point signalled. */
  #signalledAcquire(): SharedTimeline | undefined {
    const acquire = (this.#acquire ??= this.#share());
    if (!acquire) return undefined;
    const point = acquire.point + 1n;
    acquire.own.promise(point);
    try {
      acquire.own.signal(point);
    } catch (error) {
      if (!(error instanceof DeviceLostError) || !this.#rescue(acquire.own)) return undefined;
    }
    acquire.point = point;
    return acquire;
  }

  /** On whatever device is left. */
  #rescue(timeline: ClientTimeline): boolean {
    const rescued = this.#onSomeDevice((device) => timeline.rescue(device));
    return rescued !== undefined;
  }

  /** Undefined: no device, or no room. */
  #share(): SharedTimeline | undefined {
    const own = this.#onSomeDevice((device) => new ClientTimeline(device));
    if (!own) return undefined;
    try {
      using fd = own.exportFd();
      return { own, proxy: this.#manager.importTimeline(fd.fd), point: 0n };
    } catch (error) {
      own.dispose();
      if (isWantOfRoom(error)) return undefined;
      throw error;
    }
  }

  #onSomeDevice<T>(act: (device: SyncobjDevice) => T): T | undefined {
    for (const device of this.#sync.devices) {
      try {
        return act(device);
      } catch (error) {
        // The manager notices by itself, at its own next call; so do we.
        if (!(error instanceof DeviceLostError) && !isWantOfRoom(error)) throw error;
      }
    }
    return undefined;
  }

  #drop(slot: ReleaseSlot): void {
    if (!this.#slots.delete(slot)) return;
    slot.timeline.dispose();
    disposeShared(slot);
  }
}

/** EMFILE, ENOMEM, a budget, a strategy that cannot now: the host does without explicit sync for this commit. */
function isWantOfRoom(error: unknown): boolean {
  return (
    isSystemError(error) ||
    error instanceof BudgetExceededError ||
    error instanceof ImportRefusedError
  );
}

function disposeShared({ own, proxy }: SharedTimeline): void {
  proxy.destroy();
  own.dispose();
}
