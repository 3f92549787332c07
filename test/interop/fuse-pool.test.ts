/** A pool whose pages are served by a program of the client's, which need not serve them. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { WlShmError } from '../../protocols/generated/wayland.interfaces.ts';
import { judge } from '../support/bystander.ts';
import { debianPackages } from '../support/debian.ts';

const O_RDWR = 2;
const POOL_BYTES = 4096;

/** Why there can be no FUSE file system here; empty: there can. */
function whyNot(): string {
  const bindfs = debianPackages('bindfs');
  if (!bindfs.ok) return bindfs.reason;
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
    return '';
  } catch {
    return '/dev/fuse cannot be opened';
  }
}

const why = whyNot();

test.skipIf(why !== '')(
  `a pool on a FUSE file system is refused, unread${why && ` (skipped: ${why})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-fuse-'));
    const [source, mounted] = ['source', 'mounted'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    mkdirSync(source);
    mkdirSync(mounted);
    writeFileSync(join(source, 'pool'), Buffer.alloc(POOL_BYTES));
    expect(spawnSync('bindfs', [source, mounted]).status).toBe(0);
    try {
      judge(({ fixture, client }) => {
        using file = new OwnedFd(native.open(join(mounted, 'pool'), O_RDWR, 0));
        client.shm.createPool(file.fd, POOL_BYTES);
        fixture.settle();
        return { interface: 'wl_shm', code: WlShmError.invalidFd, object: client.shm.id };
      });
    } finally {
      spawnSync('umount', ['--lazy', mounted]);
      rmSync(folder, { recursive: true });
    }
  },
);
