/** The compositor we are a client of: its globals, as far as a nested compositor needs them. */
import type { OwnedFd } from '../../native/fd.ts';
import type { Poller } from '../../native/poller.ts';
import { ClientDisplay } from '../../protocols/client/client-display.ts';
import type { Proxy, ClientInterface } from '../../protocols/client/proxy.ts';
import { WpAlphaModifierV1Proxy } from '../../protocols/generated/alpha-modifier-v1.client.ts';
import { WpContentTypeManagerV1Proxy } from '../../protocols/generated/content-type-v1.client.ts';
import { WpCursorShapeManagerV1Proxy } from '../../protocols/generated/cursor-shape-v1.client.ts';
import { ZwpLinuxDmabufV1Proxy } from '../../protocols/generated/linux-dmabuf-v1.client.ts';
import { WpLinuxDrmSyncobjManagerV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import { ZwpIdleInhibitManagerV1Proxy } from '../../protocols/generated/idle-inhibit-unstable-v1.client.ts';
import { ZwpPointerConstraintsV1Proxy } from '../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { WpPresentationProxy } from '../../protocols/generated/presentation-time.client.ts';
import { ZwpRelativePointerManagerV1Proxy } from '../../protocols/generated/relative-pointer-unstable-v1.client.ts';
import { WpSinglePixelBufferManagerV1Proxy } from '../../protocols/generated/single-pixel-buffer-v1.client.ts';
import { WpTearingControlManagerV1Proxy } from '../../protocols/generated/tearing-control-v1.client.ts';
import { WpViewporterProxy } from '../../protocols/generated/viewporter.client.ts';
import {
  WlCompositorProxy,
  WlShmProxy,
  WlSubcompositorProxy,
} from '../../protocols/generated/wayland.client.ts';
import { ZxdgDecorationManagerV1Proxy } from '../../protocols/generated/xdg-decoration-unstable-v1.client.ts';
import { XdgWmBaseProxy } from '../../protocols/generated/xdg-shell.client.ts';
import type { CompositorLog } from '../log.ts';
import { HostAllocation } from './host-allocation.ts';
import { HostOutputs } from './host-outputs.ts';
import { HostSeat } from './host-seat.ts';

/** There is no host, or it lacks something we cannot do without. */
export class HostUnavailableError extends Error {
  readonly code = 'SYNCLINE_HOST_UNAVAILABLE';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'HostUnavailableError';
  }
}

/** What one turn of our clients may lead to at most, while the host reads nothing: then they are held. */
const LIMITS = { maxQueuedBytes: 64 * 2 ** 20 };
/** Versions we know how to use; a host may offer less. */
const VERSIONS = { compositor: 6, shm: 1, wmBase: 6, presentation: 1 } as const;
/** The last that lists its modifiers in plain events: feedback says no more of formats than we need, which is linear. */
const DMABUF_VERSION = 3;
/** Those whose feedback names a main device. */
const FEEDBACK_SINCE = 4;
const FEEDBACK_VERSION = 5;
const DRM_FORMAT_MOD_LINEAR = 0n;
/** clock_gettime(2): what our own times are of. */
const CLOCK_MONOTONIC = 1;
/** damage_buffer, which needs no thought about scales. */
const MIN_COMPOSITOR = 4;

export class HostConnection {
  readonly display: ClientDisplay;
  readonly compositor: WlCompositorProxy;
  readonly shm: WlShmProxy;
  readonly wmBase: XdgWmBaseProxy;
  readonly seat: HostSeat;
  readonly decorations: ZxdgDecorationManagerV1Proxy | null;
  readonly cursorShapes: WpCursorShapeManagerV1Proxy | null;
  readonly idleInhibit: ZwpIdleInhibitManagerV1Proxy | null;
  readonly pointerConstraints: ZwpPointerConstraintsV1Proxy | null;
  readonly relativePointers: ZwpRelativePointerManagerV1Proxy | null;
  readonly subcompositor: WlSubcompositorProxy | null;
  readonly viewporter: WpViewporterProxy | null;
  readonly singlePixel: WpSinglePixelBufferManagerV1Proxy | null;
  readonly syncobj: WpLinuxDrmSyncobjManagerV1Proxy | null;
  readonly alphaModifier: WpAlphaModifierV1Proxy | null;
  readonly contentTypes: WpContentTypeManagerV1Proxy | null;
  readonly tearingControl: WpTearingControlManagerV1Proxy | null;
  readonly dmabuf: ZwpLinuxDmabufV1Proxy | null;
  /** Null where the host gives no feedback. */
  readonly allocation: HostAllocation | null;
  /** wl_shm.format codes the host takes. */
  readonly shmFormats: Set<number> = new Set();
  /** DRM fourccs the host takes in linear dma-bufs. */
  readonly dmabufFormats: Set<number> = new Set();
  readonly outputs: HostOutputs;
  readonly #presentation: WpPresentationProxy | null;
  #presentationClock: number | undefined;

  /**
   * Connects as WAYLAND_DISPLAY of `env` says, or takes the connected socket `fd`, and learns the globals. The poller must run.
   * Rejects with HostUnavailableError.
   */
  static async open(options: {
    readonly poller: Poller;
    readonly env: NodeJS.ProcessEnv;
    readonly log: CompositorLog;
    readonly fd?: OwnedFd;
  }): Promise<HostConnection> {
    const { poller, env, log, fd } = options;
    let display: ClientDisplay;
    try {
      display = ClientDisplay.connect({ poller, env, log, limits: LIMITS, ...(fd && { fd }) });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new HostUnavailableError(`no host compositor: ${detail}`, error);
    }
    try {
      await display.roundtrip();
      const host = new HostConnection(display);
      await display.roundtrip();
      return host;
    } catch (error) {
      display.close();
      if (error instanceof HostUnavailableError) throw error;
      throw new HostUnavailableError('the host compositor ended the connection', error);
    }
  }

  private constructor(display: ClientDisplay) {
    this.display = display;
    this.compositor = this.#need(WlCompositorProxy, VERSIONS.compositor, MIN_COMPOSITOR);
    this.shm = this.#need(WlShmProxy, VERSIONS.shm, 1);
    this.shm.handler = { format: (_, format) => this.shmFormats.add(format) };
    this.wmBase = this.#need(XdgWmBaseProxy, VERSIONS.wmBase, 1);
    this.wmBase.handler = { ping: (proxy, serial) => proxy.pong(serial) };
    this.seat = new HostSeat(display.registry);
    this.decorations = this.#want(ZxdgDecorationManagerV1Proxy, 1);
    this.cursorShapes = this.#want(WpCursorShapeManagerV1Proxy, 2);
    this.idleInhibit = this.#want(ZwpIdleInhibitManagerV1Proxy, 1);
    this.pointerConstraints = this.#want(ZwpPointerConstraintsV1Proxy, 1);
    this.relativePointers = this.#want(ZwpRelativePointerManagerV1Proxy, 1);
    this.subcompositor = this.#want(WlSubcompositorProxy, 1);
    this.viewporter = this.#want(WpViewporterProxy, 1);
    this.singlePixel = this.#want(WpSinglePixelBufferManagerV1Proxy, 1);
    this.alphaModifier = this.#want(WpAlphaModifierV1Proxy, 1);
    this.contentTypes = this.#want(WpContentTypeManagerV1Proxy, 1);
    this.tearingControl = this.#want(WpTearingControlManagerV1Proxy, 1);
    this.syncobj = this.#want(WpLinuxDrmSyncobjManagerV1Proxy, 1);
    this.dmabuf = this.#want(ZwpLinuxDmabufV1Proxy, DMABUF_VERSION);
    if (this.dmabuf) {
      this.dmabuf.handler = {
        modifier: (_, format, hi, lo) => {
          const modifier = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
          if (modifier === DRM_FORMAT_MOD_LINEAR) this.dmabufFormats.add(format | 0);
        },
      };
    }
    const feedback =
      (display.registry.find('zwp_linux_dmabuf_v1')?.version ?? 0) >= FEEDBACK_SINCE
        ? this.#want(ZwpLinuxDmabufV1Proxy, FEEDBACK_VERSION)
        : null;
    this.allocation = feedback && new HostAllocation(feedback);
    this.#presentation = this.#want(WpPresentationProxy, VERSIONS.presentation);
    if (this.#presentation) {
      this.#presentation.handler = {
        clockId: (_, clock) => {
          this.#presentationClock = clock;
        },
      };
    }
    this.outputs = new HostOutputs(display.registry);
  }

  /** Null where the host does not tell when frames are seen, or in times of another clock than ours. */
  get presentation(): WpPresentationProxy | null {
    return this.#presentationClock === CLOCK_MONOTONIC ? this.#presentation : null;
  }

  /** Why clients' buffers cannot be passed through to this host at all; undefined when they can. */
  get passThroughObstacle(): string | undefined {
    if (!this.subcompositor) return 'the host compositor offers no wl_subcompositor';
    // Without it nothing can be cut off at the window's edge.
    if (!this.viewporter) return 'the host compositor offers no wp_viewporter';
    return undefined;
  }

  close(): void {
    this.seat.dispose();
    this.outputs.dispose();
    this.display.onClosed = undefined;
    this.display.close();
  }

  #want<P extends Proxy>(
    type: { readonly interface: ClientInterface<P> },
    newest: number,
  ): P | null {
    const { registry } = this.display;
    const global = registry.find(type.interface.description.name);
    return global ? registry.bind(type, global, Math.min(global.version, newest)) : null;
  }

  #need<P extends Proxy>(
    type: { readonly interface: ClientInterface<P> },
    newest: number,
    oldest: number,
  ): P {
    const { name } = type.interface.description;
    const version = this.display.registry.find(name)?.version ?? 0;
    const proxy = version >= oldest ? this.#want(type, newest) : null;
    if (proxy) return proxy;
    throw new HostUnavailableError(
      `the host compositor offers ${version === 0 ? `no ${name}` : `${name} ${version}, not ${oldest}`}`,
    );
  }
}
