/** A Debian sid beside the host's own system, for compositors of today. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry } from '../../kernel/cache-entry.ts';
import { requirePackages } from '../../kernel/debian.ts';
import { VmUnavailableError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { projectRoot } from '../../kernel/project.ts';

const SCRIPT = join(projectRoot, 'lab', 'conform', 'peers', 'root.sh');
const CACHE = join(projectRoot, '.cache', 'peers');

/** Its folder, made by root.sh the first time (3 to 4 minutes, 1.2 GB). sid moves: delete .cache/peers for a new one. VmUnavailableError. */
export async function peerRoot(log: (line: string) => void): Promise<string> {
  const version = createHash('sha256').update(readFileSync(SCRIPT)).digest('hex').slice(0, 16);
  return cacheEntry(join(CACHE, `sid-${version}`), async (draft) => {
    if (process.getuid?.() !== 0) {
      throw new VmUnavailableError('making a Debian for the peers takes root');
    }
    await requirePackages(['debootstrap']);
    log('making a Debian sid with the peers: some minutes');
    await runProcess('sh', [SCRIPT, draft]);
  });
}

/** "1.12-1" by package name; those not installed are left out. */
export async function packageVersions(
  root: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const database = `--admindir=${join(root, 'var', 'lib', 'dpkg')}`;
  const format = '${Package} ${Version}\n';
  const listed = await runProcess('dpkg-query', [database, '-W', '-f', format]);
  const versions = new Map(
    listed
      .toString()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  const known = names.flatMap((name) => {
    const version = versions.get(name);
    return version === undefined ? [] : [[name, version] as const];
  });
  return Object.fromEntries(known);
}
