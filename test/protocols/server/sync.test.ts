/** wl_display.sync makes its wl_callback only where a trace names it: what is on the wire must not tell the difference. */
import { expect, test } from 'vitest';
import { DISPLAY, FREE_ID, REGISTRY } from './bad-input-scene.ts';
import { message, withHarness, type Logged } from './harness.ts';

const SYNC = 0;
const GET_REGISTRY = 1;

function sync(...args: readonly number[]): Buffer {
  return message(DISPLAY, SYNC, args);
}

interface Answer {
  readonly bytes: readonly string[];
  readonly closed: boolean;
  readonly logged: readonly Logged[];
  /** Live ones of the client. */
  readonly objects: number;
}

/** What comes of `requests`. */
async function answers(requests: readonly Buffer[], env: NodeJS.ProcessEnv): Promise<Answer> {
  let answer: Answer = { bytes: [], closed: false, logged: [], objects: 0 };
  await withHarness(
    (harness) => {
      const { raw, client } = harness.raw();
      harness.display.nextSerial();
      raw.send(DISPLAY, GET_REGISTRY, [REGISTRY]);
      raw.sendBytes(Buffer.concat(requests));
      harness.settle();
      const bytes = raw.read().map((received) => received.bytes.toString('hex'));
      answer = { bytes, closed: raw.closed, logged: harness.logged, objects: client.objectCount };
    },
    { env, traceTo: () => undefined, limits: { maxObjects: 3 } },
  );
  return answer;
}

const registry = message(DISPLAY, GET_REGISTRY, [3]);

test.each([
  ['ids that are free, used again and used by others', [sync(3), sync(3), registry], 4],
  ['an id in use', [sync(3), sync(REGISTRY), sync(3)], 3],
  ['an id that is not the next one', [sync(FREE_ID + 1)], 1],
  ['the null id', [sync(0)], 1],
  ["one of the server's ids", [sync(0xff00_0000)], 1],
  ['no id at all', [sync()], 1],
  ['more than its arguments', [sync(3, 7, 7), sync(4)], 4],
  ['no room for an object', [sync(3), registry, sync(4)], 3],
] as const)('with %s', async (_what, requests, count) => {
  const untraced = await answers(requests, {});
  expect(untraced).toEqual(await answers(requests, { WAYLAND_DEBUG: 'server' }));
  expect(untraced.bytes).toHaveLength(count);
});
