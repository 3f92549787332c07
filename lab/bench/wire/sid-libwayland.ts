/** libwayland-server of Debian sid beside the machine's own: unpacked into the cache with the C library it wants, run by its own loader. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFromSid, FetchError, unpackDeb } from '../../../protocols/scanner/sid-packages.ts';
import { cacheEntry } from '../../kernel/cache-entry.ts';
import { projectRoot } from '../../kernel/project.ts';
import { BenchUnavailableError } from '../errors.ts';

const CACHE = join(projectRoot, '.cache', 'bench', 'sid');
const LIBWAYLAND = 'libwayland-server0';
const PACKAGES = [LIBWAYLAND, 'libffi8', 'libc6'];

/** How to run a program with sid's libraries: before its own path and arguments come these. */
export interface SidLibwayland {
  readonly version: string;
  readonly loader: readonly string[];
}

/** Whether {@link sidLibwayland} has nothing to download. */
export function sidLibwaylandAtHand(): boolean {
  return existsSync(CACHE);
}

/** Downloads it when it is not in the cache. Throws a BenchUnavailableError. */
export async function sidLibwayland(): Promise<SidLibwayland> {
  const folder = await cacheEntry(CACHE, (draft) => Promise.resolve(fill(draft)));
  const libraries = libraryFolder(folder);
  const name = readdirSync(libraries).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
  if (name === undefined) throw new BenchUnavailableError('the libc6 of sid has no loader');
  return {
    version: readFileSync(join(folder, 'version'), 'utf8'),
    loader: [join(libraries, name), '--library-path', libraries],
  };
}

function fill(folder: string): void {
  const apt = join(folder, 'apt');
  mkdirSync(apt);
  try {
    for (const file of downloadFromSid(apt, PACKAGES)) {
      const { name, version } = unpackDeb(file, folder);
      if (name === LIBWAYLAND) writeFileSync(join(folder, 'version'), version);
    }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new BenchUnavailableError(`libwayland of sid: ${error.message}`, { cause: error });
  }
  rmSync(apt, { recursive: true });
}

/** `usr/lib/x86_64-linux-gnu` */
function libraryFolder(folder: string): string {
  const parent = join(folder, 'usr', 'lib');
  const name = readdirSync(parent).find((entry) => entry.endsWith('-linux-gnu'));
  if (name === undefined) throw new BenchUnavailableError('the packages of sid have no libraries');
  return join(parent, name);
}
