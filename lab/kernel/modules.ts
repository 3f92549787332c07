/** Builds the lab's own kernel modules (modules/*.c) against a Debian kernel. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry } from './cache-entry.ts';
import { requirePackages } from './debian.ts';
import { VmUnavailableError } from './errors.ts';
import { kernelFiles, kernelHeaders, type KernelFiles } from './kernel-files.ts';
import type { KernelModule } from './module-order.ts';
import { runProcess } from './process.ts';
import { projectRoot } from './project.ts';

/** rendersync and syncobjdev use drm, which virtio_gpu has loaded before them. */
export const LAB_MODULES = ['fencelab', 'rendersync', 'syncobjdev'] as const;

const SOURCES = join(projectRoot, 'lab', 'kernel', 'modules');
/** The compiler Debian 12 built its kernel with. */
const COMPILER = 'gcc-12';

/**
 * A kernel of the series together with the modules built for it. When the cached kernel's headers are no longer on the mirror,
 * the newer kernel that is there takes its place.
 */
export async function kernelWithModules(
  series: string,
  log: (line: string) => void,
): Promise<{ kernel: KernelFiles; modules: KernelModule[] }> {
  await requirePackages([COMPILER, 'libc6-dev', 'make']);
  const cached = await kernelFiles(series, { log });
  try {
    return { kernel: cached, modules: await labModules(cached, log) };
  } catch (error) {
    if (!(error instanceof VmUnavailableError)) throw error;
    const fresh = await kernelFiles(series, { log, fresh: true });
    if (fresh.version === cached.version) throw error;
    return { kernel: fresh, modules: await labModules(fresh, log) };
  }
}

async function labModules(
  kernel: KernelFiles,
  log: (line: string) => void,
): Promise<KernelModule[]> {
  const folder = await cacheEntry(join(kernel.folder, `modules-${sourceHash()}`), async (draft) => {
    const headers = await kernelHeaders(kernel, log);
    log(`building ${LAB_MODULES.join(', ')} for ${kernel.version}`);
    await build(headers, draft);
  });
  return LAB_MODULES.map((name) => ({ name, bytes: readFileSync(join(folder, `${name}.ko`)) }));
}

async function build(headers: string, folder: string): Promise<void> {
  relocateHeaders(headers);
  cpSync(SOURCES, folder, { recursive: true });
  await runProcess('make', [
    ...['-C', headers, `M=${folder}`, `CC=${COMPILER}`],
    // Type information would need pahole, and its absence deletes the finished modules.
    'CONFIG_DEBUG_INFO_BTF_MODULES=',
    ...['W=1', 'KCFLAGS=-Werror'],
    'modules',
  ]);
}

/** Debian's headers name their own installed place, /usr/src; they lie in the cache instead. */
function relocateHeaders(headers: string): void {
  const makefile = join(headers, 'Makefile');
  const usr = join(headers, '..', '..');
  const text = readFileSync(makefile, 'utf8');
  writeFileSync(makefile, text.replaceAll(/(?<=\s)\/usr\/(?=(src|lib)\/linux-)/g, `${usr}/`));
}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).toSorted()) {
    if (/\.[ch]$|^Kbuild$/.test(name)) hash.update(name).update(readFileSync(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
