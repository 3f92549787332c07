/** Requests in a row for objects of one kind take a shorter way: what comes of them must be what comes of them one by one. */
import { expect, test } from 'vitest';
import { WlCompositor } from '../../../protocols/generated/wayland.server.ts';
import {
  COMPOSITOR,
  DISPLAY,
  FREE_ID,
  REGISTRY,
  scene,
  serveCompositor,
  SHM,
  SURFACE,
} from './bad-input-scene.ts';
import { message, withHarness, word } from './harness.ts';
import type { RawError } from './harness.ts';

const SECOND = FREE_ID;
const THIRD = FREE_ID + 1;
const DESTROY = 0;
const DAMAGE = 2;
const FRAME = 3;
const COMMIT = 6;
const OFFSET = 10;

function damage(surface: number): Buffer {
  return message(surface, DAMAGE, [1, 2, 3, 4]);
}

/** A header that says something else than its message is. */
function header(surface: number, sizeBytes: number, opcode: number): Buffer {
  return Buffer.concat([word(surface), word((sizeBytes << 16) | opcode)]);
}

interface Outcome {
  readonly seen: readonly string[];
  readonly error: RawError | undefined;
  readonly closed: boolean;
}

/** What comes of `requests` on two surfaces, sent at once or each in a turn of its own. */
async function outcome(requests: readonly Buffer[], atOnce: boolean): Promise<Outcome> {
  let got: Outcome | undefined;
  await scene(({ raw, seen, harness }) => {
    raw.send(COMPOSITOR, 0, [SECOND]);
    harness.settle();
    for (const bytes of atOnce ? [Buffer.concat(requests)] : requests) {
      if (!raw.closed) raw.sendBytes(bytes);
      harness.settle();
    }
    const error = raw.error();
    got = { seen: [...seen], error, closed: raw.closed };
  });
  return got!;
}

test.each([
  ['on one object', [damage(SURFACE), message(SURFACE, COMMIT, []), damage(SURFACE)], 3],
  ['on two of a kind', [damage(SURFACE), damage(SECOND), damage(SURFACE)], 3],
  [
    'with another kind between',
    [damage(SURFACE), message(COMPOSITOR, 0, [THIRD]), damage(THIRD)],
    2,
  ],
  ['with one that ends an object', [message(SECOND, DESTROY, []), damage(SECOND)], 1],
  [
    'with an id used again',
    [message(SECOND, DESTROY, []), message(COMPOSITOR, 0, [SECOND]), damage(SECOND)],
    2,
  ],
  ['to no object', [damage(SURFACE), damage(99)], 1],
  ['to the null object', [damage(SURFACE), damage(0)], 1],
  ['to a server-side id', [damage(SURFACE), damage(0xff00_0000)], 1],
  ['with an opcode the interface has not', [damage(SURFACE), message(SURFACE, 60, [])], 1],
  ['with one the version has not', [damage(SURFACE), message(SURFACE, OFFSET, [1, 1])], 1],
  ['to another version of the interface', [message(SHM, 1, []), message(SHM, 1, [])], 0],
  ['with too few arguments', [damage(SURFACE), message(SURFACE, DAMAGE, [1, 2, 3])], 1],
  [
    'with more than its arguments',
    [damage(SURFACE), message(SURFACE, DAMAGE, [1, 2, 3, 4, 5]), damage(SURFACE)],
    3,
  ],
  ['of no size', [damage(SURFACE), header(SURFACE, 0, COMMIT), damage(SURFACE)], 1],
  ['shorter than a header', [damage(SURFACE), header(SURFACE, 4, COMMIT), damage(SURFACE)], 1],
  [
    'of a size that is no multiple of four',
    [damage(SURFACE), Buffer.concat([header(SURFACE, 10, COMMIT), word(0)])],
    1,
  ],
  [
    'longer than any may be',
    [damage(SURFACE), Buffer.concat([header(SURFACE, 4100, COMMIT), Buffer.alloc(4092)])],
    1,
  ],
  ['with half of one', [damage(SURFACE), header(SURFACE, 24, DAMAGE)], 1],
  ['with a bug of ours', [damage(SURFACE), message(SURFACE, FRAME, [THIRD]), damage(SURFACE)], 1],
] as const)('%s', async (_what, requests, seen) => {
  const atOnce = await outcome(requests, true);
  expect(atOnce).toEqual(await outcome(requests, false));
  expect(atOnce.seen).toHaveLength(seen);
});

test('each is told in a trace', async () => {
  const lines: string[] = [];
  await withHarness(
    (harness) => {
      harness.display.createGlobal(WlCompositor, 4, (resource) => serveCompositor(resource, []));
      const { raw } = harness.raw();
      raw.send(DISPLAY, 1, [REGISTRY]);
      raw.send(REGISTRY, 0, [1, 'wl_compositor', 4, COMPOSITOR]);
      raw.send(COMPOSITOR, 0, [4]);
      raw.sendBytes(Buffer.concat([damage(4), damage(4), damage(4)]));
      harness.settle();
    },
    { env: { WAYLAND_DEBUG: 'server' }, traceTo: (line) => lines.push(line) },
  );
  expect(lines.filter((line) => line.includes('.damage(1, 2, 3, 4)'))).toHaveLength(3);
});
