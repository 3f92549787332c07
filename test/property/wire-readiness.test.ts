/**
 * A client that writes bytes and descriptors in any rhythm, and goes or falls silent: all its requests are dispatched, in order, without
 * another byte from it. The kernel tells of a change once, so who overlooks something never hears of it again.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../native/binding.ts';
import { OwnedFd } from '../../native/fd.ts';
import { WlRegion, WlShm } from '../../protocols/generated/wayland.server.ts';
import type { WlRegionRequests, WlShmRequests } from '../../protocols/generated/wayland.server.ts';
import type { Client } from '../../protocols/server/client.ts';
import { message, withHarness } from '../protocols/server/harness.ts';

/** What happens next. */
const step = fc.oneof(
  fc.record({ type: fc.constant('adds' as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ type: fc.constant('pools' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant('part' as const), count: fc.integer({ min: 1, max: 23 }) }),
  fc.record({ type: fc.constant('turn' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constant('pause' as const), count: fc.constant(1) }),
  fc.record({ type: fc.constant('resume' as const), count: fc.constant(1) }),
);

const run = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 40 }),
  ending: fc.constantFrom('closes', 'falls silent'),
});

/** A region and a wl_shm of the server's, whose requests are recorded by the number they carry. */
function recorded(client: Client, got: number[]): { region: number; shm: number } {
  const nothing = (): void => undefined;
  const region = client.createResource(WlRegion, 1, 0);
  region.handler = {
    destroy: nothing,
    add: (_region, x) => void got.push(x),
    subtract: nothing,
  } satisfies WlRegionRequests;
  const shm = client.createResource(WlShm, 1, 0);
  shm.handler = {
    createPool: (_shm, _pool, fd, size) => {
      got.push(size);
      fd.close();
    },
    release: nothing,
  } satisfies WlShmRequests;
  return { region: region.id, shm: shm.id };
}

test('requests are dispatched whatever the rhythm they come in', () =>
  withHarness(
    (harness) => {
      let pausedWithRequests = 0;
      const memory = new OwnedFd(native.memfdCreate('pool', 1));
      const dispatched = fc.property(run, ({ steps, ending }) => {
        const { raw, client } = harness.raw();
        const got: number[] = [];
        const wanted: number[] = [];
        const objects = recorded(client, got);
        let nextId = 2;
        let rest: Buffer = Buffer.alloc(0);
        const send = (bytes: Buffer, fds: number[] = []): void => {
          const all = Buffer.concat([rest, bytes]);
          rest = Buffer.alloc(0);
          expect(raw.sendBytes(all, fds)).toBe(all.length);
        };
        const add = (): Buffer => {
          wanted.push(wanted.length);
          return message(objects.region, 1, [wanted.length - 1, 0, 1, 1]);
        };
        const actions = {
          adds: (count: number) => send(Buffer.concat(Array.from({ length: count }, add))),
          pools: (count: number) => {
            for (let index = 0; index < count; index++) {
              wanted.push(wanted.length);
              send(message(objects.shm, 0, [nextId++, wanted.length - 1]), [memory.fd]);
            }
          },
          part: (bytes: number) => {
            const whole = add();
            send(whole.subarray(0, bytes));
            rest = whole.subarray(bytes);
          },
          turn: (count: number) => {
            for (let index = 0; index < count; index++) harness.poller.dispatch(0);
          },
          pause: () => {
            client.pause('test');
            if (got.length < wanted.length) pausedWithRequests++;
          },
          resume: () => client.resume('test'),
        };
        for (const { type, count } of steps) actions[type](count);
        if (rest.length > 0) send(Buffer.alloc(0));
        client.resume('test');
        if (ending === 'closes') raw.close();
        harness.settle();
        expect(got).toEqual(wanted);
        expect(client.alive).toBe(ending !== 'closes');
        raw.close();
        harness.settle();
        expect(harness.display.clients.size).toBe(0);
      });
      try {
        fc.assert(dispatched, { seed: 1, numRuns: 300 });
      } finally {
        memory.close();
      }
      // Else the pauses tested nothing.
      expect(pausedWithRequests).toBeGreaterThan(0);
    },
    { limits: { maxBytesPerTurn: 512, maxMessagesPerTurn: 16 } },
  ));
