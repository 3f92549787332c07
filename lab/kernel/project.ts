/** Where this project lies, found from this file: it runs both from source (Vitest) and from dist/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with package.json, as an absolute path. */
export const projectRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Downloads and builds for the VM, shared by all runs; may be deleted at any time between them. */
export const kernelCache: string = join(projectRoot, '.cache', 'kernel');

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${start}`);
  }
}
