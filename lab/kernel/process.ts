/** Running the host's programs to their end. */
import { spawn } from 'node:child_process';

/** A program that could not be started (`status` null) or ended with a status other than 0. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';
  readonly status: number | null;
  readonly output: string;

  constructor(command: string, status: number | null, output: string) {
    super(`${command} failed (${status ?? 'not started'}): ${lastLines(output, 8)}`);
    this.status = status;
    this.output = output;
  }
}

/** Runs `command` without stdin; resolves to its stdout. Rejects with {@link ProcessError}. */
export function runProcess(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error) => reject(new ProcessError(command, null, error.message)));
    child.on('close', (status) => {
      if (status === 0) resolve(Buffer.concat(stdout));
      else
        reject(new ProcessError(command, status, Buffer.concat([...stdout, ...stderr]).toString()));
    });
  });
}

/** The last `count` lines of `text`, without trailing blank ones. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
