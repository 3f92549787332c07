/** Entries of the cache appear whole or not at all, also when two processes make the same one. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder `path`, made by `fill` when it is not there yet: `fill` gets an empty folder beside it, which is then renamed.
 * Whoever comes second drops his own work.
 */
export async function cacheEntry(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const draft = mkdtempSync(join(dirname(path), '.draft-'));
  try {
    await fill(draft);
    if (!existsSync(path)) renameSync(draft, path);
  } catch (error) {
    // ENOTEMPTY: the other process was between our check and our rename.
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return path;
}
