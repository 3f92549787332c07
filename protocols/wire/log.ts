/** Where the wire reports what it cannot tell a caller. */

/** error = a bug of ours; warn = a peer did something wrong; debug = for developers. */
export interface WireLog {
  error(message: string, cause?: unknown): void;
  warn(message: string): void;
  debug(message: string): void;
}

/** Says nothing. */
export const SILENT_LOG: WireLog = {
  error: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
};
