/** Where explicit sync reports: `warn` = the outside did something wrong, `info` = a user wants to know, `error` = a bug of ours. */
export interface SyncLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
}

export const SILENT_LOG: SyncLog = { info: () => {}, warn: () => {}, error: () => {} };
