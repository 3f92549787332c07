/** What a run of the suite found: the JSON other tools read. */

export type Verdict = 'pass' | 'fail' | 'skip';

export interface CaseResult {
  readonly name: string;
  readonly result: Verdict;
  /** What was seen, why it failed, or why it was skipped. Empty when there is nothing to add. */
  readonly detail: string;
  readonly rule: string;
  readonly basis: 'protocol' | 'robustness';
  readonly durationMs: number;
}

export interface ConformReport {
  readonly schema: 1;
  /** The compositor's program and the socket it was reached at. */
  readonly compositor: string;
  /** What the clients' timelines, buffers and fences came from. */
  readonly devices: string;
  readonly cases: readonly CaseResult[];
}
