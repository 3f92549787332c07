/**
 * After each test nothing is left: no file descriptor, no OwnedFd, no mapping, no pixman image, no keymap.
 * Loaded for every test file (vitest.config.ts). What was open before the test (`beforeAll`) is not counted.
 */
import { readdirSync, readlinkSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach } from 'vitest';
import { native } from '../../native/binding.ts';
import { trackOwnedFds } from '../../native/fd.ts';

/** Kept from before a test may put fake timers in its place. */
const realSetTimeout = setTimeout;
const SETTLE_TURNS = 400;
const SETTLE_MS = 5;

interface Open {
  /** fd → what it is. */
  readonly fds: ReadonlyMap<string, string>;
  /** Creation stacks. */
  readonly owned: readonly string[];
  readonly mappings: number;
  readonly images: number;
  readonly keymaps: number;
}

const liveOwnedFds = trackOwnedFds();
makeLazyDescriptors();
let before = open();

beforeEach(() => {
  before = open();
});

afterEach(async () => {
  // Sockets and child pipes of node itself are closed by libuv in a turn after close().
  let left = difference(before, open());
  for (let turn = 0; turn < SETTLE_TURNS && left.length > 0; turn++) {
    await new Promise((resolve) => realSetTimeout(resolve, SETTLE_MS));
    left = difference(before, open());
  }
  if (left.length > 0) throw new Error(`left after the test:\n${left.join('\n')}`);
});

/**
 * libuv makes a pipe for signals at the first signal handler or child process, and an inotify descriptor at the first watch of
 * a file, and keeps them.
 */
function makeLazyDescriptors(): void {
  const ignore = (): void => {};
  process.on('SIGWINCH', ignore);
  process.off('SIGWINCH', ignore);
  watch(tmpdir(), { persistent: false }).close();
}

function open(): Open {
  return {
    fds: openFds(),
    owned: liveOwnedFds(),
    mappings: native.liveMappings(),
    images: native.pixmanLiveImages(),
    keymaps: native.xkbLiveObjects(),
  };
}

/** What `now` has more, a line each. */
function difference(then: Open, now: Open): string[] {
  const left: string[] = [];
  for (const [fd, target] of now.fds) {
    if (then.fds.get(fd) !== target) left.push(`fd ${fd} ${target}`);
  }
  const known = [...then.owned];
  for (const stack of now.owned) {
    const index = known.indexOf(stack);
    if (index >= 0) known.splice(index, 1);
    else left.push(`OwnedFd ${stack}`);
  }
  if (now.mappings > then.mappings) left.push(`${now.mappings - then.mappings} mappings`);
  if (now.images > then.images) left.push(`${now.images - then.images} pixman images`);
  if (now.keymaps > then.keymaps) left.push(`${now.keymaps - then.keymaps} xkb keymaps or states`);
  return left;
}

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
