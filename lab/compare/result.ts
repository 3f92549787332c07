/** The published shape of `syncline compare --json` (design: keys only grow). Times are milliseconds of the run's clock. */

export interface Distribution {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface RunResult {
  readonly strategy: string;
  readonly scenario: string;
  readonly seed: number;
  readonly surfaces: number;
  /** Surfaces whose last showable commit never reached the screen, or whose client was not called back for one that did. */
  readonly stuckSurfaces: number;
  readonly undeservedDisconnects: number;
  /** Contents shown before their acquire point was signalled. */
  readonly earlyLatches: number;
  /** Contents shown whose fence failed or could never come. */
  readonly failedFencesShown: number;
  /** Release points signalled while the buffer was waited for or shown. */
  readonly earlyReleases: number;
  /** Release points not signalled although nobody uses the buffer. */
  readonly lostReleases: number;
  readonly framesPresented: number;
  /** Refresh cycles a running client had no new frame for. */
  readonly framesMissed: number;
  /** From a device's loss to the next frame of each surface it touched. */
  readonly recoveryMs: Distribution;
  readonly peakFds: number;
  readonly peakImports: number;
  readonly syscallsPerCommit: number;
  /** Descriptors and syncobj handles more than before, after the last client left. */
  readonly leakedFds: number;
  readonly leakedHandles: number;
  /** All the promises held: the eight counts are zero. */
  readonly ok: boolean;
  /** Why not, in words, most important first. */
  readonly reasons: readonly string[];
}

/** A run this machine cannot play; never counted as a success. */
export interface SkippedRun {
  readonly strategy: string;
  readonly scenario: string;
  readonly seed: number;
  readonly reason: string;
}

export interface CompareReport {
  readonly schema: 1;
  readonly gpus: 'sim' | 'drm';
  readonly kernel: string;
  readonly node: string;
  readonly results: readonly RunResult[];
  readonly skipped: readonly SkippedRun[];
}

/** The promises, by the key that counts their breaches. */
export const PROMISES = [
  'stuckSurfaces',
  'undeservedDisconnects',
  'earlyLatches',
  'failedFencesShown',
  'earlyReleases',
  'lostReleases',
  'leakedFds',
  'leakedHandles',
] as const;

export function distribution(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}
