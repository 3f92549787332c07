/** What a bench tells: the contract of `syncline bench --json`. Keys only grow. */

/** One test against one peer. Every ratio is theirs / ours, so above 1 ours is better: the median over rounds of alternating order. */
export interface BenchResult {
  readonly name: string;
  /** What we are compared with, with its version. */
  readonly peer: string;
  readonly rounds: number;
  /** Of wall time; null where the test is not about time. */
  readonly wallRatio: number | null;
  /** Of the server's CPU time, all threads (compiler and collector included). */
  readonly cpuRatio: number | null;
  /** Of the server's main thread alone. */
  readonly mainThreadCpuRatio?: number | null;
  /** Of memory. */
  readonly memoryRatio?: number | null;
  /** Medians, in `unit`; null when that side has no such figure. */
  readonly ours: number | null;
  readonly theirs: number | null;
  readonly unit: string;
  /** Medians of the server's CPU time, all threads, per the same thing. */
  readonly oursCpuNs?: number;
  readonly theirsCpuNs?: number;
  /**
   * What keeps ours from being faster. `floor`: a server that does nothing but answer takes nearly as long, so it is the client and the
   * kernel. Else what had the least idle time: the client, the server's main thread, or neither (wake-ups in between).
   */
  readonly limitedBy?: 'floor' | 'client' | 'server' | 'wake-ups';
  /** How much of our wall time the server that does nothing takes. */
  readonly floorShare?: number;
  /** The ratios that one reaches: theirs / its. Nobody can get further. */
  readonly floorWallRatio?: number;
  readonly floorCpuRatio?: number;
  /** The same, of a server in node that does nothing. */
  readonly nodeFloorWallRatio?: number;
  readonly nodeFloorCpuRatio?: number;
  /** Parts of ours alone, measured in the same process: nothing of ours can be faster than they are together. */
  readonly floors?: readonly ResultFloor[];
  /** What is asked for, and whether it was reached. */
  readonly target?: string;
  readonly reached?: boolean;
  /** Why there is no figure: "skipped: …". */
  readonly note?: string;
}

export interface ResultFloor {
  readonly what: string;
  /** Median, in the result's unit. */
  readonly ours: number;
  /** Theirs / ours. */
  readonly wallRatio: number;
}

export interface BenchReport {
  readonly schema: 1;
  readonly node: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly results: readonly BenchResult[];
}
