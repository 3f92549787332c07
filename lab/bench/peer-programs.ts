/** The C programs of peers/: compiled with the system's compiler when first used, kept in the cache by the hash of their sources. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry } from '../kernel/cache-entry.ts';
import { requirePackages } from '../kernel/debian.ts';
import { VmUnavailableError } from '../kernel/errors.ts';
import { ProcessError, runProcess } from '../kernel/process.ts';
import { projectRoot } from '../kernel/project.ts';
import { BenchUnavailableError } from './errors.ts';

const SOURCES = join(projectRoot, 'lab', 'bench', 'peers');
const CACHE = join(projectRoot, '.cache', 'bench');
const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra'];

/** A program made of `<name>.c` and the headers beside it. */
export interface PeerProgram {
  readonly name: string;
  /** Linker arguments: `-lwayland-client`. */
  readonly libraries: readonly string[];
  /** Debian packages it takes to compile it, besides the compiler. */
  readonly packages: readonly string[];
}

export const WIRE_CLIENT: PeerProgram = {
  name: 'wire-client',
  libraries: ['-lwayland-client'],
  packages: ['libwayland-dev'],
};
export const RAW_CLIENT: PeerProgram = { name: 'raw-client', libraries: [], packages: [] };
export const WIRE_SERVER: PeerProgram = {
  name: 'wire-server',
  libraries: ['-lwayland-server'],
  packages: ['libwayland-dev'],
};

export const WIRE_FLOOR: PeerProgram = { name: 'wire-floor', libraries: [], packages: [] };
export const COMMIT_CLIENT: PeerProgram = {
  name: 'commit-client',
  libraries: ['-lwayland-client'],
  packages: ['libwayland-dev'],
};
export const SYNC_LOOP: PeerProgram = { name: 'sync-loop', libraries: [], packages: [] };
export const STAND_IN_LOOP: PeerProgram = { name: 'stand-in-loop', libraries: [], packages: [] };

/** The path of the compiled program. Throws a BenchUnavailableError when it is neither there nor can be made here. */
export async function peerProgram(program: PeerProgram): Promise<string> {
  const { name, libraries, packages } = program;
  const folder = await cacheEntry(join(CACHE, `${name}-${sourceHash(program)}`), async (draft) => {
    await installed(['gcc', 'libc6-dev', ...packages]);
    const source = join(SOURCES, `${name}.c`);
    await compiled([...FLAGS, '-o', join(draft, name), source, ...libraries]);
  });
  return join(folder, name);
}

async function installed(packages: readonly string[]): Promise<void> {
  try {
    await requirePackages(packages);
  } catch (error) {
    if (error instanceof VmUnavailableError)
      throw new BenchUnavailableError(error.message, { cause: error });
    throw error;
  }
}

async function compiled(args: readonly string[]): Promise<void> {
  try {
    await runProcess('gcc', args);
  } catch (error) {
    if (error instanceof ProcessError)
      throw new BenchUnavailableError(error.message, { cause: error });
    throw error;
  }
}

function sourceHash({ name, libraries }: PeerProgram): string {
  const hash = createHash('sha256').update([...FLAGS, ...libraries].join(' '));
  const headers = readdirSync(SOURCES).filter((file) => file.endsWith('.h'));
  for (const file of [`${name}.c`, ...headers.toSorted()])
    hash.update(file).update(readFileSync(join(SOURCES, file)));
  return hash.digest('hex').slice(0, 16);
}
