/** What protocol handlers are made of; the Compositor is one. */
import type { Clock } from '../native/clock.ts';
import type { Display } from '../protocols/server/display.ts';
import type { SyncManager } from '../sync/manager.ts';
import type { Scheduler } from './commit/scheduler.ts';
import type { CompositorLog } from './log.ts';
import type { Surface } from './surface/surface.ts';

export interface HandlerContext {
  readonly display: Display;
  readonly clock: Clock;
  readonly sync: SyncManager;
  readonly scheduler: Scheduler;
  readonly log: CompositorLog;
  /** Whether wl_shm pools keep their descriptors as long as their buffers, for a backend that passes the memory on. */
  readonly keepsPoolFds: boolean;
  /** All live surfaces, in order of creation. */
  readonly surfaces: ReadonlySet<Surface>;
  /** A wl_surface was made: it is in `surfaces` until destroyed. */
  addSurface(surface: Surface): void;
}
