/** What becomes of an update whose acquire fence failed or was lost. */
import type { FenceOutcome } from '../../sync/fence.ts';

/**
 * - `keep-last-good`: its buffer is dropped and released, the rest of the update applies, the surface shows what it showed.
 * - `show-anyway`: as compositors do that do not look at errors.
 * - `disconnect`: the client is disconnected.
 */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

/** The default first. */
export const FAILURE_POLICIES = ['keep-last-good', 'show-anyway', 'disconnect'] as const;

/** In one line, for logs. */
export function describeOutcome(outcome: FenceOutcome): string {
  switch (outcome.type) {
    case 'signalled':
      return 'signalled';
    case 'failed':
      return `failed (errno ${outcome.errno})`;
    case 'lost':
      return `lost (${outcome.reason})`;
  }
}
