/** A connection with a window of up to three surfaces, each with its synchronization object. */
import type { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { ClientInterface, Proxy } from '../../protocols/client/proxy.ts';
import {
  WpLinuxDrmSyncobjManagerV1Proxy,
  type WpLinuxDrmSyncobjSurfaceV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import {
  WlCompositorProxy,
  WlSubcompositorProxy,
  type WlSubsurfaceProxy,
  type WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import { CELL } from './screen.ts';
import type { ConnectStep } from './step.ts';
import { SurfaceModel, type GroupModel } from './surface-model.ts';

export interface PuppetConnection {
  readonly fd: OwnedFd;
  readonly number: number;
  readonly poller: Poller;
  /** Lets both sides handle what was sent. */
  readonly settle: () => void;
  readonly onGroup: (group: GroupModel) => void;
}

export interface PuppetSurface {
  readonly proxy: WlSurfaceProxy;
  /** Null for clients without explicit sync. */
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy | null;
  readonly model: SurfaceModel;
  /** Null for the window's main surface. */
  readonly subsurface: WlSubsurfaceProxy | null;
  /** False while the window awaits a configure event. */
  readonly canTakeContent: boolean;
  /** Its content was taken away: a window has to be configured anew. */
  unmapped(): void;
  destroy(): void;
}

export interface PuppetWindow {
  readonly display: ClientDisplay;
  readonly syncManager: WpLinuxDrmSyncobjManagerV1Proxy;
  readonly dmabuf: ZwpLinuxDmabufV1Proxy;
  readonly surfaces: readonly PuppetSurface[];
  /** The initial commit, also after the window was unmapped. Set by the puppet: commits are counted there. */
  onConfigureWanted: () => void;
}

/** Throws when the compositor cuts the connection or offers too little. */
export function openPuppetWindow(
  { fd, poller, settle, onGroup }: PuppetConnection,
  plan: Pick<ConnectStep, 'surfaces' | 'tree' | 'sync'>,
): PuppetWindow {
  const display = ClientDisplay.connect({ poller, fd, env: {} });
  display.flush();
  settle();
  const compositor = bind(display, WlCompositorProxy, 6);
  const wmBase = bind(display, XdgWmBaseProxy, 6);
  const subcompositor = bind(display, WlSubcompositorProxy, 1);
  const syncManager = bind(display, WpLinuxDrmSyncobjManagerV1Proxy, 1);
  const dmabuf = bind(display, ZwpLinuxDmabufV1Proxy, 3);
  wmBase.handler = { ping: (proxy, serial) => proxy.pong(serial) };

  const surfaces: PuppetSurface[] = [];
  const window: PuppetWindow = {
    display,
    syncManager,
    dmabuf,
    surfaces,
    onConfigureWanted: () => undefined,
  };
  const proxy = compositor.createSurface();
  const xdgSurface = wmBase.getXdgSurface(proxy);
  const toplevel = xdgSurface.getToplevel();
  const sync = synchronize(proxy);
  let configured = false;
  xdgSurface.handler = {
    configure: (xdg, serial) => {
      xdg.ackConfigure(serial);
      configured = true;
    },
  };
  surfaces.push({
    proxy,
    sync,
    model: new SurfaceModel(proxy.id, 0, null, onGroup),
    subsurface: null,
    get canTakeContent() {
      return configured;
    },
    unmapped: () => {
      configured = false;
      window.onConfigureWanted();
    },
    destroy: () => {
      sync?.destroy();
      toplevel.destroy();
      xdgSurface.destroy();
      proxy.destroy();
    },
  });
  for (let index = 1; index < plan.surfaces; index++) {
    const parent = surfaces[plan.tree === 'chain' ? index - 1 : 0];
    if (!parent) break;
    surfaces.push(addChild(index, parent));
  }
  return window;

  function synchronize(surface: WlSurfaceProxy): WpLinuxDrmSyncobjSurfaceV1Proxy | null {
    return plan.sync === 'explicit' ? syncManager.getSurface(surface) : null;
  }

  function addChild(index: number, parent: PuppetSurface): PuppetSurface {
    const child = compositor.createSurface();
    const subsurface = subcompositor.getSubsurface(child, parent.proxy);
    subsurface.setPosition((index - parent.model.index) * CELL, 0);
    const childSync = synchronize(child);
    return {
      proxy: child,
      sync: childSync,
      model: new SurfaceModel(child.id, index, parent.model, onGroup),
      subsurface,
      canTakeContent: true,
      unmapped: () => undefined,
      destroy: () => {
        childSync?.destroy();
        subsurface.destroy();
        child.destroy();
      },
    };
  }
}

/** Binds the first global of this interface. Throws when the compositor does not offer it. */
export function bind<P extends Proxy>(
  display: ClientDisplay,
  wanted: { readonly interface: ClientInterface<P> },
  version: number,
): P {
  const { name } = wanted.interface.description;
  const global = display.registry.find(name);
  if (!global) throw new Error(`the compositor does not offer ${name}`);
  return display.registry.bind(wanted, global, Math.min(version, global.version));
}
