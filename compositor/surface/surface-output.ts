/** What the core needs to know of an output. */
import type { Client } from '../../protocols/server/client.ts';
import type { WlOutputResource } from '../../protocols/generated/wayland.server.ts';

/** An output as a surface on it sees it; `Output` (output/) is one. */
export interface SurfaceOutput {
  readonly name: string;
  /** Nanoseconds of one refresh cycle, 0n when there is none. */
  readonly refreshNs: bigint;
  /** When what is committed now would be latched at the earliest. */
  readonly nextLatchNs: bigint;
  /** The client's wl_output objects of this output (presentation-time.xml: sync_output). */
  resourcesOf(client: Client): Iterable<WlOutputResource>;
}

/** When and how a frame came to be seen (presentation-time.xml: presented). */
export interface PresentedInfo {
  readonly output: SurfaceOutput;
  /** CLOCK_MONOTONIC, or the injected clock's. */
  readonly timestampNs: bigint;
  readonly refreshNs: bigint;
  /** The output's frame counter (msc). */
  readonly sequence: bigint;
  /** WpPresentationFeedbackKind bits. */
  readonly flags: number;
}
