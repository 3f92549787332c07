/** When frames are seen: as the host's presentation feedback says, or, of a host that never gives any, as its frame callbacks do. */
import type { FrameToShow, Presentation } from './backend.ts';

/** So many frames the host may draw before it has told of any: some offer wp_presentation and never answer. */
const PATIENCE_FRAMES = 3;

export interface ToldFrame {
  /** The host asks for the next one. */
  done(nowNs: bigint): void;
  /** Null: never seen. */
  seen(presentation: Presentation | null): void;
}

export class HostPresentation {
  readonly #onBlank: (presentation: Presentation) => void;
  #host: 'unknown' | 'tells' | 'silent' = 'unknown';
  #drawn = 0;
  /** Frames that were drawn and not told of, and when they were drawn. */
  readonly #drawnAtNs = new Map<FrameToShow, bigint>();

  /** `onBlank`: the host has told of a vertical blank. */
  constructor(onBlank: (presentation: Presentation) => void) {
    this.#onBlank = onBlank;
  }

  /** Follows one frame; it is told by `frame.seen`. */
  follow(frame: FrameToShow): ToldFrame {
    let told = false;
    return {
      done: (nowNs) => {
        if (told) return;
        this.#drawnAtNs.set(frame, nowNs);
        if (this.#host === 'unknown' && ++this.#drawn >= PATIENCE_FRAMES) this.#host = 'silent';
        if (this.#host !== 'silent') return;
        for (const [drawn, timeNs] of this.#drawnAtNs) drawn.seen(assumed(drawn, timeNs));
        this.#drawnAtNs.clear();
      },
      seen: (presentation) => {
        told = true;
        this.#drawnAtNs.delete(frame);
        if (presentation) {
          this.#host = 'tells';
          this.#onBlank(presentation);
        }
        frame.seen(presentation);
      },
    };
  }
}

/** Nothing is claimed of the time: no flags. */
function assumed({ output }: FrameToShow, timestampNs: bigint): Presentation {
  return { timestampNs, refreshNs: output.refreshNs, sequence: 0n, flags: 0 };
}
