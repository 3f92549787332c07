/** Whether a buffer was used before its fence ended, as far as that can be told from outside. */
import type { CommittedFrame } from '../test-window.ts';
import { CaseSkippedError, check } from '../verdicts.ts';

/**
 * For buffers whose fence is submitted and pending. A frame callback is no proof: a compositor may apply the commit and leave the waiting
 * to its GPU. That the content is on screen is one.
 */
export function checkNotOnScreen({ shown, presented }: CommittedFrame, when: string): void {
  if (presented === undefined && shown) {
    throw new CaseSkippedError(
      `the frame callback came ${when}, and without wp_presentation nothing tells what is on screen`,
    );
  }
  check(presented !== true, `on screen ${when}`);
}
