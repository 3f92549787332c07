/** Signals for a child and all it started. */
import type { ChildProcess } from 'node:child_process';

/**
 * kill(2) of the process group that `child` leads (spawned `detached`), also after the child itself has ended. Signal 0 only asks. Returns whether
 * anybody was left in it; false also when the child could not be started.
 */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  const { pid } = child;
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false; // ESRCH: nobody is left.
  }
}
