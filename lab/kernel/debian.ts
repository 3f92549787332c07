/** Debian's package tools as the VM needs them: install programs (root), look up and download packages (anybody). */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { VmUnavailableError } from './errors.ts';
import { ProcessError, lastLines, runProcess } from './process.ts';
import { projectRoot } from './project.ts';

const installer = join(projectRoot, 'cli', 'packages.mjs');

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

/** The versioned package a metapackage like `linux-image-6.12-amd64` stands for today. */
export async function resolveMetapackage(name: string): Promise<string> {
  const depends = await withFreshLists(() => runProcess('apt-cache', ['depends', name]));
  const match = /^ *Depends: (linux-\S+)$/m.exec(depends.toString());
  if (!match?.[1]) throw new VmUnavailableError(`${name} names no kernel package`);
  return match[1];
}

/** Names a package depends on. */
export async function dependenciesOf(name: string): Promise<string[]> {
  const depends = await withFreshLists(() => runProcess('apt-cache', ['depends', name]));
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
      runProcess('apt-get', ['-q', 'download', ...names], { cwd: folder }),
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

/** Unpacks the members of a .deb that match one of the tar `patterns` ("./boot/*") into `target`. */
export async function unpackDeb(
  debFile: string,
  target: string,
  patterns: readonly string[] = ['*'],
): Promise<void> {
  const script =
    'deb=$1 target=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$target" --wildcards "$@"';
  await runProcess('bash', [
    '-o',
    'pipefail',
    '-c',
    script,
    'unpack',
    debFile,
    target,
    ...patterns,
  ]);
}

/** Package lists may be absent (bare images) or name versions the mirror no longer has: then refresh them once, as root. */
async function withFreshLists(action: () => Promise<Buffer>): Promise<Buffer> {
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
    await runProcess(process.execPath, [installer, '--update']);
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
