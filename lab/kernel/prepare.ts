/** Everything a run needs that is made once and kept: QEMU, kernel, initramfs, modules. */
import { requirePackages } from './debian.ts';
import { initramfs } from './initramfs.ts';
import { DEFAULT_KERNEL_SERIES, kernelFiles, type KernelFiles } from './kernel-files.ts';
import { kernelWithModules } from './modules.ts';

export interface VmPreparation {
  /** Also build and load fencelab, rendersync and syncobjdev. */
  readonly modules: boolean;
  /** Debian kernel series, "6.12". */
  readonly kernelSeries?: string;
  /** Progress of downloads and builds, one line each. */
  readonly log: (line: string) => void;
}

export interface PreparedVm {
  readonly kernel: KernelFiles;
  /** Path of the initramfs. */
  readonly initramfs: string;
}

/** Installs, downloads and builds what is not there yet: 10 to 30 s the first time, then nothing. Rejects with VmUnavailableError. */
export async function prepareVm(options: VmPreparation): Promise<PreparedVm> {
  await requirePackages(['qemu-system-x86']);
  const series = options.kernelSeries ?? DEFAULT_KERNEL_SERIES;
  const { kernel, modules } = options.modules
    ? await kernelWithModules(series, options.log)
    : { kernel: await kernelFiles(series, options), modules: [] };
  return { kernel, initramfs: await initramfs(kernel, modules) };
}
