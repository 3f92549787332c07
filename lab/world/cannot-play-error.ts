/** This machine has not what a world or a scenario needs: a visible skip, never a pass. */
export class CannotPlayError extends Error {
  override readonly name = 'CannotPlayError';
  readonly code = 'XLAB_CANNOT_PLAY';
}
