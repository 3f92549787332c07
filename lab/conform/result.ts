/** What a run of the suite found: the JSON other tools read. */

export type Verdict = 'pass' | 'fail' | 'skip';

/**
 * How a case failed: a client lost its connection (`killed`), the compositor ended, what had to happen did not (`stuck`: a surface, a
 * client, or the whole compositor), or something happened that must not (`wrong`).
 */
export type Failure = 'killed' | 'ended' | 'stuck' | 'wrong';

/** A case played once. */
export interface Attempt {
  readonly result: Verdict;
  /** What was seen, why it failed, or why it was skipped. Empty when there is nothing to add. */
  readonly detail: string;
  /** With `fail`. */
  readonly failure?: Failure;
  readonly durationMs: number;
  /** How long each thing that had to happen was waited for. */
  readonly patienceMs: number;
}

export interface CaseResult extends Attempt {
  readonly name: string;
  readonly rule: string;
  readonly basis: 'protocol' | 'robustness';
  /** Where the protocol says so, as in "wl_surface.commit". */
  readonly source?: string;
  /** All attempts, when there was more than one. */
  readonly attempts?: readonly Attempt[];
}

export interface ConformReport {
  readonly schema: 1;
  /** The compositor's program and the socket it was reached at. */
  readonly compositor: string;
  /** What the clients' timelines, buffers and fences came from. */
  readonly devices: string;
  readonly cases: readonly CaseResult[];
}

/** What several attempts at one case come to: failed when at least half of them did, as the first of those tells. */
export function settle(
  attempts: readonly [Attempt, ...Attempt[]],
): Attempt & Pick<CaseResult, 'attempts'> {
  const [first] = attempts;
  if (attempts.length === 1) return first;
  const failures = attempts.filter(({ result }) => result === 'fail');
  const failed = 2 * failures.length >= attempts.length;
  const told = attempts.find(({ result }) => (result === 'fail') === failed) ?? first;
  const count = `failed ${failures.length} of ${attempts.length} times`;
  const detail = failed
    ? `${told.detail} (${count})`
    : `${told.detail} (${count}: ${failures[0]?.detail})`.trim();
  return { ...told, detail, attempts };
}
