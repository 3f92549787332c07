/** What a command prints, without a process of its own. */
export interface CapturedStdout {
  /** Everything printed since the capture began. */
  text(): string;
  /** Gives standard output back. */
  restore(): void;
}

export function captureStdout(): CapturedStdout {
  const original = process.stdout.write;
  const chunks: string[] = [];
  process.stdout.write = (chunk: string | Uint8Array): boolean => {
    chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    return true;
  };
  return {
    text: () => chunks.join(''),
    restore: () => {
      process.stdout.write = original;
    },
  };
}
