/** Where a compositor's messages go. error = a bug of ours; warn = the outside did something wrong; info = a user wants it. */
export interface CompositorLog {
  error(message: string, cause?: unknown): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** Says nothing. */
export const silentLog: CompositorLog = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** Lines for a terminal: "warn: …". debug only when asked for. `write` gets whole lines without the newline. */
export function lineLog(
  write: (line: string) => void,
  options: { debug?: boolean } = {},
): CompositorLog {
  return {
    error: (message, cause) => {
      const detail = cause instanceof Error ? (cause.stack ?? cause.message) : undefined;
      write(detail === undefined ? `error: ${message}` : `error: ${message}\n${detail}`);
    },
    warn: (message) => write(`warn: ${message}`),
    info: (message) => write(message),
    debug: (message) => {
      if (options.debug) write(`debug: ${message}`);
    },
  };
}
