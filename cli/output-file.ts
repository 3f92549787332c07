/** Files a user names for a command to write: found out to be impossible before the work, not after it. */
import { accessSync, constants, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CannotRunError } from './exit-status.ts';

/** Throws a CannotRunError when the file can neither be made nor written. */
export function checkWritable(path: string): void {
  named(path, () => {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new CannotRunError(`${path}: is a directory`);
    accessSync(there ? path : dirname(resolve(path)), constants.W_OK);
  });
}

/** Makes the folder with those above it. Throws a CannotRunError when it cannot. */
export function makeFolder(path: string): string {
  const folder = resolve(path);
  named(path, () => mkdirSync(folder, { recursive: true }));
  return folder;
}

/** The file is the old one or the new one, never half of it. What is no file (a pipe, /dev/null) is written to. */
export function writeWhole(path: string, text: string): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile()) return writeFileSync(path, text);
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

function named(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotRunError(`${path}: cannot be written (${String(error.code)})`, {
      cause: error,
    });
  }
}
