/** One surface of ours in the host: with the client's own buffer, or with a copy. */
import type { WlSurfaceProxy } from '../../protocols/generated/wayland.client.ts';
import type { BufferUse } from '../buffer/buffer-use.ts';
import { Region } from '../surface/region.ts';
import type { FrameItem, FrameToShow } from './backend.ts';
import type { HostConnection } from './host-connection.ts';
import type { HostImports } from './host-import.ts';
import { HostSubsurface } from './host-subsurface.ts';
import type { HostTimelines } from './host-timelines.ts';
import type { HostUse, HostUses } from './host-uses.ts';
import { LayerCopy } from './layer-copy.ts';
import { type CopyReason, planLayer, scaleRegion } from './layer-plan.ts';

/** What the layers of a connection share. */
export interface LayerParts {
  readonly host: HostConnection;
  readonly imports: HostImports;
  readonly uses: HostUses;
  /** Null where the host lacks explicit sync. */
  readonly timelines: HostTimelines | null;
  /** A frame of a surface was passed through (null) or copied. */
  count(item: FrameItem, reason: CopyReason | null): void;
}

export class HostLayer {
  readonly target: HostSubsurface;
  readonly #parts: LayerParts;
  readonly #wantFrame: () => void;
  /** The client's buffer the host shows. */
  #shown: { readonly use: BufferUse; readonly inHost: HostUse } | undefined;
  #copy: LayerCopy | undefined;

  /** On top of its siblings. `wantFrame`: what it could not show before can be shown now. */
  constructor(parts: LayerParts, parent: WlSurfaceProxy, wantFrame: () => void) {
    this.#parts = parts;
    this.#wantFrame = wantFrame;
    this.target = new HostSubsurface(parts.host, parent);
  }

  /** Brings it up to date, in effect with the parent's next commit. */
  show(frame: FrameToShow, item: FrameItem): void {
    const { content } = item.state;
    if (!content) return;
    const reason = this.#pass(frame, item, content);
    this.#parts.count(item, reason);
    if (reason === null) return this.target.hint(item.state);
    this.#copy ??= new LayerCopy(this.#parts.host, this.#wantFrame);
    if (!this.#copy.show(this.target, frame, item)) return;
    this.target.hint({ ...item.state, opacity: 1 });
    this.#replace(undefined);
  }

  /** In effect with the parent's next commit. `always`: also if nothing is new. */
  commit(always: boolean): void {
    this.target.commit(always);
    this.#shown?.inHost.committed();
  }

  /** Takes it off the screen. What the host still reads stays held. */
  dispose(): void {
    this.#replace(undefined);
    this.target.dispose();
    this.#copy?.dispose();
  }

  /** Null: the host has it. */
  #pass(frame: FrameToShow, item: FrameItem, use: BufferUse): CopyReason | null {
    const plan = planLayer(item, use.content, frame.output, this.#parts.host);
    if (plan.type === 'copy') return plan.reason;
    const { placement } = plan;
    let whole = false;
    if (this.#shown?.use !== use) {
      whole = this.#shown === undefined;
      const reason = this.#attach(use);
      if (reason !== null) return reason;
    }
    if (this.target.place(placement)) whole = true;
    const { width, height } = placement;
    const all = Region.rect(0, 0, width, height);
    this.target.damage(whole ? all : scaleRegion(item.damage, placement, placement, 'out'));
    return null;
  }

  #attach(use: BufferUse): CopyReason | null {
    const { imports, timelines, uses } = this.#parts;
    // Hosts may refuse points with anything but dma-bufs.
    const explicit = timelines !== null && use.content.kind === 'dmabuf';
    const imported = imports.take(use, explicit);
    if (typeof imported === 'string') return imported;
    const release = explicit ? this.target.setPoints(timelines) : undefined;
    if (!release) {
      this.target.unsetPoints();
      // Without points nothing would tell this use from the one the host has not ended.
      if (imported.busy) return 'too many uses';
    }
    this.target.attach(imported.proxy);
    this.#replace({ use, inHost: uses.begin(use, imported, release) });
    this.#copy?.replaced();
    return null;
  }

  #replace(shown: { readonly use: BufferUse; readonly inHost: HostUse } | undefined): void {
    this.#shown?.inHost.supersede();
    this.#shown = shown;
  }
}
