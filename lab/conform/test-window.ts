/** A toplevel window of a case, with or without a synchronization object. */
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WpPresentationProxy } from '../../protocols/generated/presentation-time.client.ts';
import type { WlBufferProxy, WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type {
  XdgSurfaceProxy,
  XdgToplevelProxy,
} from '../../protocols/generated/xdg-shell.client.ts';
import type { CaseRun } from './case-run.ts';
import type { TestClient } from './test-client.ts';
import { highWord, lowWord, type TimelinePoint } from './test-timeline.ts';
import { CaseFailedError } from './verdicts.ts';

/** A commit, as the compositor tells of it. */
export interface CommittedFrame {
  /** By the frame callback: the commit has had its turn. Work on its buffer may still be going on, if the GPU waits for that. */
  shown: boolean;
  /** By wp_presentation: it is on screen. Undefined without that protocol. */
  presented: boolean | undefined;
}

/** A wl_surface with its synchronization object, as a window or a subsurface has it. */
export class SyncSurface {
  readonly surface: WlSurfaceProxy;
  /** Null for a surface without explicit sync. */
  sync: WpLinuxDrmSyncobjSurfaceV1Proxy | null;
  readonly #presentation: WpPresentationProxy | undefined;

  constructor(
    client: TestClient,
    surface: WlSurfaceProxy,
    sync: WpLinuxDrmSyncobjSurfaceV1Proxy | null,
  ) {
    this.surface = surface;
    this.sync = sync;
    this.#presentation = client.presentation;
  }

  setAcquire({ timeline, point }: TimelinePoint): void {
    this.sync?.setAcquirePoint(timeline.proxy, highWord(point), lowWord(point));
  }

  setRelease({ timeline, point }: TimelinePoint): void {
    this.sync?.setReleasePoint(timeline.proxy, highWord(point), lowWord(point));
  }

  attach(buffer: WlBufferProxy | null): void {
    this.surface.attach(buffer, 0, 0);
    if (buffer) this.surface.damage(0, 0, 0x7fff_ffff, 0x7fff_ffff);
  }

  /** Commits with a frame callback, and presentation feedback where there is such. */
  commit(): CommittedFrame {
    const frame: CommittedFrame = { shown: false, presented: undefined };
    this.surface.frame().handler = {
      done: () => {
        frame.shown = true;
      },
    };
    if (this.#presentation) {
      frame.presented = false;
      this.#presentation.feedback(this.surface).handler = {
        presented: () => {
          frame.presented = true;
        },
      };
    }
    this.surface.commit();
    return frame;
  }

  /** The whole of one explicitly synchronized commit. */
  show(buffer: WlBufferProxy, acquire: TimelinePoint, release: TimelinePoint): CommittedFrame {
    this.setAcquire(acquire);
    this.setRelease(release);
    this.attach(buffer);
    return this.commit();
  }

  /** Unmaps it. */
  unmap(): void {
    this.surface.attach(null, 0, 0);
    this.surface.commit();
  }
}

export class TestWindow extends SyncSurface {
  readonly #xdgSurface: XdgSurfaceProxy;
  readonly #toplevel: XdgToplevelProxy;

  private constructor(
    client: TestClient,
    surface: WlSurfaceProxy,
    sync: WpLinuxDrmSyncobjSurfaceV1Proxy | null,
    xdgSurface: XdgSurfaceProxy,
    toplevel: XdgToplevelProxy,
  ) {
    super(client, surface, sync);
    this.#xdgSurface = xdgSurface;
    this.#toplevel = toplevel;
  }

  /** Resolves when the first configure is acknowledged. */
  static async open(
    run: CaseRun,
    client: TestClient,
    options: { readonly explicitSync: boolean },
  ): Promise<TestWindow> {
    const surface = client.compositor.createSurface();
    const xdgSurface = client.wmBase.getXdgSurface(surface);
    const toplevel = xdgSurface.getToplevel();
    let configured = false;
    xdgSurface.handler = {
      configure: (proxy, serial) => {
        proxy.ackConfigure(serial);
        configured = true;
      },
    };
    toplevel.setTitle('syncline conform');
    surface.commit();
    await run.until(() => configured || !client.display.open);
    if (!configured) {
      throw new CaseFailedError(
        `a window was never configured${client.error ? `: ${client.error.message}` : ''}`,
        client.error ? 'killed' : 'stuck',
      );
    }
    const sync = options.explicitSync ? client.syncobj.getSurface(surface) : null;
    return new TestWindow(client, surface, sync, xdgSurface, toplevel);
  }

  /** Destroys the role, then the wl_surface; the synchronization object stays. */
  destroySurface(): void {
    this.#toplevel.destroy();
    this.#xdgSurface.destroy();
    this.surface.destroy();
  }
}
