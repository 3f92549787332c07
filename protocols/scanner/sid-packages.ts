/**
 * Packages of Debian sid on a machine of another release.
 *
 * apt does the work (signatures included) with lists, sources and cache of its own: the machine's apt is read, never changed, and no
 * root is needed. The archive is the one the machine's own sources name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The fetch could not be done here; the message says why. */
export class FetchError extends Error {
  readonly code = 'SYNCLINE_FETCH';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FetchError';
  }
}

/** Downloads `packages` into `apt`, a folder for apt's own files as well. The paths of the .deb files. Throws a {@link FetchError}. */
export function downloadFromSid(apt: string, packages: readonly string[]): string[] {
  const options = readLists(apt);
  const folder = join(apt, 'sid');
  mkdirSync(folder);
  run('apt-get', [...options, '-qq', 'download', ...packages], folder);
  return debsIn(folder);
}

/** As {@link downloadFromSid}, with all they depend on, whatever this machine has installed. */
export function downloadFromSidWithDependencies(
  apt: string,
  packages: readonly string[],
): string[] {
  const status = join(apt, 'nothing-installed');
  const options = [...readLists(apt), '-o', `Dir::State::status=${status}`];
  writeFileSync(status, '');
  const install = ['install', '--yes', '--no-install-recommends', '--download-only'];
  run('apt-get', [...options, '-qq', ...install, ...packages], apt);
  return debsIn(join(apt, 'cache', 'archives'));
}

/** Reads sid's lists into `apt`: the options with which apt-get uses them. */
function readLists(apt: string): string[] {
  for (const path of ['sources', 'lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, path), { recursive: true });
  const signedBy = existsSync(KEYRING) ? `Signed-By: ${KEYRING}\n` : '';
  writeFileSync(
    join(apt, 'sources', 'sid.sources'),
    `Types: deb\nURIs: ${archiveUri()}\nSuites: sid\nComponents: main\n${signedBy}`,
  );
  const options = [
    `Dir::Etc::sourceparts=${join(apt, 'sources')}`,
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...options, '-qq', 'update'], apt);
  return options;
}

function debsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.deb'))
    .map((file) => join(folder, file));
}

/** Unpacks a .deb; its name and version. Throws a {@link FetchError}. */
export function unpackDeb(file: string, into: string): { name: string; version: string } {
  mkdirSync(into, { recursive: true });
  run('dpkg-deb', ['-x', file, into], into);
  const name = basename(file).split('_')[0] ?? file;
  return { name, version: run('dpkg-deb', ['-f', file, 'Version'], into).trim() };
}

/** Where this machine gets Debian from: the first archive among apt's sources that ends in /debian. */
function archiveUri(): string {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages'];
  const uris = run('apt-get', ['indextargets', ...format], '/').split('\n');
  const archive = uris.find((uri) => /\/debian\/?$/.test(uri.trim()));
  if (archive === undefined) throw new FetchError('no Debian archive among the sources of apt');
  return archive.trim();
}

/** Output of a command. Throws a {@link FetchError} with its last words. */
export function run(command: string, args: readonly string[], cwd: string): string {
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
