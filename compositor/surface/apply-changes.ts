/** From one state of a surface to the next: pure, decided by the content update alone. */
import type { BufferUse } from '../buffer/buffer-use.ts';
import { bufferDamageToSurface, clipRegion, isPixelForPixel, surfaceSize } from './geometry.ts';
import type { PendingState } from './pending-state.ts';
import { Region } from './region.ts';
import type { SurfaceState, Viewport } from './surface-state.ts';

/** `content`: undefined keeps what is shown, null removes it. */
export function applyChanges(
  previous: SurfaceState,
  changes: PendingState,
  content: BufferUse | null | undefined,
): SurfaceState {
  const next = content === undefined ? previous.content : content;
  const viewport = changedViewport(previous.viewport, changes);
  const { width, height } = sameGeometry(previous, changes, next)
    ? previous
    : surfaceSize({
        bufferWidth: next?.content.width ?? 0,
        bufferHeight: next?.content.height ?? 0,
        scale: changes.bufferScale ?? previous.bufferScale,
        transform: changes.bufferTransform ?? previous.bufferTransform,
        viewport,
      });
  return {
    content: next,
    width,
    height,
    bufferScale: changes.bufferScale ?? previous.bufferScale,
    bufferTransform: changes.bufferTransform ?? previous.bufferTransform,
    viewport,
    opaqueRegion: changes.opaqueRegion ?? previous.opaqueRegion,
    inputRegion: changes.inputRegion === undefined ? previous.inputRegion : changes.inputRegion,
    children: changes.children ?? previous.children,
    opacity: changes.opacity ?? previous.opacity,
    contentType: changes.contentType ?? previous.contentType,
    tearing: changes.tearing ?? previous.tearing,
    roleState: changes.roleState ?? previous.roleState,
  };
}

/** From frame to frame a surface shows buffers of one size in one way. */
function sameGeometry(
  { content }: SurfaceState,
  changes: PendingState,
  next: BufferUse | null,
): boolean {
  return (
    content?.content.width === next?.content.width &&
    content?.content.height === next?.content.height &&
    changes.bufferScale === undefined &&
    changes.bufferTransform === undefined &&
    changes.viewportSource === undefined &&
    changes.viewportDestination === undefined
  );
}

/** The viewport after `changes`; the same object when nothing changed. */
export function changedViewport(previous: Viewport, changes: PendingState): Viewport {
  if (changes.viewportSource === undefined && changes.viewportDestination === undefined) {
    return previous;
  }
  return {
    source: changes.viewportSource === undefined ? previous.source : changes.viewportSource,
    destination:
      changes.viewportDestination === undefined
        ? previous.destination
        : changes.viewportDestination,
  };
}

/**
 * What of the surface looks different. All of it when its geometry changed or content appeared; without new content only what
 * the client damaged all the same. `damaged` false: the buffer was dropped, so was its damage.
 */
export function updateDamage(
  previous: SurfaceState,
  state: SurfaceState,
  changes: PendingState,
  damaged: boolean,
): Region {
  const { width, height, content } = state;
  if (!content) return Region.empty;
  const reshaped =
    previous.content === null ||
    previous.width !== width ||
    previous.height !== height ||
    previous.bufferScale !== state.bufferScale ||
    previous.bufferTransform !== state.bufferTransform ||
    previous.viewport !== state.viewport ||
    previous.opacity !== state.opacity;
  if (reshaped) return Region.rect(0, 0, width, height);
  if (!damaged) return Region.empty;
  const { surfaceDamage, bufferDamage } = changes;
  const region = surfaceDamage ? clipRegion(surfaceDamage, state) : Region.empty;
  if (!bufferDamage) return region;
  if (isPixelForPixel(state)) return region.union(clipRegion(bufferDamage, state));
  return region.union(
    bufferDamageToSurface(bufferDamage, {
      bufferWidth: content.content.width,
      bufferHeight: content.content.height,
      scale: state.bufferScale,
      transform: state.bufferTransform,
      viewport: state.viewport,
    }),
  );
}
