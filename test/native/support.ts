/** Help for the tests of the addon. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { isSystemError, type SystemError } from '../../native/errors.ts';

/** The SystemError that `call` throws. Fails when it throws none. */
export function failure(call: () => unknown): SystemError {
  try {
    call();
  } catch (error) {
    if (isSystemError(error)) return error;
    throw error;
  }
  throw new Error('did not throw');
}

/** What a node of its own did with a piece of CommonJS in which `native` is the addon. */
export interface ChildResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `source` in a node of its own: for what ends a process, or must not. */
export function runChild(source: string, options: readonly string[] = []): ChildResult {
  const addon = createRequire(import.meta.url).resolve('#native');
  const program = `const native = require(${JSON.stringify(addon)});\n${source}`;
  const ran = spawnSync(process.execPath, [...options, '-e', program], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  return { status: ran.status, signal: ran.signal, stdout: ran.stdout, stderr: ran.stderr };
}
