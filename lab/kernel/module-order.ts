/** Kernel modules in the order insmod wants them. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runProcess } from './process.ts';

/** One module ready to be loaded: `bytes` is the plain ELF file. */
export interface KernelModule {
  /** As the kernel spells it: "virtio_gpu". */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The modules `wanted` and what they depend on, dependencies first. Unpacked with busybox here: the kernel accepts .ko.xz too, but
 * only through finit_module flags that busybox's insmod does not use.
 *
 * Names that are not among the files are taken for built in: a kernel version may move a helper into or out of a module.
 */
export async function modulesInLoadOrder(
  modulesFolder: string,
  busybox: string,
  wanted: readonly string[],
): Promise<KernelModule[]> {
  const files = findModules(modulesFolder);
  const ordered = new Map<string, KernelModule>();
  const add = async (name: string): Promise<void> => {
    const file = files.get(name);
    if (file === undefined || ordered.has(name)) return;
    const bytes = await runProcess(busybox, ['unxz', '-c', file]);
    for (const dependency of dependenciesIn(bytes)) await add(dependency);
    ordered.set(name, { name, bytes });
  };
  for (const name of wanted) await add(name);
  return [...ordered.values()];
}

/** The `depends=` line of a module's .modinfo section: NUL-terminated strings, names separated by commas. */
export function dependenciesIn(module: Buffer): string[] {
  const start = module.indexOf('\0depends=');
  if (start < 0) return [];
  const end = module.indexOf(0, start + 1);
  const names = module.toString('latin1', start + '\0depends='.length, end);
  return names === '' ? [] : names.split(',').map(kernelName);
}

function findModules(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.ko.xz')) continue;
    files.set(kernelName(basename(entry.name, '.ko.xz')), join(entry.parentPath, entry.name));
  }
  return files;
}

/** File names may use dashes where the kernel uses underscores. */
function kernelName(name: string): string {
  return name.replaceAll('-', '_');
}
