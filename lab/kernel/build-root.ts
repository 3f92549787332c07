/** The tools of another Debian release beside the machine's own: kernels of newer releases want their compiler and C library for modules. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry } from './cache-entry.ts';
import { dependenciesOf, requirePackages } from './debian.ts';
import { VmUnavailableError } from './errors.ts';
import { runProcess } from './process.ts';
import { kernelCache } from './project.ts';

const SUITES: Readonly<Record<string, string>> = {
  11: 'bullseye',
  12: 'bookworm',
  13: 'trixie',
  14: 'forky',
};
const UNSTABLE = 'sid';

/** Inside it: the headers' folder and the one the modules are built in. */
const [HEADERS, MODULES] = ['/headers', '/modules'];

/** Which release a kernel was built for, "trixie" of "7.3.4+deb13-amd64"; that of one that names none is sid. */
export function suiteOf(kernelVersion: string): string {
  const [, release = ''] = /[+~]deb(\d+)/.exec(kernelVersion) ?? [];
  return SUITES[release] ?? UNSTABLE;
}

/** The machine's own, from the text of /etc/os-release. Undefined: it is no Debian, and no tools are known not to run there. */
export function suiteOfMachine(osRelease: string): string | undefined {
  if (!/^ID=debian$/m.test(osRelease)) return undefined;
  const [, release = ''] = /^VERSION_ID="?(\d+)"?$/m.exec(osRelease) ?? [];
  return SUITES[release] ?? UNSTABLE;
}

/** Undefined where the machine's own tools will do. */
export function foreignSuite(kernelVersion: string): string | undefined {
  const here = suiteOfMachine(readFileSync('/etc/os-release', 'utf8'));
  const wanted = suiteOf(kernelVersion);
  return here === undefined || here === wanted ? undefined : wanted;
}

/**
 * A folder with the suite's `compiler`, made the first time (a minute, 500 MB). VmUnavailableError: not root. `headersPackage` names
 * what the headers' own tools depend on.
 */
export async function buildRoot(
  suite: string,
  compiler: string,
  headersPackage: string,
  log: (line: string) => void,
): Promise<string> {
  return cacheEntry(join(kernelCache, `tools-${suite}-${compiler}`), async (draft) => {
    if (process.getuid?.() !== 0) {
      throw new VmUnavailableError(`building modules with ${compiler} of ${suite} takes root`);
    }
    await requirePackages(['debootstrap']);
    log(`making a Debian ${suite} with ${compiler}`);
    const wanted = ['make', compiler, 'libc6-dev', ...(await librariesOf(headersPackage))];
    const options = ['--variant=minbase', `--include=${wanted.join(',')}`];
    // Mounts of its own, which go with it.
    await runProcess('unshare', ['--mount', 'debootstrap', ...options, suite, draft]);
    for (const folder of [HEADERS, MODULES]) mkdirSync(join(draft, folder));
  });
}

/** Runs make in `folder` of the headers, for the modules in `modules`, with the tools of `root`. ProcessError. */
export async function makeInRoot(
  root: string,
  places: { readonly headers: string; readonly buildTree: string; readonly modules: string },
  settings: readonly string[],
): Promise<void> {
  // objtool reads /proc.
  const script = `
    mount -t proc proc "$1/proc" && mount --bind "$2" "$1${HEADERS}" && mount --bind "$3" "$1${MODULES}" &&
      root=$1 tree=${HEADERS}/$4 && shift 4 && exec chroot "$root" make -C "$tree" M=${MODULES} "$@" modules`;
  const { headers, buildTree, modules } = places;
  const args = [root, headers, modules, buildTree, ...settings];
  await runProcess('unshare', ['--mount', 'sh', '-c', script, 'make', ...args]);
}

/** What the headers' programs (modpost, objtool) are linked with. */
async function librariesOf(headersPackage: string): Promise<string[]> {
  const kbuild = (await dependenciesOf(headersPackage)).find((name) =>
    name.startsWith('linux-kbuild-'),
  );
  if (kbuild === undefined) return [];
  return (await dependenciesOf(kbuild)).filter((name) => name.startsWith('lib'));
}
