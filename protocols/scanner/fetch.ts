/**
 * Fetches the newest protocol XML: wayland-protocols and wayland.xml of Debian sid, unpacked into a cache folder.
 *
 * apt does the work (signatures included) with lists, sources and cache of its own inside that folder: the machine's apt is
 * read, never changed, and no root is needed. The archive is the one the machine's own sources name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Package → what is wanted of it. Each comes from sid, save the oracle, which has to run with this machine's libraries. */
const XML_PACKAGES = ['wayland-protocols', 'libwayland-dev'];
const ORACLE_PACKAGE = 'libwayland-bin';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The fetch could not be done here; the message says why. */
export class FetchError extends Error {
  readonly code = 'SYNCLINE_FETCH';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FetchError';
  }
}

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
  for (const path of ['sources', 'lists/partial', 'cache/archives/partial', 'sid', 'own', 'tree']) {
    mkdirSync(join(apt, path), { recursive: true });
  }
  const archive = archiveUri();
  const signedBy = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : '';
  writeFileSync(
    join(apt, 'sources', 'sid.sources'),
    `Types: deb\nURIs: ${archive}\nSuites: sid\nComponents: main\n${signedBy}`,
  );
  const sid = [
    `Dir::Etc::sourceparts=${join(apt, 'sources')}`,
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...sid, '-qq', 'update'], apt);
  run('apt-get', [...sid, '-qq', 'download', ...XML_PACKAGES], join(apt, 'sid'));
  const versions: Record<string, string> = {};
  for (const file of readdirSync(join(apt, 'sid'))) {
    unpack(join(apt, 'sid', file), join(apt, 'tree'), versions);
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
    run('apt-get', ['-qq', 'download', ORACLE_PACKAGE], join(apt, 'own'));
    for (const file of readdirSync(join(apt, 'own'))) {
      unpack(join(apt, 'own', file), join(apt, 'own-tree'), versions);
    }
    mkdirSync(join(work, 'bin'));
    renameSync(join(apt, 'own-tree/usr/bin/wayland-scanner'), join(work, 'bin/wayland-scanner'));
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
  }
}

function unpack(file: string, into: string, versions: Record<string, string>): void {
  mkdirSync(into, { recursive: true });
  run('dpkg-deb', ['-x', file, into], into);
  const name = basename(file).split('_')[0] ?? file;
  versions[name] = run('dpkg-deb', ['-f', file, 'Version'], into).trim();
}

/** Where this machine gets Debian from: the first archive among apt's sources that ends in /debian. */
function archiveUri(): string {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages'];
  const uris = run('apt-get', ['indextargets', ...format], '/').split('\n');
  const archive = uris.find((uri) => /\/debian\/?$/.test(uri.trim()));
  if (archive === undefined) throw new FetchError('no Debian archive among the sources of apt');
  return archive.trim();
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const said = stderr?.trim().split('\n').at(-1);
    throw new FetchError(`${command}: ${said === undefined || said === '' ? message : said}`, {
      cause,
    });
  }
}
