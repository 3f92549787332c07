/** wp_linux_drm_syncobj_manager_v1, its timelines and surface objects (linux-drm-syncobj-v1.xml). */
import type { OwnedFd } from '../../native/fd.ts';
import type { Disposable } from '../../native/lifetime.ts';
import {
  WpLinuxDrmSyncobjManagerV1Error,
  WpLinuxDrmSyncobjSurfaceV1Error,
} from '../../protocols/generated/linux-drm-syncobj-v1.interfaces.ts';
import { WpLinuxDrmSyncobjManagerV1 } from '../../protocols/generated/linux-drm-syncobj-v1.server.ts';
import type {
  WpLinuxDrmSyncobjManagerV1Requests,
  WpLinuxDrmSyncobjManagerV1Resource,
  WpLinuxDrmSyncobjSurfaceV1Requests,
  WpLinuxDrmSyncobjSurfaceV1Resource,
  WpLinuxDrmSyncobjTimelineV1Resource,
} from '../../protocols/generated/linux-drm-syncobj-v1.server.ts';
import type { WlSurfaceResource } from '../../protocols/generated/wayland.server.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import {
  BudgetExceededError,
  ImportRefusedError,
  InvalidTimelineError,
} from '../../sync/errors.ts';
import { guarded } from '../../sync/guarded.ts';
import { pointFromHalves } from '../../sync/point.ts';
import type { Timeline } from '../../sync/timeline.ts';
import type { Point } from '../../devices/syncobj-device.ts';
import type { BufferContent } from '../buffer/buffer-content.ts';
import { SyncPoint, TimelineReference } from '../buffer/sync-point.ts';
import { ClientState } from '../client-state.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import type { PendingState } from '../surface/pending-state.ts';
import { Surface } from '../surface/surface.ts';

const SYNCOBJ_VERSION = 1;

export interface SyncobjOptions {
  /** Take points with buffers whose readiness no device tells, wl_shm's (the XML leaves it to the compositor). */
  readonly syncForShm: boolean;
}

/**
 * While explicit sync cannot be had the global is withheld and the reason is logged: it comes with the first device that can. Once
 * there it stays, whatever devices do: timelines need none to be kept.
 */
export function createSyncobjGlobal(context: HandlerContext, options: SyncobjOptions): Disposable {
  const { sync, display, log } = context;
  const requests = managerRequests(options);
  let offered = false;
  const offer = (): void => {
    if (offered || !sync.available) return;
    offered = true;
    display.createGlobal(WpLinuxDrmSyncobjManagerV1, SYNCOBJ_VERSION, (resource) => {
      resource.handler = requests;
    });
  };
  const failed = (error: unknown): void => log.error('following devices failed', error);
  const subscription = sync.devices$.subscribe(guarded({ next: offer, error: failed }, failed));
  if (!offered) {
    const reason = sync.unavailableReason ?? 'no reason given';
    log.warn(`explicit sync is not offered to clients: ${reason}`);
  }
  return { dispose: () => subscription.unsubscribe() };
}

function managerRequests(options: SyncobjOptions): WpLinuxDrmSyncobjManagerV1Requests {
  return {
    destroy: () => undefined,

    getSurface(
      resource: WpLinuxDrmSyncobjManagerV1Resource,
      id: WpLinuxDrmSyncobjSurfaceV1Resource,
      surfaceResource: WlSurfaceResource,
    ): void {
      const surface = Surface.of(surfaceResource);
      if (!extendSurface(surface, id)) {
        throw new ProtocolError(
          resource,
          WpLinuxDrmSyncobjManagerV1Error.surfaceExists,
          `wl_surface@${surface.id} has a synchronization object`,
        );
      }
      id.handler = surfaceRequests(surface);
      const removeCheck = surface.addCommitCheck((pending) => checkPoints(id, pending, options));
      id.addDestroyListener(() => {
        removeCheck();
        replacePoint(surface.pending, 'acquirePoint', null);
        replacePoint(surface.pending, 'releasePoint', null);
      });
    },

    importTimeline(
      resource: WpLinuxDrmSyncobjManagerV1Resource,
      id: WpLinuxDrmSyncobjTimelineV1Resource,
      fd: OwnedFd,
    ): void {
      const timeline = importTimeline(resource, fd);
      if (!timeline) return;
      const reference = new TimelineReference(timeline);
      id.data = reference;
      id.handler = { destroy: () => undefined };
      id.addDestroyListener(() => reference.unref());
    },
  };
}

/** Undefined when the client was over its budget. A refusal of the strategy is told as today's compositors tell it. */
function importTimeline(
  resource: WpLinuxDrmSyncobjManagerV1Resource,
  fd: OwnedFd,
): Timeline | undefined {
  try {
    return ClientState.of(resource.client).sync.importTimeline(fd);
  } catch (error) {
    if (error instanceof InvalidTimelineError || error instanceof ImportRefusedError) {
      throw new ProtocolError(
        resource,
        WpLinuxDrmSyncobjManagerV1Error.invalidTimeline,
        error.message,
      );
    }
    if (!(error instanceof BudgetExceededError)) throw error;
    ClientState.of(resource.client).warnOnce('budget', error.message);
    resource.client.postNoMemory();
    return undefined;
  }
}

function surfaceRequests(surface: Surface): WpLinuxDrmSyncobjSurfaceV1Requests {
  const setPoint = (
    resource: WpLinuxDrmSyncobjSurfaceV1Resource,
    kind: 'acquirePoint' | 'releasePoint',
    timeline: WpLinuxDrmSyncobjTimelineV1Resource,
    point: Point,
  ): void => {
    if (surface.destroyed) {
      throw new ProtocolError(
        resource,
        WpLinuxDrmSyncobjSurfaceV1Error.noSurface,
        'its wl_surface was destroyed',
      );
    }
    // Without a reference the client is on its way out (over budget).
    if (!(timeline.data instanceof TimelineReference)) return;
    replacePoint(surface.pending, kind, new SyncPoint(timeline.data, point));
  };
  return {
    destroy: () => undefined,
    setAcquirePoint: (resource, timeline, hi, lo) =>
      setPoint(resource, 'acquirePoint', timeline, pointFromHalves(hi, lo)),
    setReleasePoint: (resource, timeline, hi, lo) =>
      setPoint(resource, 'releasePoint', timeline, pointFromHalves(hi, lo)),
  };
}

function replacePoint(
  pending: PendingState,
  kind: 'acquirePoint' | 'releasePoint',
  point: SyncPoint | null,
): void {
  pending[kind]?.drop();
  pending[kind] = point;
}

/** At wl_surface.commit, on the surface's synchronization object; the first broken rule is told. */
function checkPoints(
  resource: WpLinuxDrmSyncobjSurfaceV1Resource,
  pending: PendingState,
  options: SyncobjOptions,
): void {
  const { buffer, acquirePoint, releasePoint } = pending;
  const fail = (code: number, message: string): never => {
    throw new ProtocolError(resource, code, message);
  };
  if (!buffer) {
    if (acquirePoint || releasePoint) {
      fail(WpLinuxDrmSyncobjSurfaceV1Error.noBuffer, 'points without a buffer');
    }
    return;
  }
  if (!isSupported(buffer.content, options)) {
    const message = `${buffer.content.kind} buffers cannot be synchronized`;
    fail(WpLinuxDrmSyncobjSurfaceV1Error.unsupportedBuffer, message);
  }
  if (!acquirePoint) {
    return fail(WpLinuxDrmSyncobjSurfaceV1Error.noAcquirePoint, 'buffer without acquire point');
  }
  if (!releasePoint) {
    return fail(WpLinuxDrmSyncobjSurfaceV1Error.noReleasePoint, 'buffer without release point');
  }
  const sameTimeline = acquirePoint.timeline.identity === releasePoint.timeline.identity;
  if (sameTimeline && acquirePoint.point >= releasePoint.point) {
    const points = `acquire ${acquirePoint.point}, release ${releasePoint.point}`;
    fail(WpLinuxDrmSyncobjSurfaceV1Error.conflictingPoints, `${points} on one timeline`);
  }
}

function isSupported(content: BufferContent, options: SyncobjOptions): boolean {
  return content.kind === 'dmabuf' || options.syncForShm;
}
