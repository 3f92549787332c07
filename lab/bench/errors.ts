/** Why a bench did not run or cannot be believed. */

/** This machine lacks what the bench needs. `syncline bench` exits 3. */
export class BenchUnavailableError extends Error {
  override readonly name = 'BenchUnavailableError';
  readonly code = 'SYNCLINE_BENCH_UNAVAILABLE';
}

/** Two sides did not do the same work, or a peer failed: there is nothing to compare. */
export class BenchBrokenError extends Error {
  override readonly name = 'BenchBrokenError';
  readonly code = 'SYNCLINE_BENCH_BROKEN';
}
