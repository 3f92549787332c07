/** A package of Debian sid beside the machine's own system: unpacked into the cache with all it depends on, run by its own loader. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  downloadFromSidWithDependencies,
  FetchError,
  unpackDeb,
} from '../../protocols/scanner/sid-packages.ts';
import { cacheEntry } from '../kernel/cache-entry.ts';
import { projectRoot } from '../kernel/project.ts';
import { BenchUnavailableError } from './errors.ts';

const CACHE = join(projectRoot, '.cache', 'bench');

/** How to run a program with sid's libraries. */
export interface SidTree {
  /** Of the package. */
  readonly version: string;
  /** Where its files are, as below `/`. */
  readonly folder: string;
  /** Comes before the path and the arguments of a program, also of one that is not in the tree. */
  readonly loader: readonly string[];
}

/** Whether {@link sidTree} has nothing to download. */
export function sidTreeAtHand(packageName: string): boolean {
  return existsSync(pathOf(packageName));
}

/** Downloads it when it is not in the cache. Throws a BenchUnavailableError. */
export async function sidTree(packageName: string): Promise<SidTree> {
  const folder = await cacheEntry(pathOf(packageName), (draft) =>
    Promise.resolve(fill(draft, packageName)),
  );
  const libraries = libraryFolder(folder);
  const name = readdirSync(libraries).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
  if (name === undefined) throw new BenchUnavailableError('the libc6 of sid has no loader');
  return {
    version: readFileSync(join(folder, 'version'), 'utf8'),
    folder,
    loader: [join(libraries, name), '--library-path', libraries],
  };
}

function pathOf(packageName: string): string {
  return join(CACHE, `sid-${packageName}`);
}

function fill(folder: string, packageName: string): void {
  const apt = join(folder, 'apt');
  mkdirSync(apt);
  try {
    for (const file of downloadFromSidWithDependencies(apt, [packageName])) {
      const { name, version } = unpackDeb(file, folder);
      if (name === packageName) writeFileSync(join(folder, 'version'), version);
    }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new BenchUnavailableError(`${packageName} of sid: ${error.message}`, { cause: error });
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
