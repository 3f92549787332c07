/** Programs of others: found, run with a time limit, their output collected. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether PATH has the program. */
export function hasProgram(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A test name that tells why it is skipped where the program is missing. */
export function needs(program: string, name: string): string {
  return hasProgram(program) ? name : `${name} (skipped: ${program} is not installed)`;
}

export interface ProgramResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 50_000;

/** Runs a program to its end; killed after 50 s, which shows as status null. `inherited`: borrowed, its fd 3. */
export function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  inherited?: number,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(inherited === undefined ? [] : [inherited])],
      timeout: LIMIT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Ends a running program and waits until it is gone. */
export function stopProgram(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('close', () => resolve());
    child.kill('SIGTERM');
  });
}

/** Shell: runs an animated program until it was called back for so many frames. */
export function untilFrames(program: string, frames: number): string {
  // The line it writes after the last one wanted ends it: nobody reads that one.
  return `WAYLAND_DEBUG=client ${program} 2>&1 | grep -m ${frames} 'wl_callback.*done'`;
}

/** A private XDG_RUNTIME_DIR for the time of `body`. */
export async function withRuntimeDir(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'syncline-test-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
