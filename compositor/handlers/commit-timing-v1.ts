/** wp_commit_timing_manager_v1 and wp_commit_timer_v1 (commit-timing-v1.xml). */
import {
  WpCommitTimerV1Error,
  WpCommitTimingManagerV1Error,
} from '../../protocols/generated/commit-timing-v1.interfaces.ts';
import { WpCommitTimingManagerV1 } from '../../protocols/generated/commit-timing-v1.server.ts';
import type {
  WpCommitTimerV1Requests,
  WpCommitTimingManagerV1Requests,
} from '../../protocols/generated/commit-timing-v1.server.ts';
import type { Global } from '../../protocols/server/global.ts';
import { ProtocolError } from '../../protocols/server/protocol-error.ts';
import type { HandlerContext } from '../handler-context.ts';
import { extendSurface } from '../surface/extension.ts';
import { Surface } from '../surface/surface.ts';

const COMMIT_TIMING_VERSION = 1;
const NS_PER_SECOND = 1_000_000_000;

export function createCommitTimingGlobal(context: HandlerContext): Global {
  return context.display.createGlobal(
    WpCommitTimingManagerV1,
    COMMIT_TIMING_VERSION,
    (resource) => {
      resource.handler = managerRequests;
    },
  );
}

const managerRequests: WpCommitTimingManagerV1Requests = {
  destroy: () => undefined,

  getTimer(resource, id, surfaceResource): void {
    const surface = Surface.of(surfaceResource);
    if (!extendSurface(surface, id)) {
      throw new ProtocolError(
        resource,
        WpCommitTimingManagerV1Error.commitTimerExists,
        `wl_surface@${surface.id} has a commit timer`,
      );
    }
    id.handler = timerRequests(surface);
  },
};

function timerRequests(surface: Surface): WpCommitTimerV1Requests {
  return {
    setTimestamp(resource, secondsHi, secondsLo, nanoseconds): void {
      const fail = (code: number, message: string): never => {
        throw new ProtocolError(resource, code, message);
      };
      if (surface.destroyed) {
        fail(WpCommitTimerV1Error.surfaceDestroyed, 'its wl_surface was destroyed');
      }
      if (nanoseconds >>> 0 >= NS_PER_SECOND) {
        fail(WpCommitTimerV1Error.invalidTimestamp, `${nanoseconds >>> 0} nanoseconds`);
      }
      if (surface.pending.targetTimeNs !== undefined) {
        fail(WpCommitTimerV1Error.timestampExists, 'this commit has a timestamp');
      }
      const seconds = (BigInt(secondsHi >>> 0) << 32n) | BigInt(secondsLo >>> 0);
      surface.pending.targetTimeNs = seconds * BigInt(NS_PER_SECOND) + BigInt(nanoseconds >>> 0);
    },

    destroy: () => undefined,
  };
}
