/** What a test client tells (keys only grow). Times are milliseconds since its window was there. */

export interface FrameResult {
  readonly frame: number;
  readonly committedMs: number;
  /** Missing: never submitted. */
  readonly submittedMs?: number;
  /** The work ended. */
  readonly endedMs?: number;
  /** The errno it ended with. */
  readonly failedWith?: number;
  /** The frame callback came. Missing: not until the end. */
  readonly doneMs?: number;
  /** Ended through another GPU, by the kept descriptor. */
  readonly rescued?: true;
}

export interface ClientResult {
  readonly schema: 1;
  readonly client: string;
  readonly compositor: string;
  readonly gpu: string;
  readonly frames: readonly FrameResult[];
  /** Frames whose callback came. */
  readonly framesDone: number;
  /** Release points not signalled although the surface is gone. Missing: no GPU was left to ask. */
  readonly lostReleases?: number;
  /** Why the connection ended before the client wanted it. */
  readonly disconnected?: string;
  /** Its GPU went, and where it went on. */
  readonly gpuLost?: { readonly atMs: number; readonly movedTo?: string };
}
