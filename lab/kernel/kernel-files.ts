/** A Debian kernel and its modules, downloaded and unpacked, not installed: no initramfs, no boot loader, no root. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheEntry } from './cache-entry.ts';
import { dependenciesOf, downloadPackages, newestKernelPackage, unpackDeb } from './debian.ts';
import { VmUnavailableError } from './errors.ts';
import { kernelCache } from './project.ts';

/** The kernel of Debian 12's default sources that has DRM_IOCTL_SYNCOBJ_EVENTFD; bookworm's own 6.1 has not (it came with 6.6). */
export const DEFAULT_KERNEL_SERIES = '6.12';

/** What the guest needs from the kernel package: shared folders, overlay, GPUs. Everything else it uses is built in. */
const MODULE_FOLDERS = [
  'fs/netfs',
  'fs/9p',
  'fs/overlayfs',
  'net/9p',
  'drivers/gpu/drm',
  'drivers/virtio',
];

/** Everything wanted, as packages up to Debian 12 name it, and those after it: below usr/, the image beside the modules. */
const WANTED_FILES = [
  '^\\./(usr/)?(bin/busybox',
  'boot/vmlinuz-[^/]*',
  'lib/modules/[^/]*/vmlinuz',
  `lib/modules/[^/]*/kernel/(${MODULE_FOLDERS.join('|')})/.*)$`,
].join('|');

export interface KernelFiles {
  /** "6.12.117+deb12-amd64" */
  readonly version: string;
  /** Cache folder of this version. */
  readonly folder: string;
  readonly image: string;
  /** Holds the version's kernel/ tree of .ko.xz files. */
  readonly modulesFolder: string;
  /** A static busybox for the initramfs. */
  readonly busybox: string;
}

/** What modules of a kernel are built against. */
export interface KernelHeaders {
  readonly packageName: string;
  /** Of the unpacked packages. */
  readonly folder: string;
  /** Below that, where make has to start. */
  readonly buildTree: string;
}

/**
 * The newest cached kernel of a series ("6.12"), else the one Debian's lists name today (about 110 MB to download).
 * `fresh` asks the lists in any case. Delete .cache/kernel to get rid of old ones. VmUnavailableError when there is none.
 */
export async function kernelFiles(
  series: string,
  options: { fresh?: boolean; log: (line: string) => void },
): Promise<KernelFiles> {
  if (process.arch !== 'x64') {
    throw new VmUnavailableError(
      `the VM runs amd64 kernels on amd64 machines, this is ${process.arch}`,
    );
  }
  const cached = options.fresh ? undefined : newestCached(series);
  if (cached) return describe(cached);
  const image = await newestKernelPackage(series);
  const version = image.replace('linux-image-', '');
  await cacheEntry(join(kernelCache, version), async (folder) => {
    options.log(`downloading kernel ${version}`);
    const parts = (await dependenciesOf(image)).filter((name) =>
      /^linux-(binary|modules)-/.test(name),
    );
    const names = [...(parts.length > 0 ? parts : [image]), 'busybox-static'];
    await downloadPackages(folder, names, (deb) => unpackDeb(deb, folder, WANTED_FILES));
    layOut(folder, version);
  });
  return describe(version);
}

/**
 * The build tree for out-of-tree modules of this kernel, unpacked beside it. Throws VmUnavailableError when the mirror no
 * longer has the headers of a cached kernel: then take a fresh kernel.
 */
export async function kernelHeaders(
  kernel: KernelFiles,
  log: (line: string) => void,
): Promise<KernelHeaders> {
  const headers = `linux-headers-${kernel.version}`;
  const buildTree = join('usr', 'src', headers);
  const folder = await cacheEntry(join(kernel.folder, 'headers'), async (draft) => {
    log(`downloading headers of ${kernel.version}`);
    const needed = (await dependenciesOf(headers)).filter((name) =>
      /^linux-(headers|kbuild)-/.test(name),
    );
    await downloadPackages(draft, [headers, ...needed], (deb) => unpackDeb(deb, draft));
    // The only absolute path in there, /usr/src/linux-headers-…-common: they lie side by side here too.
    const makefile = join(draft, buildTree, 'Makefile');
    writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src/', '../'));
  });
  return { packageName: headers, folder, buildTree };
}

/** Newer packages have everything below usr/, and the image beside the modules. */
function layOut(folder: string, version: string): void {
  const merged = join(folder, 'usr');
  if (!existsSync(merged)) return;
  cpSync(merged, folder, { recursive: true });
  rmSync(merged, { recursive: true });
  const image = join(folder, 'lib', 'modules', version, 'vmlinuz');
  if (!existsSync(image)) return;
  mkdirSync(join(folder, 'boot'), { recursive: true });
  renameSync(image, join(folder, 'boot', `vmlinuz-${version}`));
}

function newestCached(series: string): string | undefined {
  if (!existsSync(kernelCache)) return undefined;
  return readdirSync(kernelCache)
    .filter((name) => name.startsWith(`${series}.`))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}

function describe(version: string): KernelFiles {
  const folder = join(kernelCache, version);
  return {
    version,
    folder,
    image: join(folder, 'boot', `vmlinuz-${version}`),
    modulesFolder: join(folder, 'lib', 'modules', version, 'kernel'),
    busybox: join(folder, 'bin', 'busybox'),
  };
}
