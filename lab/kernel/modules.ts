/** Builds the lab's own kernel modules (modules/*.c) against a Debian kernel. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildRoot, foreignSuite, makeInRoot } from './build-root.ts';
import { cacheEntry } from './cache-entry.ts';
import { requirePackages } from './debian.ts';
import { VmUnavailableError } from './errors.ts';
import {
  kernelFiles,
  kernelHeaders,
  type KernelFiles,
  type KernelHeaders,
} from './kernel-files.ts';
import type { KernelModule } from './module-order.ts';
import { runProcess } from './process.ts';
import { projectRoot } from './project.ts';

/** rendersync and syncobjdev use drm, which virtio_gpu has loaded before them. */
export const LAB_MODULES = ['fencelab', 'rendersync', 'syncobjdev'] as const;

const SOURCES = join(projectRoot, 'lab', 'kernel', 'modules');

/**
 * A kernel of the series together with the modules built for it. When the cached kernel's headers are no longer on the mirror,
 * the newer kernel that is there takes its place.
 */
export async function kernelWithModules(
  series: string,
  log: (line: string) => void,
): Promise<{ kernel: KernelFiles; modules: KernelModule[] }> {
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
    await build(kernel, headers, draft, log);
  });
  return LAB_MODULES.map((name) => ({ name, bytes: readFileSync(join(folder, `${name}.ko`)) }));
}

async function build(
  kernel: KernelFiles,
  headers: KernelHeaders,
  modules: string,
  log: (line: string) => void,
): Promise<void> {
  cpSync(SOURCES, modules, { recursive: true });
  const tree = join(headers.folder, headers.buildTree);
  const compiler = compilerOf(tree);
  // Type information would need pahole, and its absence deletes the finished modules.
  const settings = ['CONFIG_DEBUG_INFO_BTF_MODULES=', 'W=1', 'KCFLAGS=-Werror'];
  const suite = foreignSuite(kernel.version);
  if (suite === undefined) {
    await requirePackages([compiler, 'libc6-dev', 'make']);
    log(`building ${LAB_MODULES.join(', ')} for ${kernel.version}`);
    await runProcess('make', ['-C', tree, `M=${modules}`, ...settings, 'modules']);
    return;
  }
  const root = await buildRoot(suite, compiler, headers.packageName, log);
  log(`building ${LAB_MODULES.join(', ')} for ${kernel.version} with ${compiler} of ${suite}`);
  const { folder, buildTree } = headers;
  await makeInRoot(root, { headers: folder, buildTree, modules }, settings);
}

/** The compiler the kernel was built with, which its makefiles then call: "gcc-12" on Debian 12. */
function compilerOf(tree: string): string {
  const variables = readFileSync(join(tree, '.kernelvariables'), 'utf8');
  return /gcc-\d+/.exec(variables)?.[0] ?? 'gcc';
}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).toSorted()) {
    if (/\.[ch]$|^Kbuild$/.test(name)) hash.update(name).update(readFileSync(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
