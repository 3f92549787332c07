/**
 * A Wayland compositor: makes all its parts and passes them in. No globals, no singletons: several live in one process.
 *
 * The core takes clients' content updates and decides when they apply; the desktop shows them and sends input back.
 */
import type { Clock } from '../native/clock.ts';
import type { Display } from '../protocols/server/display.ts';
import type { SyncManager } from '../sync/manager.ts';
import { DEFAULT_STRATEGY } from '../sync/recovery/default-strategy.ts';
import type { Backend } from './backend/backend.ts';
import type { Scheduler } from './commit/scheduler.ts';
import { createBackend, describeOutputs } from './config.ts';
import type { CompositorOptions } from './config.ts';
import { CompositorCore } from './core.ts';
import type { CoreStats } from './core.ts';
import { Desktop } from './desktop.ts';
import type { DesktopStats } from './desktop.ts';
import { mainDevice } from './handlers/linux-dmabuf-v1.ts';
import { silentLog } from './log.ts';
import type { Output } from './output/output.ts';
import type { Seat } from './seat/seat.ts';
import type { Shell } from './shell/shell.ts';
import type { Surface } from './surface/surface.ts';

/** A plain snapshot. */
export interface CompositorStats extends CoreStats {
  readonly desktop: DesktopStats;
}

export class Compositor {
  readonly core: CompositorCore;
  readonly desktop: Desktop;
  #disposed = false;

  /**
   * Announces all globals; clients come by {@link Compositor.listen} or display.connect. The caller starts or drives the poller,
   * and closes it after {@link Compositor.dispose}. Throws PixmanMissingError, or what the backend throws.
   */
  static create(options: CompositorOptions): Compositor {
    const { poller, clock } = options;
    const log = options.log ?? silentLog;
    const outputs = describeOutputs(options.outputs);
    const backend = createBackend(options.backend, { poller, clock, log, outputs });
    return new Compositor(options, backend);
  }

  private constructor(options: CompositorOptions, backend: Backend) {
    const { poller, clock, kernel, windowManager, keymap } = options;
    this.core = makeCore(options, backend);
    const { display, scheduler, log } = this.core;
    try {
      this.desktop = new Desktop({
        display,
        clock,
        poller,
        scheduler,
        sync: this.core.sync,
        dmabufs: options.kernel.dmabufs,
        log,
        backend,
        dmabufDevice: () => mainDevice(kernel),
        ...(windowManager && { windowManager }),
        ...(keymap !== undefined && { keymap }),
      });
    } catch (error) {
      backend.dispose();
      this.core.dispose();
      throw error;
    }
  }

  get display(): Display {
    return this.core.display;
  }

  get clock(): Clock {
    return this.core.clock;
  }

  get sync(): SyncManager {
    return this.core.sync;
  }

  get scheduler(): Scheduler {
    return this.core.scheduler;
  }

  get surfaces(): ReadonlySet<Surface> {
    return this.core.surfaces;
  }

  get outputs(): readonly Output[] {
    return this.desktop.outputs;
  }

  get seat(): Seat {
    return this.desktop.seat;
  }

  get shell(): Shell {
    return this.desktop.shell;
  }

  /** Opens a display socket; the name is WAYLAND_DISPLAY for clients. Throws a DisplaySocketError. */
  listen(options: { name?: string; runtimeDir?: string } = {}): string {
    return this.display.listen(options);
  }

  stats(): CompositorStats {
    return { ...this.core.stats(), desktop: this.desktop.stats() };
  }

  /** Disconnects all clients, signals what they are owed, gives everything back. Idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.display.close();
    this.desktop.dispose();
    this.core.dispose();
  }
}

function makeCore(options: CompositorOptions, backend: Backend): CompositorCore {
  try {
    return new CompositorCore({
      ...options,
      strategy: options.strategy ?? DEFAULT_STRATEGY,
      keepsPoolFds: backend.passesBuffers,
      ...(backend.allocationHint && { allocationHint: backend.allocationHint }),
    });
  } catch (error) {
    backend.dispose();
    throw error;
  }
}
