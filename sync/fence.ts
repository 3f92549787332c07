/** What became of a fence. */

/** Why a fence can no longer tell anything. */
export type LostReason =
  /** Its device went and the strategy gave the wait up. */
  | 'device-lost'
  /** The point was never submitted and the watchdog's policy gave it up. */
  | 'never-submitted'
  /** The last reference to its timeline went without a submission. */
  | 'timeline-gone'
  /** Submitted, but its fence did not signal within the watchdog's limit. */
  | 'timed-out';

/**
 * The end of a wait. `signalled` means that no error was *reported*: drivers may lose errors, and an error is only seen when
 * the point was exported as a sync_file before a later point replaced it (`errorsVisible`).
 */
export type FenceOutcome =
  | { readonly type: 'signalled'; readonly timestampNs: bigint; readonly errorsVisible: boolean }
  | { readonly type: 'failed'; readonly errno: number; readonly timestampNs: bigint }
  | { readonly type: 'lost'; readonly reason: LostReason };

/** How far a pending wait has come: no fence yet (the client's doing), or a fence that runs (the GPU's doing). */
export type FencePhase = 'unsubmitted' | 'submitted';
