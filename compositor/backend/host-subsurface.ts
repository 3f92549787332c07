/** A subsurface in the host: what it was told last, so that only changes are told. */
import type { WpLinuxDrmSyncobjSurfaceV1Proxy } from '../../protocols/generated/linux-drm-syncobj-v1.client.ts';
import type { WpViewportProxy } from '../../protocols/generated/viewporter.client.ts';
import type {
  WlBufferProxy,
  WlSubsurfaceProxy,
  WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import { Region } from '../surface/region.ts';
import type { HostConnection } from './host-connection.ts';
import { HostHints, type Hints } from './host-hints.ts';
import type { HostReleasePoint, HostTimelines } from './host-timelines.ts';
import type { Placement } from './layer-plan.ts';

/** wp_viewport: no source, no destination. */
const UNSET = -1;

export class HostSubsurface {
  readonly surface: WlSurfaceProxy;
  readonly subsurface: WlSubsurfaceProxy;
  readonly #host: HostConnection;
  readonly #hints: HostHints;
  #viewport: WpViewportProxy | undefined;
  #sync: WpLinuxDrmSyncobjSurfaceV1Proxy | undefined;
  #told: Placement | undefined;
  #changed = false;

  /** On top of its siblings. Throws where the host has no wl_subcompositor. */
  constructor(host: HostConnection, parent: WlSurfaceProxy) {
    if (!host.subcompositor) throw new Error('a subsurface needs wl_subcompositor');
    this.#host = host;
    this.surface = host.compositor.createSurface();
    this.#hints = new HostHints(host, this.surface);
    this.subsurface = host.subcompositor.getSubsurface(this.surface, parent);
    // All input is the window's: whom it is for, our own seat decides.
    const nothing = host.compositor.createRegion();
    this.surface.setInputRegion(nothing);
    nothing.destroy();
  }

  /** Returns whether all of the surface looks different for it. */
  place(next: Placement): boolean {
    const before = this.#told;
    this.#told = next;
    if (before?.x !== next.x || before.y !== next.y) this.subsurface.setPosition(next.x, next.y);
    const opaque = before?.opaque ?? Region.empty;
    if (!opaque.equals(next.opaque)) this.#setOpaque(next.opaque);
    if (before && sameShape(before, next)) return false;
    this.#changed = true;
    if ((before?.bufferScale ?? 1) !== next.bufferScale)
      this.surface.setBufferScale(next.bufferScale);
    if ((before?.transform ?? 0) !== next.transform)
      this.surface.setBufferTransform(next.transform);
    if (next.scaled || this.#viewport) this.#setViewport(next);
    return true;
  }

  attach(buffer: WlBufferProxy): void {
    this.surface.attach(buffer, 0, 0);
    this.#changed = true;
  }

  /** In surface coordinates. */
  damage(region: Region): void {
    if (region.isEmpty) return;
    this.#changed = true;
    for (const rect of region.rects()) this.surface.damage(rect.x, rect.y, rect.width, rect.height);
  }

  /** What is to be known of it beside its pixels. */
  hint(hints: Hints): void {
    if (this.#hints.tell(hints)) this.#changed = true;
  }

  /** Explicit sync for the buffer of the next commit. Undefined, and none: there is nothing to make points with. */
  setPoints(timelines: HostTimelines): HostReleasePoint | undefined {
    this.#sync ??= timelines.getSurface(this.surface);
    const release = timelines.setPoints(this.#sync);
    if (!release) this.unsetPoints();
    return release;
  }

  /** The buffer of the next commit has no points: with the object alive that were an error. */
  unsetPoints(): void {
    this.#sync?.destroy();
    this.#sync = undefined;
  }

  /** In effect with the parent's next commit. `always`: also if nothing was told. */
  commit(always: boolean): void {
    if (this.#changed || always) this.surface.commit();
    this.#changed = false;
  }

  dispose(): void {
    this.#sync?.destroy();
    this.#viewport?.destroy();
    this.#hints.dispose();
    this.subsurface.destroy();
    this.surface.destroy();
  }

  #setOpaque(opaque: Region): void {
    this.#changed = true;
    const region = this.#host.compositor.createRegion();
    for (const rect of opaque.rects()) region.add(rect.x, rect.y, rect.width, rect.height);
    this.surface.setOpaqueRegion(region);
    region.destroy();
  }

  #setViewport({ source, scaled, width, height }: Placement): void {
    const viewport = (this.#viewport ??= this.#host.viewporter?.getViewport(this.surface));
    if (source) viewport?.setSource(source.x, source.y, source.width, source.height);
    else viewport?.setSource(UNSET, UNSET, UNSET, UNSET);
    if (scaled) viewport?.setDestination(width, height);
    else viewport?.setDestination(UNSET, UNSET);
  }
}

/** Whether the same pixels of a buffer would be at the same places of the surface. */
function sameShape(a: Placement, b: Placement): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.bufferScale === b.bufferScale &&
    a.transform === b.transform &&
    a.scaled === b.scaled &&
    a.source?.x === b.source?.x &&
    a.source?.y === b.source?.y &&
    a.source?.width === b.source?.width &&
    a.source?.height === b.source?.height
  );
}
