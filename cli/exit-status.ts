/** The exit statuses every command keeps to (other tools call them). */

/** Did it, and a case failed. 0: all held. */
export const EXIT_CASE_FAILED = 1;
/** The command line makes no sense. */
export const EXIT_USAGE = 2;
/** Cannot run on this machine; the reason is on stderr. */
export const EXIT_CANNOT_RUN = 3;

/** Nobody reads what we print any more: 128 + SIGPIPE, as a shell has it. */
export const EXIT_NO_READER = 141;

/** A command throws this when the machine lacks something: the program prints the reason and exits {@link EXIT_CANNOT_RUN}. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError';
}
