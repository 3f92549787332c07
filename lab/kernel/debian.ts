/** Debian's package tools as the VM needs them: install programs (root), look up and download packages (anybody). */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { VmUnavailableError } from './errors.ts';
import { ProcessError, lastLines, runProcess } from './process.ts';
import { projectRoot } from './project.ts';

const installer = join(projectRoot, 'cli', 'packages.mjs');

/**
 * Kernels may come from lists of their own, by an apt configuration named in SYNCLINE_KERNEL_APT_CONFIG (docs/checking-a-kernel.md): what the machine
 * itself installs must not come from a newer release.
 */
const kernelLists = {
  env: {
    ...process.env,
    ...(process.env['SYNCLINE_KERNEL_APT_CONFIG'] && {
      APT_CONFIG: process.env['SYNCLINE_KERNEL_APT_CONFIG'],
    }),
  },
};

/** Installs what is missing of `names` as root. VmUnavailableError with the command to run when that is not possible. */
export async function requirePackages(names: readonly string[]): Promise<void> {
  try {
    await runProcess(process.execPath, [installer, ...names]);
  } catch (error) {
    if (!(error instanceof ProcessError) || error.status !== 3) throw error;
    const [reason = '', advice = ''] = error.output.trim().split('\n').slice(-2);
    throw new VmUnavailableError(reason, advice.replace(/^run: /, ''));
  }
}

/**
 * The newest kernel package of a series: "linux-image-6.12.117+deb12-amd64" of "6.12". Some releases of Debian have a metapackage for a
 * series, which is not asked: all have the kernels' own names. VmUnavailableError when the lists know none.
 */
export async function newestKernelPackage(series: string): Promise<string> {
  const found = await withFreshLists(async () => {
    const names = await runProcess(
      'apt-cache',
      ['pkgnames', `linux-image-${series}.`],
      kernelLists,
    );
    for (const name of kernelPackages(names.toString())) {
      if (await isKnown(name)) return name;
    }
    throw new ProcessError(
      'apt-cache pkgnames',
      0,
      `no linux-image-${series}.*-amd64 in the lists`,
    );
  });
  return found;
}

/** Of a list of names those of plain kernels, not of debug symbols, clouds or real time; the newest first. */
export function kernelPackages(names: string): string[] {
  return names
    .split('\n')
    .filter((name) => /^linux-image-\d[\w.+~]*-amd64$/.test(name))
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

/** apt-cache also names what other packages speak of: a package that exists can be shown. */
async function isKnown(name: string): Promise<boolean> {
  try {
    const args = ['show', '--no-all-versions', name];
    return (await runProcess('apt-cache', args, kernelLists)).length > 0;
  } catch (error) {
    if (error instanceof ProcessError && error.status !== null) return false;
    throw error;
  }
}

/** Names a package depends on. */
export async function dependenciesOf(name: string): Promise<string[]> {
  const depends = await withFreshLists(() =>
    runProcess('apt-cache', ['depends', name], kernelLists),
  );
  return [...depends.toString().matchAll(/^ *Depends: (\S+)$/gm)].map((match) => match[1] ?? '');
}

/** Downloads packages into a folder of its own below `parent` and unpacks each by `unpack(debFile)`. Needs no root. */
export async function downloadPackages(
  parent: string,
  names: readonly string[],
  unpack: (debFile: string, name: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(parent, '.debs-'));
  try {
    await withFreshLists(() =>
      runProcess('apt-get', ['-q', 'download', ...names], { cwd: folder, ...kernelLists }),
    );
    for (const name of names) {
      const file = readdirSync(folder).find((candidate) => candidate.startsWith(`${name}_`));
      if (!file) throw new VmUnavailableError(`apt-get downloaded no ${name}`);
      await unpack(join(folder, file), name);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Unpacks the members of a .deb whose names ("./boot/vmlinuz-6.12") match an extended regular expression. ProcessError when none does. */
export async function unpackDeb(debFile: string, target: string, wanted = '.'): Promise<void> {
  const script = `
    names=$(dpkg-deb --fsys-tarfile "$1" | tar -t | grep -E "$3") &&
      dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-recursion -T <(printf '%s\n' "$names")`;
  await runProcess('bash', ['-o', 'pipefail', '-c', script, 'unpack', debFile, target, wanted]);
}

/** Package lists may be absent (bare images) or name versions the mirror no longer has: then refresh them once, as root. */
async function withFreshLists<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (first) {
    if (!(first instanceof ProcessError)) throw first;
    if (first.status === null) {
      throw new VmUnavailableError(
        'the VM needs Debian’s apt to fetch a kernel, and there is none here',
      );
    }
    if (process.getuid?.() !== 0) {
      throw new VmUnavailableError(
        `apt could not find the kernel packages: ${lastLines(first.output, 2)}`,
        'sudo apt-get update',
      );
    }
    await runProcess(process.execPath, [installer, '--update'], kernelLists);
    try {
      return await action();
    } catch (second) {
      throw new VmUnavailableError(
        `apt could not find or download the kernel packages: ${lastLines(outputOf(second), 3)}`,
      );
    }
  }
}

function outputOf(error: unknown): string {
  if (error instanceof ProcessError) return error.output;
  throw error;
}
