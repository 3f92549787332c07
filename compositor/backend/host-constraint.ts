/**
 * A locked or confined pointer inside holds the host's: a constraint on our window, as long as one is in force here
 * (pointer-constraints-unstable-v1.xml). Else the host's pointer would leave the window, and motion end at its edge.
 */
import type {
  ZwpConfinedPointerV1Proxy,
  ZwpLockedPointerV1Proxy,
} from '../../protocols/generated/pointer-constraints-unstable-v1.client.ts';
import { ZwpPointerConstraintsV1Lifetime } from '../../protocols/generated/pointer-constraints-unstable-v1.interfaces.ts';
import type {
  WlPointerProxy,
  WlRegionProxy,
  WlSurfaceProxy,
} from '../../protocols/generated/wayland.client.ts';
import type { Output } from '../output/output.ts';
import type { MotionConstraint } from '../seat/motion.ts';
import type { Region } from '../surface/region.ts';
import type { HostConnection } from './host-connection.ts';
import { bufferScale, hostFactor, scaleRegion } from './layer-plan.ts';

/** The window the host's pointer is on. */
export interface PointedWindow {
  readonly surface: WlSurfaceProxy;
  readonly output: Output;
}

interface Held {
  readonly constraint: MotionConstraint;
  readonly surface: WlSurfaceProxy;
  /** One that may be suspended and resumed stays until it ends here. */
  readonly proxy: ZwpLockedPointerV1Proxy | ZwpConfinedPointerV1Proxy;
  /** In coordinates of the host's surface; null: all of it. */
  area: Region | null;
}

export class HostConstraint {
  readonly #host: HostConnection;
  readonly #pointer: WlPointerProxy;
  /** Without the host's relative motion a locked pointer would be a dead one. */
  readonly #canLock: boolean;
  #held: Held | undefined;

  constructor(host: HostConnection, pointer: WlPointerProxy, hasRelativeMotion: boolean) {
    this.#host = host;
    this.#pointer = pointer;
    this.#canLock = hasRelativeMotion;
  }

  /** What is in force here, and where: the host is told what is new. `window` undefined: its pointer is on none of ours. */
  follow(constraint: MotionConstraint | undefined, window: PointedWindow | undefined): void {
    const held = this.#held;
    if (held && (held.constraint !== constraint || held.surface !== window?.surface)) {
      this.#held = undefined;
      held.proxy.handler = null;
      held.proxy.destroy();
    }
    if (!constraint || !window) return;
    if (!this.#held) this.#hold(constraint, window);
    else this.#moveArea(this.#held, window);
  }

  /** Where the host's pointer is to be when its lock ends: its window's coordinates. Before the end. */
  hint(x: number, y: number): void {
    const held = this.#held;
    if (!held || !('setCursorPositionHint' in held.proxy)) return;
    held.proxy.setCursorPositionHint(x, y);
    held.surface.commit();
  }

  #hold(constraint: MotionConstraint, { surface, output }: PointedWindow): void {
    const { pointerConstraints } = this.#host;
    if (!pointerConstraints || (constraint.kind === 'lock' && !this.#canLock)) return;
    const persistent = ZwpPointerConstraintsV1Lifetime.persistent;
    if (constraint.kind === 'lock') {
      const proxy = pointerConstraints.lockPointer(surface, this.#pointer, null, persistent);
      proxy.handler = {
        locked: () => constraint.resume(),
        unlocked: () => constraint.suspend(),
      };
      this.#held = { constraint, surface, proxy, area: null };
      return;
    }
    const area = areaOf(constraint, output);
    const region = this.#region(area);
    const proxy = pointerConstraints.confinePointer(surface, this.#pointer, region, persistent);
    region.destroy();
    proxy.handler = {
      confined: () => constraint.resume(),
      unconfined: () => constraint.suspend(),
    };
    this.#held = { constraint, surface, proxy, area };
  }

  #moveArea(held: Held, { surface, output }: PointedWindow): void {
    if (held.area === null) return;
    const area = areaOf(held.constraint, output);
    if (area.equals(held.area)) return;
    held.area = area;
    const region = this.#region(area);
    held.proxy.setRegion(region);
    region.destroy();
    surface.commit();
  }

  #region(area: Region): WlRegionProxy {
    const region = this.#host.compositor.createRegion();
    for (const rect of area.rects()) region.add(rect.x, rect.y, rect.width, rect.height);
    return region;
  }
}

/** The part of it within this window: an area over several of them ends at the edge of the one it began in. */
function areaOf(constraint: MotionConstraint, output: Output): Region {
  const { width, height } = output.description;
  const scale = bufferScale(output);
  const local = constraint.area.translate(-output.x, -output.y);
  const mapping = { factor: hostFactor(output), offsetX: 0, offsetY: 0 };
  return scaleRegion(local, mapping, { width: width / scale, height: height / scale }, 'in');
}
