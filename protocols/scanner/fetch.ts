/** Fetches the newest protocol XML: wayland-protocols and wayland.xml of Debian sid, unpacked into a cache folder. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFromSid, FetchError, run, unpackDeb } from './sid-packages.ts';

/** Package → what is wanted of it. Each comes from sid, save the oracle, which has to run with this machine's libraries. */
const XML_PACKAGES = ['wayland-protocols', 'libwayland-dev'];
const ORACLE_PACKAGE = 'libwayland-bin';

/** Package versions of an unpacked cache, as its packages.json has them. */
export type FetchedPackages = Readonly<Record<string, string>>;

/**
 * Fills `folder`: `share/wayland`, `share/wayland-protocols`, `bin/wayland-scanner`, `packages.json`. An older cache is replaced only
 * once everything new is there; without `replace` one that another process made meanwhile stays. Throws {@link FetchError}.
 */
export function fetchProtocols(
  folder: string,
  { replace = true }: { replace?: boolean } = {},
): FetchedPackages {
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  try {
    const versions = download(work);
    rmSync(join(work, 'apt'), { recursive: true, force: true });
    if (replace) rmSync(folder, { recursive: true, force: true });
    putInPlace(work, folder);
    return versions;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Keeps what another process has put there a moment ago. */
function putInPlace(work: string, folder: string): void {
  try {
    renameSync(work, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

function download(work: string): FetchedPackages {
  const apt = join(work, 'apt');
  const versions: Record<string, string> = {};
  for (const file of downloadFromSid(apt, XML_PACKAGES)) {
    const { name, version } = unpackDeb(file, join(apt, 'tree'));
    versions[name] = version;
  }
  mkdirSync(join(work, 'share'), { recursive: true });
  for (const name of ['wayland', 'wayland-protocols']) {
    renameSync(join(apt, 'tree/usr/share', name), join(work, 'share', name));
  }
  fetchOracle(work, apt, versions);
  writeFileSync(join(work, 'packages.json'), `${JSON.stringify(versions, null, 2)}\n`);
  return versions;
}

/** wayland-scanner of this machine's own release, which its libraries fit. Only a test wants it, so its absence is no failure. */
function fetchOracle(work: string, apt: string, versions: Record<string, string>): void {
  try {
    const own = join(apt, 'own');
    mkdirSync(own);
    run('apt-get', ['-qq', 'download', ORACLE_PACKAGE], own);
    for (const file of readdirSync(own)) {
      const { name, version } = unpackDeb(join(own, file), join(apt, 'own-tree'));
      versions[name] = version;
    }
    mkdirSync(join(work, 'bin'));
    renameSync(join(apt, 'own-tree/usr/bin/wayland-scanner'), join(work, 'bin/wayland-scanner'));
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
  }
}
