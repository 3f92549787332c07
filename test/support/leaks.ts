/** After each test nothing is left: no file descriptor, no OwnedFd, no mapping. Loaded for every test file (vitest.config.ts). */
import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import { native } from '../../native/binding.ts';
import { trackOwnedFds } from '../../native/fd.ts';

const liveOwnedFds = trackOwnedFds();
let before = new Map<string, string>();
let mappingsBefore = 0;

beforeEach(() => {
  before = openFds();
  mappingsBefore = native.liveMappings();
});

afterEach(async () => {
  // Sockets and child pipes of node itself are closed by libuv in the turn after close().
  let leaked = newFds();
  for (let turn = 0; turn < 20 && leaked.length > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    leaked = newFds();
  }
  const owned = liveOwnedFds();
  const mappings = native.liveMappings() - mappingsBefore;
  if (leaked.length === 0 && owned.length === 0 && mappings === 0) return;
  throw new Error(
    `left after the test: ${leaked.length} fds [${leaked.join(', ')}], ${mappings} mappings, ${owned.length} OwnedFds\n${owned.join('\n')}`,
  );
});

function newFds(): string[] {
  return [...openFds()]
    .filter(([fd, target]) => before.get(fd) !== target)
    .map(([fd, target]) => `${fd} ${target}`);
}

/** fd → what it is. Node's own lazily made event and thread-pool descriptors are left out. */
function openFds(): Map<string, string> {
  const fds = new Map<string, string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (!target.startsWith('/proc/')) fds.set(fd, target);
    } catch {
      // The descriptor readdir itself used.
    }
  }
  return fds;
}
