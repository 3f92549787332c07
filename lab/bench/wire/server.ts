/**
 * The program that is measured: our server with handlers that count and do nothing else, the twin of peers/wire-server.c.
 *
 * Usage: node --expose-gc server.js NAME (in XDG_RUNTIME_DIR). Says "ready", then answers lines on stdin: "count" and "memory".
 * Ends with stdin.
 */
import { native } from '../../../native/binding.ts';
import { SystemClock } from '../../../native/clock.ts';
import { Poller } from '../../../native/poller.ts';
import { WlCompositor, WlShm } from '../../../protocols/generated/wayland.server.ts';
import type {
  WlBufferRequests,
  WlCompositorRequests,
  WlRegionRequests,
  WlShmPoolRequests,
  WlShmRequests,
  WlSurfaceRequests,
} from '../../../protocols/generated/wayland.server.ts';
import { WlShmFormat } from '../../../protocols/generated/wayland.interfaces.ts';
import { Display } from '../../../protocols/server/display.ts';
import { inlineDispatch } from '../../../protocols/server/dispatch-inlining.ts';
import { warmUp } from '../../../protocols/server/warm-up.ts';

const COMPOSITOR_VERSION = 4;
const SHM_VERSION = 1;

let requests = 0;

const count = (): void => {
  requests++;
};

const surface: WlSurfaceRequests = {
  destroy: count,
  attach: count,
  damage: count,
  frame: count,
  setOpaqueRegion: count,
  setInputRegion: count,
  commit: count,
  setBufferTransform: count,
  setBufferScale: count,
  damageBuffer: count,
  offset: count,
  getRelease: count,
};

const region: WlRegionRequests = { destroy: count, add: count, subtract: count };

const buffer: WlBufferRequests = { destroy: count };

const compositor: WlCompositorRequests = {
  createSurface: (_compositor, id) => {
    requests++;
    id.handler = surface;
  },
  createRegion: (_compositor, id) => {
    requests++;
    id.handler = region;
  },
  release: count,
};

const pool: WlShmPoolRequests = {
  createBuffer: (_pool, id) => {
    requests++;
    id.handler = buffer;
  },
  destroy: count,
  resize: count,
};

const shm: WlShmRequests = {
  createPool: (_shm, id, fd) => {
    requests++;
    fd.close();
    id.handler = pool;
  },
  release: count,
};

function createGlobals(display: Display): void {
  display.createGlobal(WlCompositor, COMPOSITOR_VERSION, (resource) => {
    requests++;
    resource.handler = compositor;
  });
  display.createGlobal(WlShm, SHM_VERSION, (resource) => {
    requests++;
    resource.handler = shm;
    WlShm.sendFormat(resource, WlShmFormat.argb8888);
    WlShm.sendFormat(resource, WlShmFormat.xrgb8888);
  });
}

function answer(command: string): object {
  if (command === 'count') return { requests };
  if (command !== 'memory') throw new Error(`unknown command ${command}`);
  if (globalThis.gc === undefined)
    throw new Error('to tell its memory the server needs --expose-gc');
  globalThis.gc();
  const usage = process.memoryUsage();
  return { residentBytes: usage.rss, heapBytes: usage.heapUsed + usage.external };
}

function listenToCommands(onEnd: () => void): void {
  let text = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`${JSON.stringify(answer(line))}\n`);
  });
  process.stdin.on('end', onEnd);
}

function main(name: string): void {
  native.setNofileLimit(native.getNofileLimit().hard);
  inlineDispatch();
  warmUp(createGlobals);
  requests = 0;
  const poller = new Poller();
  const display = new Display({ poller, clock: new SystemClock() });
  createGlobals(display);
  display.listen({ name });
  poller.start();
  listenToCommands(() => {
    display.close();
    poller.close();
  });
  process.stdout.write('ready\n');
}

main(process.argv[2] ?? 'wayland-bench');
