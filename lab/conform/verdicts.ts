/** How a case ends other than by passing. */
import type { Failure } from './result.ts';

/** The compositor did not do what the case's rule asks. */
export class CaseFailedError extends Error {
  override readonly name = 'CaseFailedError';
  readonly code = 'XCONFORM_FAILED';
  readonly failure: Failure;

  constructor(message: string, failure: Failure = 'wrong') {
    super(message);
    this.failure = failure;
  }
}

/** The case cannot be judged here; the message says why. */
export class CaseSkippedError extends Error {
  override readonly name = 'CaseSkippedError';
  readonly code = 'XCONFORM_SKIPPED';
}

/** No compositor could be reached, so there is nothing to judge. */
export class NoCompositorError extends Error {
  override readonly name = 'NoCompositorError';
  readonly code = 'XCONFORM_NO_COMPOSITOR';
}

/** Fails the case unless the condition holds. */
export function check(condition: boolean, failure: string): asserts condition {
  if (!condition) throw new CaseFailedError(failure);
}
