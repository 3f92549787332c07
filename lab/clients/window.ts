/** A client's window: the globals an explicit-sync client needs, one toplevel, its syncobj surface. */
import type { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { Proxy, ClientInterface } from '../../protocols/client/proxy.ts';
import {
  WlCompositorProxy,
  type WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import {
  WpLinuxDrmSyncobjManagerV1Proxy,
  type WpLinuxDrmSyncobjSurfaceV1Proxy,
} from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import type { World } from '../world/world.ts';

export interface Window {
  readonly surface: WlSurfaceProxy;
  readonly sync: WpLinuxDrmSyncobjSurfaceV1Proxy;
  readonly syncManager: WpLinuxDrmSyncobjManagerV1Proxy;
  readonly dmabuf: ZwpLinuxDmabufV1Proxy;
  /** wl_surface.commit requests made so far. */
  readonly commits: number;
  destroy(): void;
}

const CONFIGURE_LIMIT_MS = 5000;

/** Binds the globals and maps nothing yet: resolves when the first configure is acknowledged. */
export async function openWindow(
  world: World,
  display: ClientDisplay,
  title: string,
): Promise<Window> {
  let synced = false;
  display.sync(() => (synced = true));
  display.flush();
  await reached(world, display, () => synced, 'the registry');

  const compositor = bind(display, WlCompositorProxy, 6);
  const wmBase = bind(display, XdgWmBaseProxy, 6);
  const dmabuf = bind(display, ZwpLinuxDmabufV1Proxy, 3);
  const syncManager = bind(display, WpLinuxDrmSyncobjManagerV1Proxy, 1);
  wmBase.handler = { ping: (proxy, serial) => proxy.pong(serial) };

  const surface = compositor.createSurface();
  const xdgSurface = wmBase.getXdgSurface(surface);
  const toplevel = xdgSurface.getToplevel();
  const sync = syncManager.getSurface(surface);
  let configured = false;
  xdgSurface.handler = {
    configure: (proxy, serial) => {
      proxy.ackConfigure(serial);
      configured = true;
    },
  };
  toplevel.setTitle(title);
  surface.commit();
  display.flush();
  await reached(world, display, () => configured, 'the first configure');

  return {
    surface,
    sync,
    syncManager,
    dmabuf,
    commits: 1,
    destroy: () => {
      sync.destroy();
      toplevel.destroy();
      xdgSurface.destroy();
      surface.destroy();
    },
  };
}

/** Binds the first global of this interface. Throws when the compositor does not offer it. */
function bind<P extends Proxy>(
  display: ClientDisplay,
  wanted: { readonly interface: ClientInterface<P> },
  version: number,
): P {
  const global = display.registry.find(wanted.interface.description.name);
  if (!global)
    throw new Error(`the compositor does not offer ${wanted.interface.description.name}`);
  return display.registry.bind(wanted, global, Math.min(version, global.version));
}

async function reached(
  world: World,
  display: ClientDisplay,
  condition: () => boolean,
  what: string,
): Promise<void> {
  const closed = (): boolean => display.error !== undefined;
  await world.until(() => condition() || closed(), CONFIGURE_LIMIT_MS);
  if (!condition()) {
    throw new Error(
      `the client never got ${what}${display.error ? `: ${display.error.message}` : ''}`,
    );
  }
}
